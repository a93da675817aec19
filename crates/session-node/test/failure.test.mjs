// Storms, outages, races and lost time: nobody is signed out, nothing is asked twice, nothing is left unhandled.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, mock, test } from "node:test";
import { promisify } from "node:util";
import { plain, refusal, request, sdk, serve, setCookies, startService } from "./support/app.mjs";

let service;

before(async () => {
  service = await startService();
});
after(() => service?.stop());
beforeEach(() => service.advance(3600));

/** The SDK behind a line that can be cut, counted and slowed. */
async function line(t, options = {}) {
  const state = { calls: [], cut: undefined };
  const origin = await serve(t, async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const path = req.url.split("?")[0].split("/").pop();
    state.calls.push(path);
    const cut = typeof state.cut === "function" ? state.cut(path) : state.cut;
    if (cut === "broken") return void req.socket.destroy();
    if (cut) return void res.writeHead(cut.status, cut.headers).end(cut.body ?? "{}");
    const { host: _, ...headers } = req.headers;
    const body = chunks.length ? Buffer.concat(chunks) : undefined;
    const answer = await fetch(service.baseUrl + req.url, { method: req.method, headers, body });
    res.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  const auth = sdk({ ...service, baseUrl: origin }, { issuer: service.baseUrl, revocation: "off", ...options });
  return Object.assign(state, { auth, count: (path) => state.calls.filter((call) => call === path).length });
}

test("a thousand requests with one expired JWT are one refresh, and nobody is signed out", async (t) => {
  const { auth, count } = await line(t);
  const material = await service.signIn("ana@example.com");
  await service.advance(20 * 60);
  const answers = Array.from({ length: 1000 }, () => new Response());
  const sessions = await Promise.all(answers.map((answer) => auth.getSession(request(plain(material)), answer)));
  assert.equal(count("refresh"), 1);
  assert.equal(new Set(sessions.map(({ jwt }) => jwt)).size, 1);
  assert.ok(answers.every((answer) => setCookies(answer)["crossmint-jwt"].value === sessions[0].jwt));
  await auth.getSession(request(plain(material)));
  assert.equal(count("refresh"), 1, "a straggler gets the kept answer");
});

test("an outage never signs out: a valid JWT serves, an expired one is a retryable error, cookies stay", async (t) => {
  const world = await line(t, { totalLimitMs: 400, tryLimitMs: 200 });
  const material = await service.signIn("bo@example.com");
  await world.auth.getSession(request(plain(material)));
  for (const cut of [{ status: 503 }, { status: 429 }, { status: 500, body: "<html>" }, "broken", { status: 200, body: "no" }]) {
    mock.timers.reset();
    world.cut = cut;
    await service.advance(0);
    assert.equal((await world.auth.getSession(request(plain(material)))).userId, material.user.id);
  }
  await service.advance(20 * 60);
  for (const cut of [{ status: 503 }, "broken"]) {
    world.cut = cut;
    const answer = new Response();
    const error = await refusal(world.auth.getSession(request(plain(material)), answer));
    assert.deepEqual([error.code, error.retryable, error.status], ["unavailable", true, 503]);
    assert.deepEqual(setCookies(answer), {});
    if (cut === "broken") assert.ok(error.cause instanceof Error, "what the network said");
    assert.equal(error.stack.includes(material.refresh.secret) || error.message.includes(material.jwt), false);
  }
  world.cut = undefined;
  assert.equal((await world.auth.getSession(request(plain(material)))).userId, material.user.id);
});

test("a try that fails is repeated, Retry-After is honoured, and the answer is the same", async (t) => {
  const world = await line(t);
  const material = await service.signIn("cy@example.com");
  await world.auth.getSession(request(plain(material)));
  await service.advance(20 * 60);
  let failures = 2;
  world.cut = (path) => (path === "refresh" && failures-- > 0 ? { status: 503, headers: { "retry-after": "0" } } : undefined);
  assert.equal((await world.auth.getSession(request(plain(material)))).userId, material.user.id);
  assert.equal(world.count("refresh"), 3);
});

test("a service that does not answer is given up within the limit", async (t) => {
  const silent = createServer(() => {});
  await once(silent.listen(0, "127.0.0.1"), "listening");
  t.after(() => (silent.closeAllConnections(), silent.close()));
  const options = { totalLimitMs: 100, tryLimitMs: 100, revocation: "off" };
  const auth = sdk({ ...service, baseUrl: `http://127.0.0.1:${silent.address().port}` }, options);
  const material = await service.signIn("di@example.com");
  const error = await refusal(auth.getSession({ refreshToken: material.refresh.secret }));
  assert.deepEqual([error.code, error.cause?.name], ["unavailable", "TimeoutError"]);
});

test("a sign-out while a refresh is under way: what it brings is not stored", async (t) => {
  const world = await line(t);
  const material = await service.signIn("ed@example.com");
  await world.auth.getSession(request(plain(material)));
  await service.advance(20 * 60);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const holding = sdk({ ...service, baseUrl: service.baseUrl }, {
    revocation: "off",
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (String(url).endsWith("/refresh")) await held;
      return answer;
    },
  });
  const answer = new Response();
  const refreshing = refusal(holding.getSession(request(plain(material)), answer));
  const signedOut = await holding.logout(request(plain(material)), new Response());
  assert.equal(Object.keys(setCookies(signedOut)).length, 2);
  release();
  assert.equal((await refreshing).code, "session_revoked");
  assert.equal(Object.values(setCookies(answer)).some(({ value }) => value !== ""), false);
});

test("what ends elsewhere is refused here while its JWT is still good: the feed is followed", async () => {
  const auth = sdk(service, { revocation: "required" });
  const material = await service.signIn("flo@example.com");
  const asked = () => request(plain(material));
  /** What a request comes to, once it no longer comes to `until`; the poll's answer needs a turn of the loop. */
  const outcome = async (until) => {
    for (;;) {
      const came = await auth.getSession(asked()).then(({ userId }) => userId, ({ code }) => code);
      if (came !== until) return came;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  assert.equal(await outcome("unavailable"), material.user.id, "nothing is served before the feed was heard");
  await service.call("POST", `${service.authUrl}/logout`, { body: JSON.stringify({ refresh: material.refresh.secret }) });
  assert.equal(await outcome(material.user.id), "session_revoked");
});

test("a key without a right to the feed serves on, and says so once", async (t) => {
  const warnings = [];
  const origin = await serve(t, async (req, res) => {
    if (req.url.includes("revocations")) return void res.writeHead(403).end('{"code":"scope_missing","message":"no"}');
    const answer = await fetch(service.baseUrl + req.url);
    res.end(await answer.text());
  });
  const told = new Promise((resolve) => {
    const warn = (message) => {
      warnings.push(message);
      resolve();
      throw new Error("a log that fails");
    };
    const auth = sdk({ ...service, baseUrl: origin }, { issuer: service.baseUrl, warn });
    t.after(() => auth);
    service.signIn("gil@example.com").then((material) => auth.getSession(request(plain(material))));
  });
  await told;
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /revocation feed cannot be followed/);
});

test("a process that has nothing else to do ends, though a poll of the feed is under way", async (t) => {
  let polled;
  const polling = new Promise((resolve) => (polled = resolve));
  const origin = await serve(t, async (req, res) => {
    // A poll that waits: the answer never comes.
    if (req.url.includes("cursor=")) return void polled();
    const answer = await fetch(service.baseUrl + req.url, { headers: { "x-api-key": req.headers["x-api-key"] ?? "" } });
    res.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  const { jwt } = await service.signIn("hal@example.com");
  const script = `
    import { CrossmintAuth, createCrossmint } from "authmint";
    Date.now = () => performance.timeOrigin + performance.now() + ${Date.now() - performance.timeOrigin - performance.now()};
    const crossmint = createCrossmint({ apiKey: ${JSON.stringify(service.serverKey)}, overrideBaseUrl: ${JSON.stringify(origin)} });
    const auth = CrossmintAuth.from(crossmint, { issuer: ${JSON.stringify(service.baseUrl)} });
    console.log((await auth.getSession({ jwt: ${JSON.stringify(jwt)} })).userId.length);
    process.stdin.resume();`;
  const options = { cwd: import.meta.dirname, timeout: 15_000 };
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], options);
  await Promise.race([polling, run]);
  run.child.stdin.end();
  assert.equal((await run).stdout.trim(), "36");
});

test("an SDK made anew for each request keeps what it knows, and leaves nothing behind", async (t) => {
  const calls = [];
  const real = globalThis.fetch;
  const counting = mock.method(globalThis, "fetch", (url, init) => (calls.push(String(url)), real(url, init)));
  t.after(() => counting.mock.restore());
  const { CrossmintAuth, createCrossmint } = await import("authmint");
  // Once the service is stopped, the feed's follower says so.
  mock.method(console, "warn", () => {});
  const material = await service.signIn("ike@example.com");
  for (let time = 0; time < 50; time += 1) {
    const crossmint = createCrossmint({ apiKey: service.serverKey, overrideBaseUrl: service.baseUrl });
    await CrossmintAuth.from(crossmint).getSession(request(plain(material)));
  }
  assert.equal(calls.filter((url) => url.endsWith("jwks.json")).length, 1);
});
