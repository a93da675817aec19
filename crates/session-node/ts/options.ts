// What an app says when it makes the SDK, checked then and not when a person signs in.

import type { CoreError } from "./core";
import { CrossmintAuthenticationError, errorOf } from "./errors";
import { type IssuerOptions, termsOf } from "./issuers";
import { core } from "./load";

/** Who an app is, as `createCrossmint` takes it. */
export interface CrossmintConfig {
  /** A server key (`sk_…`); a client key serves too, without the revocation feed and `getUser`. */
  apiKey: string;
  /** The public URL of your authmint service; else `AUTHMINT_BASE_URL`. */
  overrideBaseUrl?: string;
  /** Kept for apps that set it; the server SDK has no use for it. */
  jwt?: string;
  /** Sent as `x-app-identifier`. */
  appId?: string;
  /** Sent as `x-extension-id`. */
  extensionId?: string;
}

/** A checked configuration. */
export interface Crossmint extends CrossmintConfig {
  setJwt(jwt: string): Crossmint;
}

/** How the session cookies are written. */
export interface CookieOptions {
  /** Keeps scripts from the refresh token. Default: true for the server's own pair. */
  httpOnly?: boolean;
  /** Keeps scripts from the session JWT too. Default: false. */
  jwtHttpOnly?: boolean;
  /** TLS only. Default: true, unless the app is visited under a loopback name. */
  secure?: boolean;
  /** Default: `"Lax"`. */
  sameSite?: "Lax" | "Strict" | "None" | "lax" | "strict" | "none";
  /** The domain whose hosts share the cookies. Default: the one host. */
  domain?: string;
  /** Default: `"/"`. */
  path?: string;
  /** Whether each embedding site has a jar of its own (CHIPS). Default: false. */
  partitioned?: boolean;
  /** Put before the names of the server's own pair, for example `__Host-`. Default: none. */
  namePrefix?: string;
  /** Taken from existing apps and not used: a cookie ends with what it holds. */
  expiresAt?: string;
}

/** Options of `CrossmintAuth.from`; all have defaults. */
export interface CrossmintAuthOptions {
  /** An absolute URL of the app's own that refreshes are sent to. Default: the service itself. */
  refreshRoute?: string;
  cookieOptions?: CookieOptions;
  /** The `iss` of session JWTs. Default: `AUTHMINT_ISSUER`, else the base URL. */
  issuer?: string;
  /**
   * Other issuers whose JWTs are accepted in the `Authorization` header, each by a preset of `authmint/issuers` or by
   * hand. They are verified offline and never refreshed. Default: none.
   */
  issuers?: readonly IssuerOptions[];
  /** A cookie in which a JWT of one of `issuers` may come, too, where no session of the service came. Default: none. */
  issuerCookie?: string;
  /**
   * A client key (`ck_…`) of the same project, which the service's sign-in page is asked with: for the routes `sign-in` and
   * `callback`. Default: `AUTHMINT_CLIENT_KEY`.
   */
  clientKey?: string;
  /**
   * Where the sign-in page sends people back to. It must be registered for the project. Default: the route `callback` beside
   * `sign-in`, under the name by which the browser knows the app; https, but for a loopback name.
   */
  redirectUri?: string;
  /** What holds while the revocation feed cannot be followed. Default: `"best-effort"`. */
  revocation?: "best-effort" | "required" | "off";
  /** Milliseconds that one try of a call may take. Default: 3000. */
  tryLimitMs?: number;
  /** Milliseconds that all tries of a call may take. Default: 6000. */
  totalLimitMs?: number;
  /** How many verified JWTs are remembered, about a kilobyte each. Default: 10000. */
  jwtCapacity?: number;
  /** Origins besides the app's own that may call the refresh and sign-out routes. Default: none. */
  trustedOrigins?: readonly string[];
  /** Used in the place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** Told once what degrades but fails no request. Default: `console.warn`. */
  warn?: (message: string) => void;
}

/** Which kind of key is expected, where an app says so. */
export interface ApiKeyExpectations {
  usageOrigin?: "client" | "server";
}

/** Checks who the app is. An unusable key, or one that needs a base URL and has none, is refused here. */
export function createCrossmint(config: CrossmintConfig, expectations?: ApiKeyExpectations): Crossmint {
  const { apiKey, overrideBaseUrl } = (config ?? {}) as Partial<CrossmintConfig>;
  if (typeof apiKey !== "string" || apiKey === "") {
    throw new CrossmintAuthenticationError({
      code: "api_key_missing",
      message: "createCrossmint needs an apiKey: a server key (sk_…) of your project",
      status: 500,
    });
  }
  refuse(core().checkApiKey(apiKey, expectations?.usageOrigin ?? null));
  const text = coreOptions({ apiKey, overrideBaseUrl } as CrossmintConfig, { revocation: "off", jwtCapacity: 1 });
  const { guard, error } = core().makeGuard(text, new Uint8Array(32));
  refuse(error);
  guard?.release?.();
  return { ...config, setJwt: (jwt) => createCrossmint({ ...config, jwt }, expectations) };
}

/** The names of a project's cookies: the browser's pair if its ID or configuration is given, else the server's. */
export function getAuthCookieNames(project?: string | Pick<CrossmintConfig, "apiKey">): {
  jwt: string;
  refreshToken: string;
} {
  const id = typeof project === "string" ? project : project && projectOf(project.apiKey);
  const end = id === undefined ? "" : `-${id}`;
  return { jwt: `crossmint-jwt${end}`, refreshToken: `crossmint-refresh-token${end}` };
}

function projectOf(apiKey: string): string {
  const text = JSON.stringify({ apiKey, baseUrl: "http://localhost", revocation: "off", jwtCapacity: 1 });
  const { guard, error } = core().makeGuard(text, new Uint8Array(32));
  refuse(error);
  const id = (guard as NonNullable<typeof guard>).projectId();
  guard?.release?.();
  return id;
}

/** The options in the form that the core reads. */
export function coreOptions(crossmint: CrossmintConfig, options: CrossmintAuthOptions): string {
  const { expiresAt: _, ...cookieOptions } = options.cookieOptions ?? {};
  return JSON.stringify({
    apiKey: crossmint.apiKey,
    baseUrl: asUrl(crossmint.overrideBaseUrl || environment("AUTHMINT_BASE_URL")),
    issuer: options.issuer ?? environment("AUTHMINT_ISSUER"),
    cookieOptions,
    tryLimitMs: options.tryLimitMs,
    totalLimitMs: options.totalLimitMs,
    jwtCapacity: options.jwtCapacity,
    revocation: options.revocation,
    issuers: termsOf(options.issuers),
    issuerCookie: options.issuerCookie,
    clientKey: options.clientKey ?? environment("AUTHMINT_CLIENT_KEY"),
    redirectUri: options.redirectUri,
  });
}

/** A URL as URLs are compared; what is none is left for the core to refuse. */
function asUrl(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : new URL(text).href;
  } catch {
    return text;
  }
}

/** The route for refreshes, which a server reaches by its whole address only. */
export function refreshRouteOf({ refreshRoute }: CrossmintAuthOptions): string | undefined {
  if (refreshRoute == null) return undefined;
  try {
    const { protocol } = new URL(refreshRoute);
    if (protocol === "https:" || protocol === "http:") return refreshRoute;
  } catch {
    // Said below.
  }
  throw invalid(
    "refresh_route_invalid",
    "refreshRoute must be an absolute http or https URL: a server has no page that a relative one could start from. " +
      "Leave it out to refresh at the service itself",
  );
}

/** Throws what the core refused. */
export function refuse(error: CoreError | null | undefined): void {
  if (error) throw errorOf(error);
}

function environment(name: string): string | undefined {
  return (typeof process === "undefined" ? undefined : process.env[name]) || undefined;
}

function invalid(code: "option_invalid" | "refresh_route_invalid", message: string): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({ code, message, status: 500 });
}
