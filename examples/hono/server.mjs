// The app on Node.js. Start `authmint dev`, then this, with the key that it prints:
//
//   AUTHMINT_BASE_URL=http://localhost:8420 AUTHMINT_SERVER_KEY=sk_… npm start
//
// Sign in on the demo app of `authmint dev`: cookies ignore ports, so whoever is signed in there is signed in here.

import { serve } from "@hono/node-server";
import { createApp } from "./app.mjs";

// Loopback only: the cookies of a page served over plain HTTP must not cross a network.
serve({ fetch: createApp(process.env).fetch, port: Number(process.env.PORT ?? 3000), hostname: "localhost" }, ({ port }) => {
  console.log(`open http://localhost:${port}`);
});
