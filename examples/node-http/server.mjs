// Node's own http module, and a session check on every request. Start `authmint dev`, then this, with the key it prints:
//
//   AUTHMINT_BASE_URL=http://localhost:8420 AUTHMINT_SERVER_KEY=sk_… npm start
//
// Sign in on the demo app of `authmint dev`: cookies ignore ports, so whoever is signed in there is signed in here.

import { createServer } from "node:http";
import { CrossmintAuth, createCrossmint } from "authmint";
import { authRoutes, requireAuth, withAuth } from "authmint/node";

const { AUTHMINT_SERVER_KEY, PORT = "3000" } = process.env;

// The base URL comes from AUTHMINT_BASE_URL; a missing or wrong setting ends the program here, with its remedy.
const auth = CrossmintAuth.from(createCrossmint({ apiKey: AUTHMINT_SERVER_KEY }));

const pages = {
  "/": withAuth(auth, (_req, res, { session }) => text(res, session ? `Hello ${session.userId}` : "Hello stranger")),
  // 401 for whoever is not signed in, 503 while nobody can tell.
  "/account": requireAuth(auth, async (_req, res, session) => {
    const user = await auth.getUser(session.userId);
    text(res, `The account of ${user.email ?? user.id}`);
  }),
};
// POST /auth/exchange, /auth/refresh and /auth/logout, for the app's own pages only.
const routes = authRoutes(auth);

const server = createServer(async (req, res) => {
  if (await routes(req, res)) return;
  const page = pages[new URL(req.url, "http://localhost").pathname];
  if (page) await page(req, res);
  else text(res, "There is no such page", 404);
});

function text(res, said, status = 200) {
  res.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "private, no-store" }).end(said);
}

// Loopback only: the cookies of a page served over plain HTTP must not cross a network.
server.listen(Number(PORT), "localhost", () => console.log(`open http://localhost:${server.address().port}`));
