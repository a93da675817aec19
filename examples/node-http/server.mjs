// Node's own http module, and a session check on every request. Start `authmint dev`, then this, with the key it prints:
//
//   AUTHMINT_BASE_URL=http://localhost:8420 AUTHMINT_SERVER_KEY=sk_… AUTHMINT_CLIENT_KEY=ck_… npm start
//
// Signing in is a link to the service's own page, signing out a form: this app has no script and no form fields.

import { createServer } from "node:http";
import { CrossmintAuth, createCrossmint } from "authmint";
import { authRoutes, requireAuth, withAuth } from "authmint/node";

const { AUTHMINT_SERVER_KEY, PORT = "3000" } = process.env;

// The base URL comes from AUTHMINT_BASE_URL; a missing or wrong setting ends the program here, with its remedy.
const auth = CrossmintAuth.from(createCrossmint({ apiKey: AUTHMINT_SERVER_KEY }));

const signOut = `<form method="post" action="/auth/sign-out"><button id="sign-out">Sign out</button></form>`;
const pages = {
  "/": withAuth(auth, (_req, res, { session, error }) => {
    // Nobody can tell who it is, so nobody is signed out.
    if (error?.retryable) text(res, "The sign-in service does not answer. Try again in a moment.", 503);
    else if (session) html(res, `<h1>Hello <span id="user">${session.userId}</span></h1>${signOut}`);
    else html(res, `<h1>Hello stranger</h1><p><a id="sign-in" href="/auth/sign-in">Sign in</a></p>`);
  }),
  // 401 for whoever is not signed in, 503 while nobody can tell.
  "/account": requireAuth(auth, async (_req, res, session) => {
    const user = await auth.getUser(session.userId);
    text(res, `The account of ${user.email ?? user.id}`);
  }),
};
// GET /auth/sign-in and /auth/callback, and POST /auth/sign-out, /auth/exchange, /auth/refresh and /auth/logout.
const routes = authRoutes(auth);

const server = createServer(async (req, res) => {
  if (await routes(req, res)) return;
  const page = pages[new URL(req.url, "http://localhost").pathname];
  if (page) await page(req, res);
  else text(res, "There is no such page", 404);
});

function html(res, main) {
  res.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "private, no-store" });
  res.end(`<!doctype html><html lang="en"><title>authmint with Node.js</title><main>${main}</main></html>`);
}

function text(res, said, status = 200) {
  res.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "private, no-store" }).end(said);
}

// Loopback only: the cookies of a page served over plain HTTP must not cross a network.
server.listen(Number(PORT), "localhost", () => console.log(`open http://localhost:${server.address().port}`));
