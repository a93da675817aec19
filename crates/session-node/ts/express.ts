// Express 4 and 5: who the user is on every request, a guard for the routes that need one, and the routes for the pages.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { CrossmintAuth } from "./auth";
import type { AuthSession } from "./checked";
import { CrossmintAuthenticationError } from "./errors";
import { problem } from "./handlers";
import { answerJson, applyCookies } from "./response";
import { answerRoutes } from "./routes";

/** What a request is worth: a session, or why there is none. */
export type RequestAuth =
  | { session: AuthSession; userId: string; error: null }
  | { session: null; userId: null; error: CrossmintAuthenticationError };

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Set by `withAuth` of `authmint/express`. */
      auth?: RequestAuth;
    }
  }
}

/** An Express request as far as it matters here. */
export type ExpressRequest = IncomingMessage & { auth?: RequestAuth };
export type NextFunction = (error?: unknown) => void;
export type Handler = (request: ExpressRequest, response: ServerResponse, next: NextFunction) => void;

/** Middleware that puts `req.auth` on every request and renewed cookies on its answer. It turns nobody away. */
export function withAuth(auth: CrossmintAuth): Handler {
  return (request, response, next) => {
    const session = auth.seen(request);
    if (session) {
      request.auth = { session, userId: session.userId, error: null };
      next();
      return;
    }
    look(auth, request, response).then(() => next(), next);
  };
}

/**
 * Middleware that lets only signed-in requests pass: 401 for the others, 503 while nobody can tell. It uses what
 * `withAuth` found, or looks itself if it is given `auth`.
 */
export function requireAuth(auth?: CrossmintAuth): Handler {
  const decide: Handler = (request, response, next) => {
    if (!request.auth) next(layerMissing());
    else if (request.auth.error) turnAway(response, request.auth.error);
    else next();
  };
  return (request, response, next) => {
    if (request.auth || !auth) {
      decide(request, response, next);
      return;
    }
    withAuth(auth)(request, response, (error) => (error ? next(error) : decide(request, response, next)));
  };
}

/**
 * Middleware with `GET /sign-in` and `/callback`, and `POST /sign-out`, `/refresh`, `/exchange` and `/logout`; mount it with
 * `app.use("/auth", authRoutes(auth))`.
 */
export function authRoutes(auth: CrossmintAuth): Handler {
  return (request, response, next) => {
    const path = (request.url ?? "").split("?")[0] as string;
    answerRoutes(auth, path, request, response).then((answered) => {
      if (!answered) next();
    }, next);
  };
}

async function look(auth: CrossmintAuth, request: ExpressRequest, response: ServerResponse): Promise<void> {
  const { session, error, cookies } = await auth.check(request);
  applyCookies(response, cookies, "app");
  request.auth = session ? { session, userId: session.userId, error: null } : { session: null, userId: null, error };
}

function turnAway(response: ServerResponse, error: CrossmintAuthenticationError): void {
  if (error.status === 503) response.setHeader("Retry-After", Math.ceil((error.retryAfter ?? 1000) / 1000));
  answerJson(response, error.status, problem(error), []);
}

function layerMissing(): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({
    code: "layer_missing",
    message: "no session was looked for: app.use(withAuth(auth)) before requireAuth(), or requireAuth(auth)",
    status: 500,
  });
}
