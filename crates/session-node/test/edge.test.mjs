// The package on the edge: the bundles for it, in the runtime that Cloudflare runs (workerd), against the service.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { CLIENT_KEY } from "../../../journeys/clients/support/vector.mjs";
import { Walker } from "../../../journeys/clients/support/walk.mjs";
import { plain, setCookies, startService } from "./support/app.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));

const CALLBACK = "https://app.example.com/auth/callback";

/** A worker as an app writes it, with a route for each thing that the edge must do. */
const WORKER = `
import { CrossmintAuth, createCrossmint, verifyCrossmintJwt } from "./edge/index.mjs";

export default {
  async fetch(request, { KEY, BASE, REVOCATION, CLIENT_KEY: clientKey }, context) {
    const crossmint = createCrossmint({ apiKey: KEY, overrideBaseUrl: BASE });
    const auth = CrossmintAuth.from(crossmint, { revocation: REVOCATION, clientKey, redirectUri: "${CALLBACK}" });
    try {
      const answer = new Response(null);
      switch (new URL(request.url).pathname) {
        case "/session": {
          const { userId } = await auth.getSession(request, answer, context);
          return new Response(userId, { headers: answer.headers });
        }
        case "/both": {
          const sessions = await Promise.all([1, 2, 3].map(() => auth.getSession(request, answer, context)));
          return Response.json(sessions.map(({ refreshToken }) => refreshToken.secret), { headers: answer.headers });
        }
        case "/seen":
          return new Response(auth.seen(request, context)?.userId ?? "");
        case "/peek":
          return new Response((await auth.peek(request)).userId);
        case "/verify": {
          const jwt = await request.text();
          const [ours, byHand] = [await auth.verifyCrossmintJwt(jwt), await verifyCrossmintJwt(jwt, auth.getJwksUri())];
          return Response.json([ours.sub, byHand.sub]);
        }
        case "/refresh":
          return await auth.handleCustomRefresh(request);
        case "/auth/sign-in":
          return await auth.handleSignIn(request);
        case "/auth/callback":
          return await auth.handleCallback(request);
        case "/auth/sign-out":
          return await auth.handleSignOut(request);
        case "/logout":
          return await auth.logout(request, answer);
      }
    } catch ({ name, code, status, retryable, message }) {
      return Response.json({ name, code, retryable, message }, { status: status ?? 500 });
    }
  },
};
`;

let service;
const workers = [];

before(async () => {
  service = await startService("--redirect-uri", CALLBACK);
});
after(async () => {
  await Promise.all(workers.map((worker) => worker.dispose()));
  await service?.stop();
});

/** Starts the worker, with a server key of the running service. */
function start(bindings = {}) {
  const modules = [
    { type: "ESModule", path: join(dist, "worker.mjs"), contents: WORKER },
    ...readdirSync(join(dist, "edge")).map((name) => ({ type: "ESModule", path: join(dist, "edge", name) })),
    { type: "CompiledWasm", path: join(dist, "authmint.wasm?module"), contents: readFileSync(join(dist, "authmint.wasm")) },
  ];
  const used = modules.filter(({ path }) => !path.endsWith("next.mjs"));
  const worker = new Miniflare({
    modules: used,
    modulesRoot: dist,
    // Of before workers had weak references, or a word for caches in fetch.
    compatibilityDate: "2024-01-01",
    bindings: { KEY: service.serverKey, BASE: service.baseUrl, ...bindings },
  });
  workers.push(worker);
  return async (path, { headers, ...init } = {}) => {
    const own = { host: "app.example.com", "sec-fetch-dest": "document" };
    const answer = await worker.dispatchFetch(`https://app.example.com${path}`, { ...init, redirect: "manual", headers: { ...own, ...headers } });
    return { status: answer.status, cookies: setCookies(answer), headers: answer.headers, text: await answer.text() };
  };
}

test("a session is verified by WebCrypto, recognised from then on, looked at, and verified by hand", async () => {
  const app = start();
  const material = await service.signIn("ada@example.com");
  const headers = { cookie: plain(material) };
  assert.equal((await app("/seen", { headers })).text, "", "not known before it was verified");
  const first = await app("/session", { headers });
  assert.deepEqual([first.status, first.text, first.cookies], [200, material.user.id, {}]);
  assert.equal((await app("/seen", { headers })).text, material.user.id);
  assert.equal((await app("/peek", { headers })).text, material.user.id);
  const verified = await app("/verify", { method: "POST", body: material.jwt });
  assert.deepEqual(JSON.parse(verified.text), [material.user.id, material.user.id]);
});

test("a stale session is renewed into cookies, by several at once into the same ones", async () => {
  const app = start();
  const material = await service.signIn("bob@example.com");
  const headers = { cookie: `crossmint-refresh-token=${material.refresh.secret}` };
  const renewed = await app("/both", { headers });
  assert.equal(renewed.status, 200, renewed.text);
  const [first, ...others] = JSON.parse(renewed.text);
  assert.deepEqual(others, [first, first]);
  assert.equal(renewed.cookies["crossmint-jwt"].value.split(".").length, 3);
  assert.equal(renewed.headers.get("cache-control"), "private, no-store");
  const routed = await app("/refresh", { method: "POST", headers: { ...headers, "content-type": "application/json", "sec-fetch-site": "same-origin" }, body: "{}" });
  assert.equal(routed.status, 200, routed.text);
  assert.equal(JSON.parse(routed.text).user.id, material.user.id);
});

test("forged, missing and foreign material is refused by the same codes as elsewhere", async () => {
  const app = start();
  const { jwt } = await service.signIn("cleo@example.com");
  const forged = `${jwt.slice(0, -8)}${jwt.endsWith("AAAAAAAA") ? "BBBBBBBB" : "AAAAAAAA"}`;
  for (const [cookie, code] of [
    [`crossmint-jwt=${forged}`, "signature_invalid"],
    ["theme=dark", "not_signed_in"],
    ["crossmint-refresh-token=amr1.nonsense", "refresh_malformed"],
  ]) {
    const { status, text } = await app("/session", { headers: { cookie } });
    const error = JSON.parse(text);
    assert.deepEqual([status, error.name, error.code], [401, "CrossmintAuthenticationError", code], text);
  }
});

test("sign-out clears the cookies and ends the session, and the feed tells other workers", async () => {
  const [app, other] = [start(), start({ REVOCATION: "required" })];
  const material = await service.signIn("dan@example.com");
  const headers = { cookie: plain(material) };
  assert.equal((await other("/session", { headers })).text, material.user.id, "heard before the first answer");
  const out = await app("/logout", { headers });
  assert.equal(out.cookies["crossmint-refresh-token"].value, "");
  assert.equal((await service.refresh(material.refresh.secret)).status, 401);
  const { status, text } = await start({ REVOCATION: "required" })("/session", { headers });
  assert.deepEqual([status, JSON.parse(text).code], [401, "session_revoked"], "though its JWT is good for minutes");
});

test("without the service a good JWT serves on, and the rest is told to come again", async () => {
  const app = start({ BASE: "http://127.0.0.1:9" });
  const material = await service.signIn("eve@example.com");
  const { status, text, cookies } = await app("/session", { headers: { cookie: plain(material) } });
  assert.deepEqual([status, JSON.parse(text).retryable, cookies], [503, true, {}], "without keys nobody can tell");
});

test("a person signs in by the service's page and out by a form", async () => {
  const app = start({ CLIENT_KEY });
  const walker = new Walker();
  const there = await app("/auth/sign-in?return_to=/cart");
  assert.equal(there.status, 303, there.text);
  const [[name, { value, attributes }]] = Object.entries(there.cookies);
  // The worker's own Host is a loopback name here, whatever its URL says.
  assert.match(name, /^authmint-flow-/);
  assert.ok(["HttpOnly", "Path=/", "SameSite=Lax"].every((one) => attributes.includes(one)), attributes.join());
  const page = await walker.follow(await walker.load(there.headers.get("location")));
  const mailed = await walker.follow(await walker.submit(page, "email", { email: "fay@example.com" }));
  const back = new URL((await walker.submit(mailed, "code", { code: await service.codeFor("fay@example.com") })).to);
  assert.equal(back.origin, "https://app.example.com");
  const stray = await app(back.pathname + back.search);
  assert.equal(stray.status, 400);
  assert.match(stray.text, /could not be finished/);
  const arrived = await app(back.pathname + back.search, { headers: { cookie: `${name}=${value}` } });
  assert.deepEqual([arrived.status, arrived.headers.get("location")], [303, "/cart"], arrived.text);
  assert.equal(arrived.cookies[name].value, "");
  const cookie = `crossmint-jwt=${arrived.cookies["crossmint-jwt"].value}`;
  assert.match((await app("/session", { headers: { cookie } })).text, /^[0-9a-f-]{36}$/);
  const out = await app("/auth/sign-out?return_to=//evil.example", { method: "POST", headers: { cookie, "sec-fetch-site": "same-origin" } });
  assert.deepEqual([out.status, out.headers.get("location")], [303, "/"]);
});
