// The three routes that an app's pages call, by name below wherever the app mounts them.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { CrossmintAuth } from "./auth";

/** Answers `POST …/refresh`, `…/exchange` and `…/logout`; false if the request is for none of them. */
export async function answerRoutes(
  auth: CrossmintAuth,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (request.method !== "POST") return false;
  switch (path) {
    case "/refresh":
      await auth.handleRefresh(request, response);
      return true;
    case "/exchange":
      await auth.handleExchange(request, response);
      return true;
    case "/logout":
      await auth.handleLogout(request, response);
      return true;
    default:
      return false;
  }
}
