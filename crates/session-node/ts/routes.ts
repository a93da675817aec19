// The routes of a sign-in and of an app's pages, by name below wherever the app mounts them.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { CrossmintAuth } from "./auth";
import type { RequestLike } from "./request";
import type { ResponseLike } from "./response";

/** Answers a request for one of the routes; false if it is for none of them. */
export async function answerRoutes(
  auth: CrossmintAuth,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const answer = routeOf(request.method, path);
  if (!answer) return false;
  await answer(auth, request, response);
  return true;
}

/** The route of this name, if it is called by this method. */
export function routeOf(method: string | undefined, path: string): Answer | undefined {
  // Links are followed, and asked after, by GET and HEAD; what changes something is posted.
  const links = method === "GET" || method === "HEAD";
  const routes = links ? LINKS : method === "POST" ? POSTED : undefined;
  return routes && Object.hasOwn(routes, path) ? routes[path] : undefined;
}

/** How a route answers. */
type Answer = (auth: CrossmintAuth, request: RequestLike, response?: ResponseLike) => Promise<ResponseLike>;

const LINKS: Record<string, Answer> = {
  "/sign-in": (auth, request, response) => auth.handleSignIn(request, response),
  "/callback": (auth, request, response) => auth.handleCallback(request, response),
};

const POSTED: Record<string, Answer> = {
  "/sign-out": (auth, request, response) => auth.handleSignOut(request, response),
  "/refresh": (auth, request, response) => auth.handleRefresh(request, response),
  "/exchange": (auth, request, response) => auth.handleExchange(request, response),
  "/logout": (auth, request, response) => auth.handleLogout(request, response),
};
