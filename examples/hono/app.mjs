// A Hono app that knows its user. It runs wherever Hono runs: `server.mjs` is Node.js, and on workers this file is the
// whole program (`export default` a function of its environment).

import { CrossmintAuth, createCrossmint } from "authmint";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";

/** The app for an environment: `{ AUTHMINT_SERVER_KEY, AUTHMINT_CLIENT_KEY, AUTHMINT_BASE_URL }`. */
export function createApp({ AUTHMINT_SERVER_KEY: apiKey, AUTHMINT_CLIENT_KEY: clientKey, AUTHMINT_BASE_URL: overrideBaseUrl }) {
  const auth = CrossmintAuth.from(createCrossmint({ apiKey, overrideBaseUrl }), { clientKey });

  /** Tells every handler who asks, and puts renewed cookies on the answer. It turns nobody away. */
  const withAuth = createMiddleware(async (c, next) => {
    const { session, error, cookies } = await auth.check(c.req.raw, undefined, lifetime(c));
    c.set("auth", { session, error });
    await next();
    if (cookies.length === 0) return;
    for (const cookie of cookies) c.header("set-cookie", cookie, { append: true });
    c.header("cache-control", "private, no-store");
    c.header("vary", "Cookie", { append: true });
  });

  /** Lets only signed-in requests pass: 401 for the others, 503 while nobody can tell. */
  const requireAuth = createMiddleware(async (c, next) => {
    const { error } = c.get("auth");
    if (error) return c.json({ code: error.code, message: error.message }, error.status);
    await next();
  });

  const app = new Hono();
  app.get("/auth/sign-in", (c) => auth.handleSignIn(c.req.raw));
  app.get("/auth/callback", (c) => auth.handleCallback(c.req.raw));
  app.post("/auth/sign-out", (c) => auth.handleSignOut(c.req.raw));
  app.post("/auth/exchange", (c) => auth.handleExchange(c.req.raw));
  app.post("/auth/refresh", (c) => auth.handleRefresh(c.req.raw));
  app.post("/auth/logout", (c) => auth.handleLogout(c.req.raw));
  app.use(withAuth);
  app.get("/", (c) => c.text(`Hello ${c.get("auth").session?.userId ?? "stranger"}`));
  app.get("/account", requireAuth, async (c) => {
    const user = await auth.getUser(c.get("auth").session.userId);
    return c.text(`The account of ${user.email ?? user.id}`);
  });
  return app;
}

/** A worker's context keeps it alive for what goes on beside the answer; Node.js has none and needs none. */
function lifetime(c) {
  try {
    return c.executionCtx;
  } catch {
    return undefined;
  }
}
