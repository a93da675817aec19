// The routes that a person's browser visits itself: the answer is another place to go, or a page.

import type { Core, CoreOutcome } from "./core";
import type { Asked, Told } from "./handlers";
import { host } from "./host";
import { headOf } from "./request";

/** Random bytes that a sign-in takes: its state and its verifier. */
const DRAW = 48;

/** Begins a sign-in at the service's page. */
export function beginSignIn(core: Core, { request, headers }: Asked): Told {
  return landed(core.beginSignIn(headOf(headers), targetOf(request), host.random(DRAW), Date.now()));
}

/** What a conversation's end is to a person. */
export function landed({ session, error, cookies, location, page }: CoreOutcome): Told {
  if (location != null) return { status: 303, location, cookies };
  return { status: session ? 200 : (error?.status ?? 500), page: page ?? "", cookies };
}

/** Path and query as the browser sent them, wherever the framework has mounted the route. */
export function targetOf(request: object): string {
  const { originalUrl, url } = request as { originalUrl?: unknown; url?: unknown };
  const text = typeof originalUrl === "string" ? originalUrl : String(url ?? "");
  if (text.startsWith("/")) return text;
  try {
    const { pathname, search } = new URL(text);
    return pathname + search;
  } catch {
    return "/";
  }
}
