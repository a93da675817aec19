// An Express app whose users sign in by email. Start `authmint dev`, then this, with the two keys that it prints:
//
//   AUTHMINT_BASE_URL=http://localhost:8420 AUTHMINT_SERVER_KEY=sk_… AUTHMINT_CLIENT_KEY=ck_… npm start

import { fileURLToPath } from "node:url";
import { CrossmintAuth, createCrossmint } from "authmint";
import { authRoutes, requireAuth, withAuth } from "authmint/express";
import express from "express";
import { signedIn, signedOut } from "./page.mjs";

const { AUTHMINT_SERVER_KEY, AUTHMINT_CLIENT_KEY, AUTHMINT_BASE_URL, AUTHMINT_INBOX_URL, PORT = "3000" } = process.env;

// The base URL comes from AUTHMINT_BASE_URL; a missing or wrong setting ends the program here, with its remedy.
const auth = CrossmintAuth.from(createCrossmint({ apiKey: AUTHMINT_SERVER_KEY }));

const app = express();
app.use(express.static(fileURLToPath(new URL("public", import.meta.url))));
// GET /auth/sign-in and /auth/callback, and POST /auth/sign-out, /auth/exchange, /auth/refresh and /auth/logout.
app.use("/auth", authRoutes(auth));
// From here on every request knows its user, and every answer carries renewed cookies.
app.use(withAuth(auth));

app.get("/", async (req, res) => {
  const { session, error } = req.auth;
  if (session) res.send(signedIn(await auth.getUser(session.userId)));
  // Nobody can tell who it is, so nobody is signed out.
  else if (error.retryable) res.status(503).send("The sign-in service does not answer. Try again in a moment.");
  else res.send(signedOut({ baseUrl: AUTHMINT_BASE_URL, clientKey: AUTHMINT_CLIENT_KEY, inboxUrl: AUTHMINT_INBOX_URL }));
});

app.get("/api/me", requireAuth(), (req, res) => {
  res.set("cache-control", "private, no-store").json({ userId: req.auth.userId });
});

// Loopback only: the cookies of a page served over plain HTTP must not cross a network.
const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`open http://localhost:${server.address().port}`);
});
