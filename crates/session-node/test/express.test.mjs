// The middlewares, in Express 4, Express 5 and plain Node.

import assert from "node:assert/strict";
import { after, before, beforeEach, mock, test } from "node:test";
import * as forExpress from "authmint/express";
import * as forNode from "authmint/node";
import express4 from "express4";
import express5 from "express5";
import { plain, sdk, serve, setCookies, startService } from "./support/app.mjs";

let service;
let auth;

before(async () => {
  service = await startService();
  auth = sdk(service);
});
after(() => service?.stop());
beforeEach(() => service.advance(3600));

const OWN = { "content-type": "application/json", "sec-fetch-site": "same-origin" };

/** The same small app, on each server. */
const apps = {
  "Express 4": () => expressApp(express4),
  "Express 5": () => expressApp(express5),
  "plain Node": () => {
    const routes = forNode.authRoutes(auth);
    const me = forNode.requireAuth(auth, (_req, res, session) => void res.end(session.userId));
    const home = forNode.withAuth(auth, (_req, res, { session, error }) => void res.end(session?.userId ?? error.code));
    const broken = forNode.withAuth(auth, () => Promise.reject(new Error("the handler's own fault")));
    return async (req, res) => {
      if (await routes(req, res)) return;
      await (req.url === "/me" ? me : req.url === "/broken" ? broken : home)(req, res);
    };
  },
};

function expressApp(express) {
  const app = express();
  app.use("/auth", express.json(), forExpress.authRoutes(auth));
  app.get("/alone", forExpress.requireAuth(auth), (req, res) => res.send(req.auth.userId));
  app.get("/forgotten", forExpress.requireAuth(), (_req, res) => res.send("never"));
  app.use(forExpress.withAuth(auth));
  app.get("/", (req, res) => res.send(req.auth.userId ?? req.auth.error.code));
  app.get("/me", forExpress.requireAuth(), (req, res) => res.send(req.auth.userId));
  app.get("/broken", async () => Promise.reject(new Error("the handler's own fault")));
  // eslint-disable-next-line no-unused-vars -- Express knows it by its four arguments
  app.use((error, _req, res, _next) => res.status(error.status ?? 500).send(error.code ?? "internal"));
  return app;
}

for (const [name, make] of Object.entries(apps)) {
  test(`${name}: a page knows its user, a guarded one turns others away, renewal and routes set cookies`, async (t) => {
    const origin = await serve(t, make());
    const material = await service.signIn("amy@example.com");
    const headers = { cookie: plain(material), "sec-fetch-dest": "document" };
    const get = async (path, sent = headers) => {
      const answer = await fetch(origin + path, { headers: sent });
      return Object.assign(answer, { said: await answer.text() });
    };
    for (const _ of [1, 2]) {
      for (const path of ["/", "/me"]) assert.equal((await get(path)).said, material.user.id);
    }
    assert.equal((await get("/", {})).said, "not_signed_in");
    const stranger = await get("/me", {});
    assert.deepEqual([stranger.status, JSON.parse(stranger.said).code], [401, "not_signed_in"]);

    await service.advance(20 * 60);
    const renewed = await get("/me");
    assert.deepEqual([renewed.said, Object.keys(setCookies(renewed))], [
      material.user.id,
      ["crossmint-jwt", "crossmint-refresh-token"],
    ]);
    const refreshed = await fetch(`${origin}/auth/refresh`, { method: "POST", headers: { ...headers, ...OWN }, body: "{}" });
    assert.equal(refreshed.status, 200);
    assert.ok((await refreshed.json()).jwt && setCookies(refreshed)["crossmint-jwt"].value);
    assert.equal((await fetch(`${origin}/auth/refresh`)).status < 500, true, "another method is somebody else's");

    const bye = await fetch(`${origin}/auth/logout`, { method: "POST", headers: { ...headers, ...OWN } });
    assert.deepEqual([bye.status, await bye.json()], [200, {}]);
    const gone = await get("/me");
    assert.deepEqual([gone.status, JSON.parse(gone.said).code], [401, "session_revoked"]);
    assert.equal(setCookies(gone)["crossmint-jwt"].value, "", "a navigation clears");
  });
}

test("Express: a guard without a look is a fault of the app's, told by its remedy", async (t) => {
  const origin = await serve(t, apps["Express 5"]());
  const answer = await fetch(`${origin}/forgotten`);
  assert.deepEqual([answer.status, await answer.text()], [500, "layer_missing"]);
  const { jwt, refresh, user } = await service.signIn("bea@example.com");
  const alone = await fetch(`${origin}/alone`, { headers: { cookie: plain({ jwt, refresh }) } });
  assert.equal(await alone.text(), user.id);
  assert.equal((await fetch(`${origin}/alone`)).status, 401);
});

test("plain Node: a handler's own fault ends its request, not the process", async (t) => {
  const complaints = mock.method(console, "error", () => {});
  const origin = await serve(t, apps["plain Node"]());
  const answer = await fetch(`${origin}/broken`);
  assert.deepEqual([answer.status, (await answer.json()).code, complaints.mock.callCount()], [500, "internal", 1]);
  complaints.mock.restore();
});

test("while nobody can tell, a guarded page answers 503 and keeps the cookies", async (t) => {
  const gone = sdk({ ...service, baseUrl: "http://127.0.0.1:1" }, { totalLimitMs: 50, tryLimitMs: 50 });
  const { jwt, refresh } = await service.signIn("cal@example.com");
  const app = express5();
  app.get("/", forExpress.requireAuth(gone), (_req, res) => res.send("never"));
  for (const handler of [app, forNode.requireAuth(gone, (_req, res) => void res.end("never"))]) {
    const origin = await serve(t, handler);
    const answer = await fetch(origin, { headers: { cookie: plain({ jwt, refresh }) } });
    assert.deepEqual([answer.status, (await answer.json()).code, setCookies(answer)], [503, "unavailable", {}]);
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  }
});
