// The package's face: what apps call, in the shape that they know.

import type { Core, CoreCall, CoreSession, CoreStep, Head, Recognised } from "./core";
import { CrossmintAuthenticationError, errorOf } from "./errors";
import type { Guard, Lifetime } from "./guard";
import { fetchSend } from "./network";
import { type Crossmint, type CrossmintAuthOptions, coreOptions, refreshRouteOf, refuse } from "./options";
import { announcesBody } from "./body";
import { fromBase64Url, utf8 } from "./bytes";
import { type AuthMaterial, type AuthSession, type Checked, checked, failure } from "./checked";
import { answerRoute, beginExchange, beginRenewal, material } from "./handlers";
import { refuseOtherSites, requireOwnPage } from "./origin";
import { beginSignIn, landed, targetOf } from "./person";
import { type AuthMaterialBasic, type RequestLike, type Source, bearsToken, headOf, line, quickCookies, readSource } from "./request";
import {
  type ResponseLike,
  applyCookies,
  isNodeResponse,
  requireResponse,
  unsealed,
} from "./response";
import { sharedGuard } from "./shared";
import { type JWKSInput, type JWTPayload, claimsOf, keySetOf } from "./verify";
import { SDK_NAME, SDK_VERSION } from "./version";

/** A user as the service knows one. */
export interface User {
  id: string;
  email?: string;
  phoneNumber?: string;
  [more: string]: unknown;
}

/** An app's way to its users' sessions. Those of equal options share what they know, however often one is made. */
export class CrossmintAuth {
  readonly #guard: Guard;
  readonly #core: Core;
  readonly #trusted: ReadonlySet<string>;
  /** Whether JWTs of other issuers count, which come beside the cookies. */
  readonly #trusts: boolean;
  readonly #warn: (message: string) => void;

  private constructor(crossmint: Crossmint, options: CrossmintAuthOptions) {
    const refreshRoute = refreshRouteOf(options);
    this.#warn = careful(options.warn ?? ((message) => console.warn(`authmint: ${message}`)));
    this.#trusted = new Set(options.trustedOrigins);
    this.#trusts = (options.issuers?.length ?? 0) > 0;
    const headers = {
      "x-client-name": SDK_NAME,
      "x-client-version": SDK_VERSION,
      ...(crossmint.appId ? { "x-app-identifier": crossmint.appId } : {}),
      ...(crossmint.extensionId ? { "x-extension-id": crossmint.extensionId } : {}),
    };
    const { fetch, warn } = options;
    const required = options.revocation === "required";
    const surroundings = { send: fetchSend(fetch), headers, refreshRoute, required, warn: this.#warn };
    this.#guard = sharedGuard(coreOptions(crossmint, options), surroundings, fetch ?? warn ? null : headers);
    this.#core = this.#guard.core;
  }

  /** Makes the SDK; options that cannot work are refused now. */
  static from(crossmint: Crossmint, options: CrossmintAuthOptions = {}): CrossmintAuth {
    if (typeof crossmint?.apiKey !== "string") {
      throw new CrossmintAuthenticationError({
        code: "api_key_missing",
        message: "CrossmintAuth.from needs what createCrossmint({ apiKey }) gave",
        status: 500,
      });
    }
    return new CrossmintAuth(crossmint, options ?? {});
  }

  /**
   * The session of a request: checked offline, refreshed if it must be, its cookies put on the response.
   * Rejects with a CrossmintAuthenticationError if there is none. On the edge, `lifetime` (a worker's context) lets
   * the revocation feed be heard beside the answer.
   */
  getSession(
    request: RequestLike | AuthMaterialBasic,
    response?: ResponseLike,
    lifetime?: Lifetime,
  ): Promise<AuthSession> {
    const seen = this.seen(request, lifetime);
    return seen ? Promise.resolve(seen) : this.#getSession(request, response, lifetime);
  }

  async #getSession(request: unknown, response: unknown, lifetime: Lifetime | undefined): Promise<AuthSession> {
    requireResponse(response);
    const came = this.#look(request, response, lifetime);
    // Most are over by now, and a promise more is a microsecond more.
    const { session, error, cookies } = came instanceof Promise ? await came : came;
    this.#apply(response, cookies, "app");
    if (error) throw error;
    return session;
  }

  /** The session of a request whose JWT was seen before, at once; undefined says nothing: `check` decides. */
  seen(request: unknown, lifetime?: Lifetime): AuthSession | undefined {
    let cookies: string | undefined;
    try {
      cookies = quickCookies(request);
    } catch {
      return undefined; // A foreign object's own fault: it is told when its shape is read.
    }
    if (cookies === undefined || (this.#trusts && bearsToken(request))) return undefined;
    const now = Date.now();
    const seen = this.#core.recognise(cookies, now);
    if (seen === null) return undefined;
    this.#guard.keepUp(now, lifetime);
    return sessionOf(seen);
  }

  /**
   * What a request is worth, with the `Set-Cookie` values for its answer, which are the caller's to send: for
   * frameworks, and wherever the answer is not made yet. `response` only names the request that it answers.
   */
  async check(
    request: RequestLike | AuthMaterialBasic,
    response?: ResponseLike,
    lifetime?: Lifetime,
  ): Promise<Checked> {
    return this.#look(request, response, lifetime);
  }

  #look(request: unknown, response: unknown, lifetime: Lifetime | undefined): Checked | Promise<Checked> {
    const source = readSource(request);
    const judged = () => this.#judged(source, response, lifetime);
    return this.#guard.overdue()?.then(judged) ?? judged();
  }

  #judged(source: Source, response: unknown, lifetime: Lifetime | undefined): Checked | Promise<Checked> {
    const now = Date.now();
    if ("request" in source) return this.#begun(this.#core.begin(headOf(source.headers), false, now), now, lifetime);
    return this.#renewed(source.material, response, now, lifetime);
  }

  /** Material brings no cookies of its own; renewed material goes into the answer's. */
  async #renewed(
    { jwt, refreshToken }: AuthMaterialBasic,
    response: unknown,
    now: number,
    lifetime: Lifetime | undefined,
  ): Promise<Checked> {
    const ended = await this.#guard.converse(this.#core.beginWith(jwt ?? null, refreshToken ?? null, now), lifetime);
    const { session } = ended.outcome;
    if (session?.expiresAt && response != null) ended.outcome.cookies = this.#stored(response, session);
    return checked(ended);
  }

  /** A look that changes nothing and never refreshes: for server components, which cannot set cookies. */
  async peek(request: RequestLike): Promise<AuthSession> {
    const source = readSource(request);
    if (!("request" in source)) return this.getSession(source.material);
    const now = Date.now();
    const { session, error } = await this.#begun(this.#core.begin(headOf(source.headers), true, now), now);
    if (error) throw error;
    return session;
  }

  /** Goes on with what a look at a request began; most are over by then. */
  #begun(step: Recognised | CoreStep, now: number, lifetime?: Lifetime): Checked | Promise<Checked> {
    if (!Array.isArray(step)) return this.#guard.converse(step, lifetime).then(checked);
    this.#guard.keepUp(now, lifetime);
    return { session: sessionOf(step), error: null, cookies: NO_COOKIES };
  }

  /**
   * The app's own refresh route: renews by the token in the JSON body, else by the cookies, and answers with both
   * tokens, since the browser client that calls it keeps them itself. Pages without that client call `handleRefresh`.
   */
  handleCustomRefresh(request: RequestLike, response?: ResponseLike): Promise<ResponseLike> {
    return this.#handleRefresh(request, response, true);
  }

  /** The same for an app's own pages: a token that the page did not send stays in its cookie, out of reach of scripts. */
  handleRefresh(request: RequestLike, response?: ResponseLike): Promise<ResponseLike> {
    return this.#handleRefresh(request, response, false);
  }

  #handleRefresh(request: RequestLike, response: unknown, disclose: boolean): Promise<ResponseLike> {
    return answerRoute(request, response, async (source) => {
      const { step, held } = await beginRenewal(this.#core, source, this.#trusted);
      return material(await this.#guard.converse(step, "direct"), disclose || held);
    });
  }

  /** The app's own sign-in route: trades the body's `oneTimeSecret` for a session in cookies, and answers. */
  handleExchange(request: RequestLike, response?: ResponseLike): Promise<ResponseLike> {
    return answerRoute(request, response, async (source) => {
      const step = await beginExchange(this.#core, source, this.#trusted);
      return material(await this.#guard.converse(step, "direct"), false);
    });
  }

  /**
   * The app's route `sign-in`: sends a person to the service's sign-in page. Its query may say `return_to`, a path within
   * the app, and `prompt`, `login_hint` and `ui_locales` for the page. Needs the option `clientKey`.
   */
  handleSignIn(request: RequestLike, response?: ResponseLike): Promise<ResponseLike> {
    return answerRoute(request, response, async (source) => beginSignIn(this.#core, source));
  }

  /** The app's route `callback`, beside `sign-in`: takes the person back, signed in, to where `return_to` said. */
  handleCallback(request: RequestLike, response?: ResponseLike): Promise<ResponseLike> {
    return answerRoute(request, response, async ({ request, headers }) => {
      const step = this.#core.beginCallback(headOf(headers), targetOf(request), Date.now());
      return landed((await this.#guard.converse(step, "direct")).outcome);
    });
  }

  /** The app's route `sign-out` for a form of its own pages: signs out, and sends the person to `return_to`. */
  handleSignOut(request: RequestLike, response?: ResponseLike): Promise<ResponseLike> {
    return answerRoute(request, response, async ({ request, headers }) => {
      requireOwnPage(headers, false, this.#trusted);
      const { values, calls } = this.#core.signOut(headOf(headers), Date.now());
      await this.#tell(calls);
      return { status: 303, location: this.#core.returnTo(targetOf(request)), cookies: values };
    });
  }

  /** The app's own sign-out route: for its own pages only; clears the cookies, ends the session, and answers. */
  handleLogout(request: RequestLike, response?: ResponseLike): Promise<ResponseLike> {
    return answerRoute(request, response, async (source) => {
      requireOwnPage(source.headers, announcesBody(source.request, source.headers), this.#trusted);
      const { values, calls } = this.#core.signOut(headOf(source.headers), Date.now());
      await this.#tell(calls);
      return { body: {}, cookies: values };
    });
  }

  /**
   * Signs out: the cookies are cleared at once, and the session is ended at the service. If the service cannot be
   * told, the user is signed out here all the same.
   */
  async logout<R extends ResponseLike>(request?: RequestLike | AuthMaterialBasic, response?: R): Promise<R | Response> {
    requireResponse(response);
    const now = Date.now();
    const source = request == null ? undefined : readSource(request);
    if (source && "request" in source) refuseOtherSites(source.headers, this.#trusted);
    const head = source && "request" in source ? headOf(source.headers) : headOfAnswered(response);
    const { values, calls } = this.#core.signOut(head, now);
    if (source && "material" in source && source.material.refreshToken) {
      calls.push(this.#core.signOutWith(source.material.refreshToken, now));
    }
    let answer: R | Response = response ?? new Response(null);
    const { headers } = answer as Response;
    if (applyCookies(answer, values, "ours") === "sealed" && headers) {
      answer = unsealed(answer as Response);
      applyCookies(answer, values, "ours");
    }
    await this.#tell(calls);
    return answer;
  }

  /** Ends sessions at the service; what fails is told and changes nothing here. */
  async #tell(calls: readonly CoreCall[]): Promise<void> {
    for (const { answer } of await Promise.all(calls.map((call) => this.#guard.answer(call)))) {
      if (answer.error) this.#warn(`signed out here, but the service could not be told: ${answer.error.message}`);
    }
  }

  /**
   * Stores auth material under the server's own names, at once; empty material clears them. It is verified first if
   * the key set is known, and by every later request in any case.
   */
  storeAuthMaterial(response: ResponseLike, material: AuthMaterial): void {
    requireResponse(response ?? {});
    const { jwt, refreshToken } = (material ?? {}) as Partial<AuthMaterial>;
    if (jwt === "" && refreshToken?.secret === "") {
      const { values } = this.#core.signOut(headOfAnswered(response), Date.now());
      applyCookies(response, values, "ours");
      return;
    }
    const values = this.#stored(response, {
      jwt: String(jwt ?? ""),
      refreshToken: String(refreshToken?.secret ?? ""),
      expiresAt: String(refreshToken?.expiresAt ?? ""),
    });
    this.#apply(response, values, "ours");
  }

  /** Verifies a session JWT: of this project and service, or by a key set given by hand. Gives its claims. */
  async verifyCrossmintJwt(token: string, jwks?: JWKSInput): Promise<JWTPayload> {
    if (typeof token !== "string") throw notAToken();
    if (jwks != null) {
      const keySet = await keySetOf(jwks);
      return claimsOf(this.#core.verifyWith(token, keySet, Date.now()));
    }
    const { outcome, cause } = await this.#guard.converse(this.#core.beginWith(token, null, Date.now()));
    if (!outcome.session) throw failure(outcome, cause);
    return claimsIn(token);
  }

  /** A user's profile; the API key needs the scope `users.read`. */
  async getUser(userId: string): Promise<User> {
    const { call, error } = this.#core.callUser(String(userId), Date.now());
    refuse(error);
    const { answer, cause } = await this.#guard.answer(call as NonNullable<typeof call>);
    if (answer.error) throw errorOf(answer.error, cause);
    return JSON.parse(answer.user as string) as User;
  }

  /** Where the service publishes its key set. */
  getJwksUri(): string {
    return this.#core.jwksUri();
  }

  /** `Set-Cookie` values that store material under the server's own names. */
  #stored(response: unknown, session: Pick<CoreSession, "jwt" | "refreshToken" | "expiresAt">): string[] {
    const ends = Date.parse(session.expiresAt);
    if (!session.jwt || !session.refreshToken || Number.isNaN(ends)) {
      throw new CrossmintAuthenticationError({
        code: "material_invalid",
        message: "auth material needs jwt, refreshToken.secret and refreshToken.expiresAt (an ISO 8601 date)",
      });
    }
    const { jwt, refreshToken } = session;
    const [text, head, now] = [JSON.stringify({ jwt, refreshToken, expiresAtMs: ends }), headOfAnswered(response), Date.now()];
    const { outcome } = this.#core.beginStore(head, text, now) as CoreStep;
    if (outcome) {
      refuse(outcome.error);
      return outcome.cookies;
    }
    // Without a key set in hand nothing can be verified at once.
    const stored = this.#core.storeUnverified(head, text, endOf(jwt), now);
    refuse(stored?.error);
    return stored?.values ?? [];
  }

  #apply(response: unknown, values: readonly string[], precedence: "app" | "ours"): void {
    if (applyCookies(response, values, precedence) === "sealed") {
      this.#warn(
        "the cookies of a renewed session could not be set: the Response does not let itself be changed. " +
          "Pass a new Response, or call check() and send its cookies yourself",
      );
    }
  }
}

const NO_COOKIES: readonly string[] = [];

/** A session of which nothing was renewed. */
function sessionOf(seen: Recognised): AuthSession {
  const session = { jwt: seen[1], refreshToken: { secret: seen[2], expiresAt: "" }, userId: seen[0] };
  return seen[3] === undefined ? session : { ...session, issuer: seen[3] };
}

/** An app's own log that fails must not fail a request. */
function careful(warn: (message: string) => void): (message: string) => void {
  return (message) => {
    try {
      warn(message);
    } catch {
      // Nobody is left to tell.
    }
  };
}

/** The request that an answer belongs to: it says under which host the app is visited. */
function headOfAnswered(response: unknown): Head {
  if (!isNodeResponse(response)) return "";
  const { req } = response as { req?: { headers?: Record<string, string> } };
  const host = req?.headers?.["host"];
  return line("host", typeof host === "string" ? host : undefined);
}

function notAToken(): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({ code: "jwt_malformed", message: "a session JWT is a string", status: 401 });
}

/** What a JWT says; whether it is to be believed is for the guard. */
function claimsIn(jwt: string): JWTPayload {
  return JSON.parse(utf8(fromBase64Url(jwt.split(".")[1] ?? ""))) as JWTPayload;
}

/** When a JWT says that it ends, in milliseconds; not verified. */
function endOf(jwt: string): number {
  try {
    const { exp } = claimsIn(jwt);
    if (typeof exp === "number") return exp * 1000;
  } catch {
    // Said below.
  }
  throw new CrossmintAuthenticationError({ code: "material_invalid", message: "the auth material's jwt is no JWT with an exp" });
}
