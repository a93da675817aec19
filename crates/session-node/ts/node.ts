// Plain Node.js: handlers that are told who the user is.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { CrossmintAuth } from "./auth";
import type { AuthSession, Checked } from "./checked";
import { problem } from "./handlers";
import { answerJson, applyCookies } from "./response";
import { answerRoutes } from "./routes";

/** A request's session, or why there is none. */
export type RequestAuth = Pick<Checked, "session" | "error">;
export type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A listener for `http.createServer` whose handler is told who the user is; it turns nobody away. */
export function withAuth(
  auth: CrossmintAuth,
  handler: (request: IncomingMessage, response: ServerResponse, auth: RequestAuth) => unknown,
): Listener {
  return guarded(async (request, response) => {
    const seen = auth.seen(request);
    if (seen) {
      await handler(request, response, { session: seen, error: null });
      return;
    }
    const { session, error, cookies } = await auth.check(request);
    applyCookies(response, cookies, "app");
    await handler(request, response, { session, error });
  });
}

/** A listener whose handler is called for signed-in requests only: 401 for the others, 503 while nobody can tell. */
export function requireAuth(
  auth: CrossmintAuth,
  handler: (request: IncomingMessage, response: ServerResponse, session: AuthSession) => unknown,
): Listener {
  return withAuth(auth, async (request, response, { session, error }) => {
    if (session) {
      await handler(request, response, session);
      return;
    }
    if (!error) return;
    if (error.status === 503) response.setHeader("Retry-After", Math.ceil((error.retryAfter ?? 1000) / 1000));
    answerJson(response, error.status, problem(error), []);
  });
}

/**
 * Answers `GET /sign-in` and `/callback`, and `POST /sign-out`, `/refresh`, `/exchange` and `/logout` below a path; resolves to
 * false if it is for none of them.
 */
export function authRoutes(
  auth: CrossmintAuth,
  below = "/auth",
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const path = (request.url ?? "").split("?")[0] as string;
    return path.startsWith(`${below}/`) && answerRoutes(auth, path.slice(below.length), request, response);
  };
}

/** A handler's fault ends its own request and not the process. */
function guarded(listener: Listener): Listener {
  return async (request, response) => {
    try {
      await listener(request, response);
    } catch (error) {
      console.error(error);
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, { error: true, message: "the server failed", code: "internal" }, []);
    }
  };
}
