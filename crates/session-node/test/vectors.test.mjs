// The same vectors as the crates run, through the addon and through WebAssembly: conversations, session JWTs, cookies.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const require = createRequire(import.meta.url);
const { loadNative } = require("../dist/native.js");
const { wasmCore } = require("../dist/wasm.js");
const { signatureHolds } = require("../dist/webcrypto.js");

const wasm = readFileSync(new URL("../dist/authmint.wasm", import.meta.url));
/** Both cores, under the name that a failure shows. */
const cores = { native: loadNative(), wasm: wasmCore(new WebAssembly.Module(wasm)) };

test("the module is small enough for a cold start to download, and imports nothing", () => {
  assert.ok(gzipSync(wasm, { level: 9 }).length <= 150_000, `${gzipSync(wasm, { level: 9 }).length} bytes`);
  assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(wasm)), []);
});

const read = (path) => JSON.parse(readFileSync(new URL(`../../../vectors/${path}`, import.meta.url), "utf8"));
const guardVectors = read("guard/conversations.json");

function makeGuard(core, options = guardVectors.options) {
  const { guard, error } = core.makeGuard(JSON.stringify(options), Buffer.from(guardVectors.seed, "hex"));
  assert.equal(error?.message, undefined);
  return guard;
}

const lines = (head) => Object.entries(head).map(([name, value]) => `${name}\n${value}\n`).join("");

/** What is expected of a call, as the vectors write it. */
function called(call) {
  const { url, body } = call.request();
  return { send: new URL(url).pathname.split("/").pop(), ...(body ? { body: JSON.parse(body) } : {}) };
}

/** Does one step of a conversation and says what came of it. */
async function act(guard, step, now, pending) {
  const done = ({ session, error, cookies }) => {
    if (error) return { error: error.code, retryable: error.retryable, cookies };
    const { userId, jwt, refreshToken, expiresAt, issuer } = session;
    return { session: { userId, jwt, refreshToken, expiresAt, ...(issuer && { issuer }) }, cookies };
  };
  const next = async (came) => {
    if (Array.isArray(came)) {
      const [userId, jwt, refreshToken, issuer] = came;
      return { session: { userId, jwt, refreshToken, expiresAt: "", ...(issuer && { issuer }) }, cookies: [] };
    }
    const { outcome, call, check, waiting } = came;
    if (outcome) return done(outcome);
    if (check) return next(waiting.checked(await signatureHolds(check), now));
    Object.assign(pending, { call, waiting });
    return called(call);
  };
  const settled = async (answer) => (answer ? next(pending.waiting.receive(answer, now)) : { again: true });
  if (step.begin) {
    // What is recognised at once must be what the whole conversation comes to.
    const alone = step.begin.cookie !== undefined && step.begin.authorization === undefined;
    const quick = !alone ? null : guard.recognise(step.begin.cookie, now);
    const came = await next(guard.begin(lines(step.begin), false, now));
    if (quick) assert.deepEqual([quick, came.cookies], [[came.session.userId, came.session.jwt, came.session.refreshToken], []]);
    return came;
  }
  if (step.peek) return next(guard.begin(lines(step.peek), true, now));
  if (step.with) return next(guard.beginWith(step.with.jwt ?? null, step.with.refreshToken ?? null, now));
  if (step.renew) return next(guard.beginRenewal(lines(step.renew), step.presented ?? null, now));
  if (step.signOut) {
    const { values, calls } = guard.signOut(lines(step.signOut), now);
    return { calls: calls.map(called), cookies: values };
  }
  if (step.lost) return settled(pending.call.failed(step.lost === "timeout", "the request failed", now));
  const { status, headers, body } = step.reply;
  const [control, retry] = [headers["cache-control"] ?? null, headers["retry-after"] ?? null];
  return settled(pending.call.receive(status, control, retry, Buffer.from(body), now));
}

for (const [name, core] of Object.entries(cores)) {
  test(`${name}: every conversation goes as in Rust`, async () => {
    assert.ok(guardVectors.cases.length > 40);
    for (const { name, steps } of guardVectors.cases) {
      const [guard, pending] = [makeGuard(core), {}];
      for (const [number, step] of steps.entries()) {
        const came = await act(guard, step, (guardVectors.start + step.at) * 1000, pending);
        assert.deepEqual(came, step.expect, `${name}, step ${number}`);
      }
    }
  });

  test(`${name}: JWTs are accepted and refused as in Rust, each for the same reason`, async () => {
    const guard = makeGuard(core);
    const tokens = jwtVectors();
    const { issuer, audience } = { issuer: guardVectors.options.baseUrl, audience: guard.projectId() };
    const now = guardVectors.start + 1;
    const asked = tokens.map(({ token, jwks }, id) => ({ id, fn: "jwt_verify", token, jwks, issuer, audience, now }));
    const expected = conform(asked);
    const codes = new Map();
    for (const [id, { token, jwks }] of tokens.entries()) {
      const begun = guard.verifyWith(String(token), Buffer.from(JSON.stringify(jwks)), now * 1000);
      const { claims, error } = begun.check ? begun.resume(await signatureHolds(begun.check), now * 1000) : begun;
      const came = error ? error.code : JSON.parse(claims);
      assert.deepEqual(came, expected[id].ok ? expected[id].value : expected[id].error, `token ${id}: ${token}`);
      const code = error?.code ?? "accepted";
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    // Enough of each kind, or the vectors would prove nothing.
    for (const code of ["accepted", "signature_invalid", "jwt_malformed", "alg_not_allowed", "issuer_mismatch"]) {
      assert.ok(codes.get(code) > 0, `${code} in ${JSON.stringify([...codes])}`);
    }
    assert.ok(tokens.length > 400, `${tokens.length}`);
  });

  test(`${name}: cookie headers are read as in Rust`, () => {
    const headers = cookieHeaders();
    const expected = conform(headers.map((header, id) => ({ id, fn: "parse_cookie_header", header })));
    const keys = guardVectors.cases[0].steps[1].reply.body;
    let found = 0;
    for (const [id, header] of headers.entries()) {
      const { jwt, refresh } = expected[id].value;
      const guard = makeGuard(core);
      let step = guard.begin(`cookie\n${header}\n`, false, guardVectors.start * 1000);
      if (jwt !== null) {
        assert.equal(called(step.call).send, "jwks.json", header);
        step = step.waiting.receive(step.call.receive(200, null, null, Buffer.from(keys), guardVectors.start * 1000), 0);
      }
      const sent = step.call ? called(step.call).body.refresh : null;
      assert.equal(sent, refresh, header);
      found += sent === null ? 0 : 1;
      guard.release?.();
    }
    assert.ok(found > 100, `${found} of ${headers.length}`);
  });
}

/** Tokens with the key sets that they are held against. */
function jwtVectors() {
  const tokens = [];
  const latchset = read("jose/latchset.json");
  for (const [name, token] of Object.entries(latchset).filter(([name]) => name.endsWith(".jwsc"))) {
    const jwk = latchset[name.replace(/\.jwsc$/, ".jwk")];
    if (jwk) tokens.push({ token, jwks: { keys: [JSON.parse(jwk)] } });
  }
  for (const { public: key, private: secret, tests } of read("wycheproof/json_web_signature_test.json").testGroups) {
    for (const { jws } of tests) {
      if (typeof jws === "string") tokens.push({ token: jws, jwks: { keys: [key ?? secret] } });
    }
  }
  const ours = JSON.parse(guardVectors.cases[0].steps[1].reply.body);
  const said = JSON.stringify(guardVectors).matchAll(/crossmint-jwt(?:-[0-9a-f-]+)?=([^;"\\ ]+)/g);
  for (const token of new Set([...said].map((match) => match[1]))) tokens.push({ token, jwks: ours });
  return tokens;
}

/** Cookie headers of browsers, one of whose cookies each time bears our name. */
function cookieHeaders() {
  const headers = [];
  for (const { sent } of read("cookies/http-state-parser.json")) {
    for (const ours of ["crossmint-refresh-token", "crossmint-jwt"]) {
      for (const picked of sent.keys()) {
        headers.push(sent.map(({ name, value }, at) => `${at === picked ? ours : name}=${value}`).join("; "));
      }
    }
  }
  for (const { fn, args } of read("cookies/jshttp-recorded-cases.json")) {
    if (fn === "parseCookie" && typeof args[0] === "string") {
      headers.push(args[0].replace(/^[^=;]*=/, "crossmint-refresh-token="));
    }
  }
  // What a header can hold: one byte a character.
  return headers.filter((header) => !/[^\x20-\x7e]/.test(header));
}

/** What the Rust library answers, by the program that any outside check uses. */
function conform(questions) {
  const { AUTHMINT_BIN } = process.env;
  assert.ok(AUTHMINT_BIN, "AUTHMINT_BIN must name the built program: run this by `cargo xtask test`");
  const program = join(dirname(AUTHMINT_BIN), "conform");
  const input = questions.map((question) => JSON.stringify(question)).join("\n");
  const { stdout, status, error } = spawnSync(program, { input: `${input}\n`, encoding: "utf8", maxBuffer: 1 << 28 });
  assert.ok(status === 0, `${program}: ${error ?? status}`);
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}
