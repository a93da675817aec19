// The routes of an app's own server for its own pages: JSON in, JSON out, whatever goes wrong.

import { announcesBody, readBody } from "./body";
import { checked } from "./checked";
import type { Core, CoreStep } from "./core";
import { CrossmintAuthenticationError } from "./errors";
import type { Ended } from "./guard";
import { requireOwnPage } from "./origin";
import { type HeaderReader, headOf, readSource } from "./request";
import { type ResponseLike, answerJson, answerPerson, requireResponse } from "./response";

/** A request, found in what was handed in. */
export interface Asked {
  request: object;
  headers: HeaderReader;
}

/** What a route answers when all is well: data to a program, or to a person a place to go or a page. */
export type Told = { cookies: readonly string[] } & (
  | { body: object }
  | { status: number; location: string }
  | { status: number; page: string }
);

/** A refusal that changes cookies all the same. */
class Refused {
  constructor(
    readonly error: CrossmintAuthenticationError,
    readonly cookies: readonly string[],
  ) {}
}

/** Answers by what `act` gives or throws: on the response if there is one, else by a Fetch one. */
export async function answerRoute(
  request: unknown,
  response: unknown,
  act: (asked: Asked) => Promise<Told>,
): Promise<ResponseLike> {
  const answer = response ?? (request as { res?: unknown } | null | undefined)?.res;
  requireResponse(answer);
  try {
    const source = readSource(request);
    if (!("request" in source)) throw invalid("a request with headers was expected");
    const told = await act(source);
    if ("body" in told) return answerJson(answer, 200, told.body, told.cookies) as ResponseLike;
    return answerPerson(answer, told, told.cookies) as ResponseLike;
  } catch (error) {
    const { error: told, cookies } = error instanceof Refused ? error : { error: asAuthError(error), cookies: [] };
    return answerJson(answer, told.status, problem(told), cookies) as ResponseLike;
  }
}

/** Begins a renewal; `held` says whether the page itself held the token. */
export async function beginRenewal(
  core: Core,
  asked: Asked,
  trusted: ReadonlySet<string>,
): Promise<{ step: CoreStep; held: boolean }> {
  const refresh = await member(asked, trusted, "refresh");
  return { step: core.beginRenewal(headOf(asked.headers), refresh, Date.now()), held: refresh !== null };
}

export async function beginExchange(core: Core, asked: Asked, trusted: ReadonlySet<string>): Promise<CoreStep> {
  const secret = await member(asked, trusted, "oneTimeSecret");
  if (secret === null) throw invalid("its `oneTimeSecret` is missing");
  return core.beginExchange(headOf(asked.headers), secret, Date.now());
}

/** A text in the body of a request that may come in. */
async function member({ request, headers }: Asked, trusted: ReadonlySet<string>, name: string): Promise<string | null> {
  requireOwnPage(headers, announcesBody(request, headers), trusted);
  const body = await readBody(request, headers);
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  if (value != null && typeof value !== "string") throw invalid(`its \`${name}\` must be a string`);
  return value || null;
}

/** What a renewal answers; the refresh token only where it is to be told. */
export function material(ended: Ended, disclose: boolean): Told {
  const { session, error, cookies } = checked(ended);
  if (error) throw new Refused(error, cookies);
  const { secret, expiresAt } = session.refreshToken;
  const user = ended.outcome.session?.user;
  const refreshToken = disclose ? { secret, expiresAt } : { expiresAt };
  return { body: { jwt: session.jwt, refreshToken, user: user == null ? undefined : JSON.parse(user) }, cookies };
}

/** An error as clients of the service know them. */
export function problem({ code, message, status }: CrossmintAuthenticationError): object {
  return { error: status === 401 ? "Unauthorized" : true, message, code };
}

/** Anything thrown, as the one error of this package. */
function asAuthError(error: unknown): CrossmintAuthenticationError {
  return error instanceof CrossmintAuthenticationError ? error : invalid("it could not be read", error);
}

function invalid(what: string, cause?: unknown): CrossmintAuthenticationError {
  const message = `the request is not understood: ${what}`;
  return new CrossmintAuthenticationError({ code: "request_invalid", message, ...(cause ? { cause } : {}) });
}
