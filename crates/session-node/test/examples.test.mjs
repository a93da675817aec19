// The examples, started as a person starts them, and used as a browser uses them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CLIENT_KEY } from "../../../journeys/clients/support/vector.mjs";
import { startProvider } from "../../../journeys/clients/support/provider.mjs";
import { setCookies, startService } from "./support/app.mjs";

let service;

before(async () => {
  service = await startService();
});
after(() => service?.stop());

/** Starts an example and gives its origin, once it says so. */
async function start(t, name, { program = "server.mjs", ...more } = {}) {
  const env = {
    ...process.env,
    PORT: "0",
    AUTHMINT_BASE_URL: service.baseUrl,
    AUTHMINT_SERVER_KEY: service.serverKey,
    AUTHMINT_CLIENT_KEY: CLIENT_KEY,
    AUTHMINT_INBOX_URL: service.inboxUrl,
    ...more,
  };
  const cwd = fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
  const child = spawn(process.execPath, ["--unhandled-rejections=strict", program], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  t.after(() => (child.kill(), ended));
  const line = once(createInterface({ input: child.stdout }), "line");
  const [said] = await Promise.race([line, ended.then(([code]) => assert.fail(`${name} ended with ${code}`))]);
  return said.replace("open ", "");
}

/** A browser as far as these pages need one: it keeps cookies and says where it comes from. */
function browser(origin) {
  const jar = new Map();
  return async (path, { body, ...init } = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const own = body === undefined ? { "sec-fetch-dest": "document" } : { origin, "sec-fetch-site": "same-origin", "content-type": "application/json" };
    const sent = { ...init, ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }), headers: { ...own, cookie } };
    const answer = await fetch(origin + path, sent);
    for (const [name, { value }] of Object.entries(setCookies(answer))) {
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    return { status: answer.status, text: await answer.text(), cookies: setCookies(answer) };
  };
}

/** A sign-in up to its one-time secret. */
async function prove(email) {
  const { emailId } = (await service.sendCode(email)).json;
  const code = await service.codeFor(email);
  return (await service.authenticate({ email, emailId, code })).json.oneTimeSecret;
}

test("examples/express: sign in, be known, be guarded, sign out", async (t) => {
  const visit = browser(await start(t, "express"));
  const stranger = await visit("/");
  assert.match(stranger.text, /<form id="sign-in"/);
  assert.ok(stranger.text.includes(service.inboxUrl));
  assert.equal((await visit("/sign-in.js")).status, 200);
  assert.equal((await visit("/api/me")).status, 401);
  assert.equal((await visit("/auth/exchange", { body: { oneTimeSecret: await prove("amy@example.com") } })).status, 200);
  assert.match((await visit("/")).text, /<strong id="user-email">amy@example\.com</);
  assert.ok(JSON.parse((await visit("/api/me")).text).userId);
  assert.equal((await visit("/auth/logout", { body: {} })).status, 200);
  assert.match((await visit("/")).text, /<form id="sign-in"/);
});

for (const example of ["node-http", "hono"]) {
  test(`examples/${example}: a stranger, a user, a sign-out`, async (t) => {
    const visit = browser(await start(t, example));
    assert.match((await visit("/")).text, /Hello stranger/);
    assert.equal((await visit("/account")).status, 401);
    assert.equal((await visit("/auth/exchange", { body: { oneTimeSecret: await prove(`${example}@example.com`) } })).status, 200);
    assert.match((await visit("/")).text, /Hello (<span id="user">)?[0-9a-f-]{36}/);
    assert.equal((await visit("/account")).text, `The account of ${example}@example.com`);
    assert.equal((await visit("/auth/logout", { body: {} })).status, 200);
    assert.equal((await visit("/account")).status, 401);
    assert.equal((await visit("/nowhere")).status, 404);
  });
}

test("express, bring your own: who signed in with a real issuer is known by its JWT, and nobody else is", async (t) => {
  const [provider, other] = await Promise.all([startProvider(), startProvider()]);
  t.after(() => Promise.all([provider.stop(), other.stop()]));
  const origin = await start(t, "express", { program: "bring-your-own.mjs", ISSUER_URL: provider.url, ISSUER_AUDIENCE: "shop" });
  const me = (token) => fetch(`${origin}/api/me`, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  const known = await me(await provider.idToken("ada"));
  assert.deepEqual([known.status, await known.json()], [200, { userId: "ada", issuer: provider.url }]);
  assert.deepEqual(known.headers.getSetCookie(), []);
  assert.equal((await me(await other.idToken("ada"))).status, 401);
  assert.equal((await me()).status, 401);
});
