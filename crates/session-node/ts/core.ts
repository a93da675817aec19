// The guard as TypeScript sees it: it decides, and hands out as calls what needs the network. The native addon
// implements this, and so does `wasm.ts`; nobody else in here knows which of them it is.

/** Lines, names and values by turns, of the headers that the guard reads: one string crosses faster than many. */
export type Head = string;

/** User ID, session JWT, refresh token (empty if none came); the issuer, if it is another than the service. */
export type Recognised = [userId: string, jwt: string, refreshToken: string, issuer?: string];

/** Why something was refused. */
export interface CoreError {
  code: string;
  message: string;
  retryable: boolean;
  status: number;
  retryAfter?: number | null;
}

/** The guard of one app. No function waits, and none throws for what its arguments say. */
export interface Core {
  /** The hot path: one pair of cookies whose JWT was seen before, and nothing due. Null says nothing; `begin` decides. */
  recognise(cookies: string, now: number): Recognised | null;
  /** A session that asks nothing of the answer comes as `recognise` gives it. */
  begin(head: Head, peek: boolean, now: number): Recognised | CoreStep;
  beginWith(jwt: string | null, refreshToken: string | null, now: number): CoreStep;
  beginRenewal(head: Head, presented: string | null, now: number): CoreStep;
  beginExchange(head: Head, oneTimeSecret: string, now: number): CoreStep;
  /** `target` is the request's path and query; `drawn` are 48 random bytes. */
  beginSignIn(head: Head, target: string, drawn: Uint8Array, now: number): CoreOutcome;
  beginCallback(head: Head, target: string, now: number): CoreStep;
  /** The place within the app that a target's `return_to` asks for. */
  returnTo(target: string): string;
  beginStore(head: Head, material: string, now: number): CoreStep | null;
  storeUnverified(head: Head, material: string, jwtEnds: number, now: number): CoreCookies | null;
  signOut(head: Head, now: number): CoreSignOut;
  signOutWith(refreshToken: string, now: number): CoreCall;
  callUser(userId: string, now: number): { call?: CoreCall | null; error?: CoreError | null };
  /** The next poll of the revocation feed; null if it is not to be followed. */
  follow(now: number): CoreCall | null;
  /** Work that is due beside the requests; seldom any. */
  upkeep(now: number): CoreCall | null;
  verifyWith(jwt: string, keySet: Uint8Array, now: number): CoreVerified;
  projectId(): string;
  baseUrl(): string;
  jwksUri(): string;
  /** Names of the plain pair: session JWT, refresh token. */
  cookieNames(): string[];
  /** Ends a guard that nobody needs any more, where memory is not the runtime's to collect. */
  release?(): void;
}

/** What a conversation does next: it is over (`outcome`), or it waits for the answer to a call or a check. */
export interface CoreStep {
  outcome?: CoreOutcome | null;
  call?: CoreCall | null;
  /** Never from the addon, which answers it in place. */
  check?: CoreCheck | null;
  waiting?: CoreWaiting | null;
}

/** A conversation that waits. */
export interface CoreWaiting {
  receive(answer: CoreAnswer, now: number): CoreStep | null;
  /** Goes on with the answer to a check. */
  checked?(holds: boolean, now: number): CoreStep | null;
}

/** A question about a signature. */
export interface CoreCheck {
  algorithm: string;
  key: Record<string, string>;
  message: string;
  /** In base64url. */
  signature: string;
}

/** The end of a conversation. */
export interface CoreOutcome {
  session?: CoreSession | null;
  error?: CoreError | null;
  cookies: string[];
  /** Where a person goes on whose sign-in this is, or the page in HTML that they see instead. */
  location?: string | null;
  page?: string | null;
}

/** A session; `expiresAt` and `user` only if it was renewed. */
export interface CoreSession {
  userId: string;
  jwt: string;
  refreshToken: string;
  expiresAt: string;
  user?: string | null;
  /** Only if another issuer than the service vouches for the user. */
  issuer?: string | null;
}

/** A call to the service with its tries. Calls of an equal key are one call. */
export interface CoreCall {
  readonly key: string | null;
  readonly background: boolean;
  /** Milliseconds to wait before sending. */
  readonly pause: number;
  limit(now: number): number;
  known(now: number): CoreAnswer | null;
  request(): { method: string; url: string; headers: string[]; body?: string | null } | null;
  /** Takes a reply. Null: try again after `pause`. */
  receive(
    status: number,
    cacheControl: string | null,
    retryAfter: string | null,
    body: Uint8Array,
    now: number,
  ): CoreAnswer | null;
  /** Takes a failure. Null: try again after `pause`. */
  failed(timedOut: boolean, text: string, now: number): CoreAnswer | null;
}

/** How a call ended. */
export interface CoreAnswer {
  readonly error: CoreError | null;
  /** A user as JSON, if one was asked for. */
  readonly user: string | null;
}

export interface CoreSignOut {
  values: string[];
  calls: CoreCall[];
}

export interface CoreCookies {
  values: string[];
  error?: CoreError | null;
}

export interface CoreVerified {
  claims?: string | null;
  error?: CoreError | null;
  /** What is to be answered first, and how to go on then. */
  check?: CoreCheck;
  resume?(holds: boolean, now: number): CoreVerified;
}

/** What makes guards, and what needs none. */
export interface CoreModule {
  makeGuard(options: string, seed: Uint8Array): { guard?: Core | null; error?: CoreError | null };
  /** What is wrong with an API key; null if nothing is. */
  checkApiKey(key: string, usage: string | null): CoreError | null;
  verifyJwt(jwt: string, keySet: Uint8Array, now: number): CoreVerified;
  errorCodes(): string[];
}
