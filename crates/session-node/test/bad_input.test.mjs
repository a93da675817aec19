// Whatever comes in: a typed error that names the remedy, or a session; never a crash, never an error of the engine.

import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { CrossmintAuthenticationError, verifyCrossmintJwt } from "authmint";
import { plain, refusal, request, sdk, startService } from "./support/app.mjs";

let service;
let auth;
let material;

before(async () => {
  service = await startService();
  auth = sdk(service);
  material = await service.signIn("ada@example.com");
});
after(() => service?.stop());

const thrower = new Proxy({}, { get: () => assert.fail("a getter of a foreign object") });

const NO_REQUESTS = {
  null: null,
  undefined,
  number: 7,
  string: "GET / HTTP/1.1",
  symbol: Symbol("request"),
  function: () => {},
  array: [],
  object: {},
  "headers that are null": { headers: null },
  "headers that are text": { headers: "cookie: a=b" },
  "headers that are a number": { headers: 7 },
  "a number for a JWT": { jwt: 7, refreshToken: "x" },
  "an object for a token": { refreshToken: { secret: 7 } },
  date: new Date(),
  response: 0,
};

test("what is no request is refused with the shapes that would do", async () => {
  for (const [name, value] of Object.entries(NO_REQUESTS)) {
    const error = await refusal(auth.getSession(value));
    assert.ok(["request_unsupported", "material_invalid"].includes(error.code), `${name}: ${error.code}`);
    await refusal(auth.peek(value));
    if (value != null) await refusal(auth.logout(value));
    const answer = await auth.handleCustomRefresh(value);
    assert.ok(answer.status >= 400 && (await answer.json()).code, name);
  }
  assert.match((await refusal(auth.getSession(null))).message, /pass Node's or Express's req/);
});

test("an object whose getters throw fails its own request only", async () => {
  assert.equal((await refusal(auth.getSession(thrower))).code, "request_unsupported");
  assert.equal((await auth.handleCustomRefresh(thrower, new Response())).status, 400);
});

test("what is no response is refused before anything is done", async () => {
  for (const value of [7, "x", {}, [], { headers: {} }, { setHeader: 1 }]) {
    const error = await refusal(auth.getSession(request(""), value));
    assert.equal(error.code, "response_unsupported");
    await refusal(auth.handleCustomRefresh(request(""), value));
    await refusal(auth.logout(request(""), value));
    await refusal(async () => auth.storeAuthMaterial(value, { jwt: "", refreshToken: { secret: "", expiresAt: "" } }));
  }
});

test("headers as they must not be: arrays, numbers, a megabyte, bytes that are no UTF-8, signs of other scripts", async () => {
  const huge = "x".repeat(1 << 20);
  const cookies = [
    huge,
    `crossmint-jwt=${huge}`,
    `crossmint-jwt=${material.jwt}${huge}; crossmint-refresh-token=`,
    "a=1;".repeat(1 << 18),
    "=".repeat(1 << 16),
    "crossmint-jwt=\xff\xfe\x00",
    "crossmint-jwt=\u4e16\u754c; crossmint-jwt=\ud800",
    "crossmint-jwt=\r\nSet-Cookie: a=b",
    ";;;===\"\"",
  ];
  for (const cookie of cookies) {
    for (const shape of [{ headers: { cookie } }, { headers: { cookie: [cookie, cookie] } }, { headers: { get: () => cookie } }]) {
      const error = await refusal(auth.getSession(shape));
      assert.ok(["not_signed_in", "jwt_malformed"].includes(error.code), `${error.code} for ${cookie.slice(0, 40)}`);
    }
  }
  for (const cookie of [7, null, {}, [7], [[]], () => "", true]) {
    assert.equal((await refusal(auth.getSession({ headers: { cookie } }))).code, "not_signed_in");
    assert.equal((await refusal(auth.getSession({ headers: { get: () => cookie } }))).code, "not_signed_in");
  }
});

test("a body that was read, is too long, breaks off, or is none", async () => {
  const post = (body, headers = {}) =>
    new Request("https://app.example.com/refresh", {
      method: "POST",
      body,
      duplex: "half",
      headers: { "content-type": "application/json", ...headers },
    });
  const consumed = post("{}");
  await consumed.text();
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  const cases = [
    [consumed, 500, "body_consumed"],
    [post("x".repeat(20_000)), 413, "request_invalid"],
    [post(JSON.stringify({ refresh: "x".repeat(17_000) })), 413, "request_invalid"],
    [post(broken), 400, "request_invalid"],
    [post("{"), 400, "request_invalid"],
    [post("[]"), 400, "request_invalid"],
    [post("7"), 400, "request_invalid"],
    [post('{"refresh":7}'), 400, "request_invalid"],
    [post(Uint8Array.of(0x22, 0xff, 0x22)), 400, "request_invalid"],
    [post('{"__proto__":{"refresh":"x"}}'), 401, "not_signed_in"],
    [post("  "), 401, "not_signed_in"],
  ];
  for (const [asked, status, code] of cases) {
    const answer = await auth.handleCustomRefresh(asked);
    assert.deepEqual([answer.status, (await answer.json()).code], [status, code]);
  }
});

/** A request of Node's whose body is this stream. */
function nodeRequest(chunks, headers = {}) {
  const asked = Readable.from(chunks, { objectMode: false });
  return Object.assign(asked, {
    method: "POST",
    httpVersion: "1.1",
    headers: { "content-type": "application/json", "transfer-encoding": "chunked", ...headers },
  });
}

test("on Node: characters across chunks are whole, a consumed or broken stream does not hang", async () => {
  const bytes = Buffer.from(JSON.stringify({ refresh: material.refresh.secret, name: "Zoë 世界 👩‍🚀" }));
  const split = Array.from(bytes, (byte) => Buffer.of(byte));
  const whole = await auth.handleCustomRefresh(nodeRequest(split));
  assert.equal(whole.status, 200);

  const consumed = nodeRequest([Buffer.from("{}")]);
  await consumed.toArray();
  const broken = nodeRequest(
    (async function* () {
      yield Buffer.from("{");
      throw new Error("gone");
    })(),
  );
  const destroyed = nodeRequest([Buffer.from("{}")]);
  destroyed.destroy();
  const endless = nodeRequest(
    (async function* () {
      for (;;) yield Buffer.alloc(1024, 0x20);
    })(),
  );
  for (const [asked, status, code] of [
    [consumed, 500, "body_consumed"],
    [broken, 400, "request_invalid"],
    [destroyed, 400, "request_invalid"],
    [endless, 413, "request_invalid"],
  ]) {
    const answer = await auth.handleCustomRefresh(asked);
    assert.deepEqual([answer.status, (await answer.json()).code], [status, code]);
  }
});

/** Numbers that look random and come again. */
function dice(seed) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const pick = (from) => from[Math.floor(next() * from.length)];
  const text = () => Array.from({ length: next() * 40 }, () => String.fromCharCode(next() * 300)).join("");
  return { next, pick, text };
}

test("ten thousand random requests, and nothing but typed errors", async () => {
  const { next, pick, text } = dice(7);
  const names = ["cookie", "host", "origin", "sec-fetch-site", "sec-fetch-dest", "content-type", "content-length", "vary"];
  const { jwt, refresh } = material;
  const tokens = [jwt, refresh.secret, "", "a.b.c", `${jwt}x`, jwt.slice(0, 50), "amr1", `amr1${refresh.secret.slice(4, 90)}`];
  const cookie = () => {
    const name = pick(["crossmint-jwt", "crossmint-refresh-token", `crossmint-jwt-${service.projectId}`, "theme", text()]);
    return `${name}=${pick([...tokens, text()])}`;
  };
  const headers = () => ({
    ...Object.fromEntries(names.map((name) => [name, pick([undefined, null, 7, [], ["a"], text(), "same-origin", "document"])])),
    cookie: pick([text(), Array.from({ length: next() * 5 }, cookie).join("; "), [cookie()], undefined]),
  });
  const shape = () =>
    pick([
      () => ({ headers: headers() }),
      () => ({ headers: headers(), body: pick([undefined, null, "{}", text(), {}, { refresh: text() }, Buffer.from(text())]) }),
      () => ({ req: { raw: { headers: new Headers({ cookie: "crossmint-jwt=x" }) } } }),
      () => ({ jwt: pick([...tokens, 7, null]), refreshToken: pick([...tokens, {}, undefined]) }),
      () => Object.assign(new IncomingMessage(), { headers: headers() }),
      () => pick(Object.values(NO_REQUESTS)),
    ])();
  const response = () => pick([undefined, new Response(), Response.error(), new Headers(), new ServerResponse(new IncomingMessage()), {}]);
  const quiet = sdk(service, { totalLimitMs: 20, tryLimitMs: 20, fetch: () => Promise.reject(new TypeError("cut")) });
  const acts = [
    (sdk) => sdk.getSession(shape(), response()),
    (sdk) => sdk.peek(shape()),
    (sdk) => sdk.check(shape()),
    (sdk) => sdk.handleCustomRefresh(shape(), response()),
    (sdk) => sdk.handleExchange(shape(), response()),
    (sdk) => sdk.handleLogout(shape(), response()),
    (sdk) => sdk.logout(shape(), response()),
    (sdk) => sdk.verifyCrossmintJwt(pick([...tokens, text(), 7]), pick([undefined, { keys: [] }, {}, { keys: 7 }])),
    (sdk) => verifyCrossmintJwt(pick(tokens), pick([{ keys: [] }, {}, null, 7])),
    (sdk) => sdk.getUser(text()),
    async (sdk) => sdk.storeAuthMaterial(response(), pick([null, {}, { jwt, refreshToken: refresh }, { jwt: text() }])),
    async (sdk) => sdk.seen(shape()),
  ];
  let [came, refusals] = [0, 0];
  for (let round = 0; round < 10_000 / 50; round += 1) {
    const asked = Array.from({ length: 50 }, () => Promise.resolve().then(() => pick(acts)(quiet)));
    for (const { status, reason } of await Promise.allSettled(asked)) {
      if (status === "fulfilled") came += 1;
      else {
        assert.ok(reason instanceof CrossmintAuthenticationError, reason?.stack ?? String(reason));
        refusals += 1;
      }
    }
  }
  assert.equal(came + refusals, 10_000);
  assert.ok(came > 1000 && refusals > 1000, `${came} came to something, ${refusals} were refused`);
  assert.equal((await auth.getSession(request(plain(material)))).userId, material.user.id, "and it still serves");
});
