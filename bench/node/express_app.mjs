// The Express apps under load, in a process of their own.

import { once } from "node:events";
import * as reference from "@crossmint/server-sdk";
import * as authmint from "authmint";
import { requireAuth, withAuth } from "authmint/express";
import express from "express";
import { API_KEY } from "./world.mjs";

const make = ({ CrossmintAuth, createCrossmint }) =>
  CrossmintAuth.from(createCrossmint({ apiKey: API_KEY, overrideBaseUrl: process.argv[2] }));
const [ours, theirs] = [make(authmint), make(reference)];

const guards = {
  bare: [],
  ours: [withAuth(ours), requireAuth()],
  theirs: [
    async (req, res, next) => {
      try {
        req.auth = await theirs.getSession(req, res);
        next();
      } catch {
        res.status(401).end();
      }
    },
  ],
};

const ports = {};
for (const [name, guard] of Object.entries(guards)) {
  const app = express();
  app.get("/", ...guard, (_req, res) => void res.send("signed in"));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  ports[name] = server.address().port;
}
process.send(ports);
