// The same app's server for users who sign in somewhere else: with any OpenID issuer, whose JWT their pages send along.
// It needs no refresh and no cookie, and each check is offline once the issuer's keys are known.
//
//   ISSUER_URL=https://your-tenant.example ISSUER_AUDIENCE=your-app \
//   AUTHMINT_BASE_URL=http://localhost:8420 AUTHMINT_SERVER_KEY=sk_… npm run bring-your-own
//
// For Auth0, Firebase, Supabase, Stytch, Cognito, Kinde, Privy, Dynamic and Clerk there are presets in authmint/issuers.

import { CrossmintAuth, createCrossmint } from "authmint";
import { requireAuth, withAuth } from "authmint/express";
import express from "express";

const { ISSUER_URL, ISSUER_AUDIENCE, AUTHMINT_SERVER_KEY, PORT = "3000" } = process.env;

const auth = CrossmintAuth.from(createCrossmint({ apiKey: AUTHMINT_SERVER_KEY }), {
  issuers: [{ issuer: ISSUER_URL, audience: ISSUER_AUDIENCE }],
});

const app = express();
app.use(withAuth(auth));
app.get("/api/me", requireAuth(), (req, res) => {
  const { userId, issuer } = req.auth.session;
  res.set("cache-control", "private, no-store").json({ userId, issuer });
});

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`open http://localhost:${server.address().port}`);
});
