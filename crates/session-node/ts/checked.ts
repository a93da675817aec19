// What a conversation came to, in the shapes that apps know.

import type { CoreOutcome } from "./core";
import { type CrossmintAuthenticationError, errorOf } from "./errors";
import type { Ended } from "./guard";

/** Session JWT and refresh token. */
export interface AuthMaterial {
  jwt: string;
  refreshToken: { secret: string; expiresAt: string };
}

/** What a signed-in request is worth. `expiresAt` is empty when nothing was renewed. */
export interface AuthSession extends AuthMaterial {
  userId: string;
  /**
   * Who vouches for the user, where that is one of the option `issuers` and not the service. Such a session has no
   * refresh token and ends with its JWT.
   */
  issuer?: string;
}

/** A request's session, or why there is none; never both. */
export type Checked =
  | { session: AuthSession; error: null; cookies: readonly string[] }
  | { session: null; error: CrossmintAuthenticationError; cookies: readonly string[] };

/** The end of a conversation as an app sees it. */
export function checked({ outcome, cause }: Ended): Checked {
  const { session, cookies } = outcome;
  if (!session) return { session: null, error: failure(outcome, cause), cookies };
  const { jwt, refreshToken: secret, expiresAt, userId, issuer } = session;
  const named = issuer == null ? {} : { issuer };
  return { session: { jwt, refreshToken: { secret, expiresAt }, userId, ...named }, error: null, cookies };
}

/** Why there is no session. */
export function failure({ error }: CoreOutcome, cause: unknown): CrossmintAuthenticationError {
  return errorOf(error as NonNullable<typeof error>, cause);
}
