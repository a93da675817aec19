// Sign-in by the service's page: there and back, through each adapter of this package, by the addon and by WebAssembly.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { authRoutes as expressRoutes } from "authmint/express";
import { authRoutes, withAuth } from "authmint/node";
import express from "express5";
import { CLIENT_KEY } from "../../../journeys/clients/support/vector.mjs";
import { Walker } from "../../../journeys/clients/support/walk.mjs";
import { refusal, sdk, startService } from "./support/app.mjs";

const apps = {};
let service;

/** An app on a port of its own, which the service must know before it starts. */
async function listen(name) {
  const server = createServer((request, response) => apps[name].handle(request, response));
  await once(server.listen(0, "localhost"), "listening");
  apps[name] = { server, origin: `http://localhost:${server.address().port}` };
}

before(async () => {
  await Promise.all(["node", "express", "fetch"].map(listen));
  const uris = Object.values(apps).flatMap(({ origin }) => ["--redirect-uri", `${origin}/auth/callback`]);
  service = await startService(...uris);
  const auth = sdk(service, { clientKey: CLIENT_KEY });
  const hello = (response, session) => response.end(session ? `Hello ${session.userId}` : "Hello stranger");

  const routes = authRoutes(auth);
  const page = withAuth(auth, (_request, response, { session }) => hello(response, session));
  apps.node.handle = async (request, response) => (await routes(request, response)) || page(request, response);

  const app = express();
  app.use("/auth", expressRoutes(auth));
  app.use(async (request, response) => hello(response, (await auth.check(request)).session));
  apps.express.handle = app;

  // The Fetch shape, as Hono, Remix and workers hand it in.
  const fetchLike = { "GET /auth/sign-in": "handleSignIn", "GET /auth/callback": "handleCallback", "POST /auth/sign-out": "handleSignOut" };
  apps.fetch.handle = async (request, response) => {
    const { origin } = apps.fetch;
    const asked = new Request(origin + request.url, { method: request.method, headers: request.headers });
    const handler = fetchLike[`${request.method} ${new URL(asked.url).pathname}`];
    if (!handler) return hello(response, (await auth.check(asked)).session);
    const answer = await auth[handler](asked);
    response.writeHead(answer.status, [...answer.headers].flat());
    return response.end(await answer.text());
  };
});
after(async () => {
  await service?.stop();
  for (const { server } of Object.values(apps)) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => service.advance(120));

for (const name of ["node", "express", "fetch"]) {
  test(`${name}: a person signs in by the page, lands where they were, and signs out by a form`, async () => {
    const { origin } = apps[name];
    const walker = new Walker();
    const arrived = await walker.signIn(`${origin}/auth/sign-in?return_to=/cart%3Fa=1`, `ada-${name}@example.com`, service);
    assert.deepEqual([arrived.status, arrived.to], [303, `${origin}/cart?a=1`], arrived.text);
    assert.equal(arrived.headers.get("cache-control"), "private, no-store");
    assert.deepEqual([...walker.jar(origin).keys()].filter((key) => key.includes("flow")), [], "the flow is used up");
    assert.match((await walker.load(arrived.to)).text, /^Hello [0-9a-f-]{36}$/);

    const own = { origin, "sec-fetch-site": "same-origin" };
    const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    const body = new URLSearchParams({ a: "b" });
    const refused = await walker.load(`${origin}/auth/sign-out`, { method: "POST", body, headers: foreign });
    assert.equal(refused.status, 403, refused.text);
    const out = await walker.load(`${origin}/auth/sign-out?return_to=/bye`, { method: "POST", headers: own });
    assert.deepEqual([out.status, out.to], [303, `${origin}/bye`], out.text);
    assert.equal((await walker.load(origin)).text, "Hello stranger");
  });

  test(`${name}: threat 26: what comes back without the state of this browser signs nobody in`, async () => {
    const { origin } = apps[name];
    const [victim, attacker] = [new Walker(), new Walker()];
    await victim.load(`${origin}/auth/sign-in`);
    const theirs = await attacker.load(`${origin}/auth/sign-in`);
    const state = new URL(theirs.to).searchParams.get("state");
    const stray = await victim.load(`${origin}/auth/callback?code=x&state=${state}&iss=${encodeURIComponent(service.baseUrl)}`);
    assert.equal(stray.status, 400);
    assert.match(stray.headers.get("content-type"), /^text\/html/);
    assert.match(stray.headers.get("content-security-policy"), /default-src 'none'/);
    assert.match(stray.text, /could not be finished.*href="\/auth\/sign-in"/s);
    assert.equal(victim.jar(origin).has("crossmint-jwt"), false);
  });
}

test("a code is good for the browser that asked for it, and once", async () => {
  const { origin } = apps.node;
  const walker = new Walker();
  const there = await walker.load(`${origin}/auth/sign-in`);
  const before = new Map(walker.jar(origin));
  const page = await walker.follow(await walker.load(there.to));
  const mailed = await walker.follow(await walker.submit(page, "email", { email: "eve@example.com" }));
  const back = await walker.submit(mailed, "code", { code: await service.codeFor("eve@example.com") });
  assert.equal((await walker.load(back.to)).status, 303);
  // The same again within the grace window is the same session: a person who reloads is not told off.
  const again = new Walker();
  for (const [name, value] of before) again.jar(origin).set(name, value);
  assert.equal((await again.load(back.to)).status, 303);
  await service.advance(60);
  const late = new Walker();
  for (const [name, value] of before) late.jar(origin).set(name, value);
  assert.equal((await late.load(back.to)).status, 401);
  assert.equal((await new Walker().load(back.to)).status, 400);
});

test("without a client key the page cannot be asked, and a person is told so; a wrong one is refused at once", async () => {
  const auth = sdk(service);
  const answer = await auth.handleSignIn(new Request(`${apps.node.origin}/auth/sign-in`));
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /client key/);
  const error = await refusal(() => sdk(service, { clientKey: service.serverKey }));
  assert.equal(error.code, "client_key_required");
  const uri = await refusal(() => sdk(service, { clientKey: CLIENT_KEY, redirectUri: "http://app.example.com/x" }));
  assert.equal(uri.code, "redirect_uri_invalid");
});
