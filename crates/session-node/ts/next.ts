// Next.js with the App Router: a proxy (or middleware) that renews sessions, `auth()` for everything that renders, and
// route handlers for the app's own pages.

import { cookies, headers } from "next/headers";
import { type NextFetchEvent, NextRequest, NextResponse } from "next/server";
import type { CrossmintAuth } from "./auth";
import type { AuthSession } from "./checked";
import { CrossmintAuthenticationError } from "./errors";
import { problem } from "./handlers";
import { answerJson, applyCookies } from "./response";
import { routeOf } from "./routes";

/** What a request is worth: a session, or why there is none. */
export type RequestAuth =
  | { session: AuthSession; userId: string; error: null }
  | { session: null; userId: null; error: CrossmintAuthenticationError };

/** What an app does in its proxy once it knows who asks; without an answer of its own the request goes on. */
export type ProxyHandler = (
  request: NextRequest,
  auth: RequestAuth,
) => Own | Promise<Own>;

type Own = Response | null | undefined | void;

/** A proxy as Next.js calls it (middleware, before Next.js 16). */
export type Proxy = (request: NextRequest, event?: NextFetchEvent) => Promise<Response>;

/** The handlers of `app/auth/[action]/route.ts`. */
export interface AuthRoutes {
  GET(request: Request): Promise<Response>;
  POST(request: Request): Promise<Response>;
}

/** What `createNextAuth` gives. */
export interface NextAuth {
  /**
   * Who the user is, for server components, route handlers and server actions. It verifies for itself, whatever the
   * proxy did, and never refreshes: a component that renders cannot set cookies.
   */
  auth(): Promise<RequestAuth>;
  /** Renews the session on the answer and on the request, so that what renders next sees it. It turns nobody away. */
  readonly proxy: Proxy;
  /** `proxy` with the app's own decisions in it: redirects, rewrites, headers. */
  withProxy(handler: ProxyHandler): Proxy;
  /** `GET …/sign-in` and `…/callback`, and `POST …/sign-out`, `…/refresh`, `…/exchange` and `…/logout`. */
  readonly routes: AuthRoutes;
}

/**
 * Fits the SDK into an app with the App Router. Given as a function it is made at its first use, so that `next build`,
 * which loads every page, needs no keys.
 */
export function createNextAuth(sdk: CrossmintAuth | (() => CrossmintAuth)): NextAuth {
  const made = () => (typeof sdk === "function" ? sdk() : sdk);
  const withProxy = (handler: ProxyHandler): Proxy => (request, event) => pass(made(), request, event, handler);
  return {
    auth: () => look(made),
    proxy: withProxy(() => undefined),
    withProxy,
    routes: { GET: (request) => answer(made(), request), POST: (request) => answer(made(), request) },
  };
}

async function look(made: () => CrossmintAuth): Promise<RequestAuth> {
  // Outside of the try: what Next.js throws here is its own way to say that a page is not static.
  const [jar, head] = await Promise.all([cookies(), headers()]);
  // The jar knows what the proxy has just set; the header may not. A decoded value that a header could not hold is
  // nobody's token.
  const pairs = jar.getAll().filter(({ name, value }) => /^[!-~]*$/.test(name + value) && !/[;,"\\]/.test(value));
  const cookie = pairs.map(({ name, value }) => `${name}=${value}`).join("; ");
  try {
    return signedIn(await made().peek({ headers: { cookie, host: head.get("host") ?? undefined } }));
  } catch (error) {
    if (!(error instanceof CrossmintAuthenticationError)) throw error;
    return { session: null, userId: null, error: error.code === "refresh_needed" ? notRenewed() : error };
  }
}

/** The proxy comes first; if it could not renew the session, nobody can tell, and nobody is signed out. */
function notRenewed(): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({
    code: "refresh_needed",
    message: "the session was not renewed before this was rendered: let the proxy see this path, or try again",
    status: 503,
    retryable: true,
  });
}

function signedIn(session: AuthSession): RequestAuth {
  return { session, userId: session.userId, error: null };
}

async function pass(
  sdk: CrossmintAuth,
  request: NextRequest,
  event: NextFetchEvent | undefined,
  handler: ProxyHandler,
): Promise<Response> {
  const { session, error, cookies } = await sdk.check(request, undefined, event);
  const sent = headersToSend(request.headers, cookies);
  const seen = new NextRequest(request, { headers: sent });
  const own = await handler(seen, session ? signedIn(session) : { session: null, userId: null, error });
  const answer: Response = goesOn(own) ? overridden((own ?? NextResponse.next()) as NextResponse, sent) : own;
  if (applyCookies(answer, cookies, "app") !== "sealed") return answer;
  const open = new NextResponse(answer.body, answer);
  applyCookies(open, cookies, "app");
  return open;
}

/** Whether the request reaches the app: nothing was answered, or by Next.js's own word for "go on" or "go there". */
function goesOn(own: Own): own is Exclude<Own, Response> | NextResponse {
  return own == null || own.headers.has("x-middleware-next") || own.headers.has("x-middleware-rewrite");
}

/** Says which headers the request goes on with; what the app's handler decided about one of them stands. */
function overridden(answer: NextResponse, sent: Headers): NextResponse {
  const LIST = "x-middleware-override-headers";
  if (answer.headers.has(LIST)) return answer;
  const { headers: words } = NextResponse.next({ request: { headers: sent } });
  for (const [name, value] of words) {
    if (name === LIST || name.startsWith("x-middleware-request-")) answer.headers.set(name, value);
  }
  return answer;
}

/** The request's headers with the renewed cookies in them, and without those that only Next.js itself may say. */
function headersToSend(received: Headers, cookies: readonly string[]): Headers {
  const sent = new Headers(received);
  for (const name of [...sent.keys()]) if (isInternal(name)) sent.delete(name);
  if (cookies.length > 0) {
    const pairs = renewed(received.get("cookie") ?? "", cookies);
    if (pairs === "") sent.delete("cookie");
    else sent.set("cookie", pairs);
  }
  return sent;
}

/** With one of these a visitor once talked Next.js into skipping the proxy (CVE-2025-29927). */
function isInternal(name: string): boolean {
  return name.startsWith("x-middleware-");
}

/** A `Cookie` header as the browser will send it after these `Set-Cookie`s. */
function renewed(header: string, cookies: readonly string[]): string {
  const changes = new Map<string, string | undefined>();
  for (const cookie of cookies) {
    const pair = cookie.split(";", 1)[0] as string;
    const name = pair.slice(0, pair.indexOf("="));
    changes.set(name, /;\s*max-age=0(;|$)/i.test(cookie) || pair.endsWith("=") ? undefined : pair);
  }
  const kept = header.split(";").map((pair) => pair.trim()).filter((pair) => {
    return pair !== "" && !changes.has(pair.split("=", 1)[0] as string);
  });
  return [...kept, ...[...changes.values()].filter((pair) => pair !== undefined)].join("; ");
}

async function answer(sdk: CrossmintAuth, request: Request): Promise<Response> {
  const action = new URL(request.url).pathname.split("/").at(-1) ?? "";
  const route = routeOf(request.method, `/${action}`);
  if (route) return (await route(sdk, request)) as Response;
  const message = "there is no such route: GET sign-in or callback, POST to sign-out, refresh, exchange or logout";
  const error = new CrossmintAuthenticationError({ code: "request_invalid", message, status: 404 });
  return answerJson(undefined, 404, problem(error), []) as unknown as Response;
}
