// The rules of every call, held against the bare wire: who may call from where, and how a refusal looks.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, test } from "node:test";
import base58 from "bs58";
import { startService } from "../support/service.mjs";
import { CLIENT_KEY, PROJECT_ID } from "../support/vector.mjs";

const HEADERS =
  "x-api-key, x-client-name, x-client-version, content-type, x-app-identifier, x-extension-id, authorization";
const FOREIGN = "https://shop.example";

let service;

before(async () => {
  service = await startService();
});
after(() => service?.stop());
beforeEach(() => service.advance(3600));

/** A well-formed client key of the same project whose nonce this service never registered. */
function keyOfAnotherService() {
  const prefix = CLIENT_KEY.slice(0, "ck_development_".length);
  const decoded = new TextDecoder().decode(base58.decode(CLIENT_KEY.slice(prefix.length)));
  const otherNonce = decoded.replace(/\.[0-9a-f]{32}:/, `.${"ab".repeat(16)}:`);
  assert.notEqual(otherNonce, decoded);
  return prefix + base58.encode(new TextEncoder().encode(otherNonce));
}

/** Every refusal has one form: JSON with a sentence for a person and a stable code. */
function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get("content-type"), /^application\/json/);
  assert.equal(answer.json?.error, true, answer.text);
  assert.match(answer.json.message, /\w+ \w+/, "words, not a code");
  assert.equal(answer.json.code, code);
}

test("a preflight from anywhere, without a key, is answered and hands out no credentials", async () => {
  const paths = ["otps/send", "authenticate", "refresh", "logout", "social/google/start"];
  const urls = [...paths.map((path) => `${service.authUrl}/${path}`), service.userUrl];
  for (const url of urls) {
    const asked = { origin: FOREIGN, "access-control-request-method": "POST", "access-control-request-headers": HEADERS };
    const { status, headers } = await fetch(url, { method: "OPTIONS", headers: asked });
    assert.equal(status, 204, url);
    assert.equal(headers.get("access-control-allow-origin"), FOREIGN);
    assert.match(headers.get("vary"), /\borigin\b/i);
    for (const method of ["GET", "POST"]) {
      assert.ok(headers.get("access-control-allow-methods").includes(method));
    }
    const allowed = headers.get("access-control-allow-headers").toLowerCase().split(/\s*,\s*/);
    assert.deepEqual(HEADERS.split(", ").filter((name) => !allowed.includes(name)), []);
    assert.equal(headers.get("access-control-max-age"), "7200");
    assert.equal(headers.get("access-control-allow-credentials"), null);
  }
});

test("the key's origins are enforced on the call, and the page can read the refusal", async () => {
  const refused = await service.refresh("whatever", { headers: { origin: FOREIGN } });
  assertProblem(refused, 403, "origin_not_allowed");
  assert.ok(refused.json.message.includes(`Request from origin "${FOREIGN}"`), "the vendor's client looks for it");
  assert.equal(refused.headers.get("access-control-allow-origin"), FOREIGN);
  assert.match(refused.headers.get("access-control-expose-headers"), /retry-after/i);

  const origin = "http://localhost:5173";
  const { refresh } = await service.signIn("sam@example.com");
  for (const headers of [{ origin }, {}]) {
    const answer = await service.refresh(refresh.secret, { headers });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers.get("access-control-allow-origin"), headers.origin ?? null);
    assert.equal(answer.headers.get("access-control-allow-credentials"), null);
  }
});

test("a key is demanded, and each way of not having one has its code", async () => {
  assertProblem(await service.refresh("x", { key: null }), 401, "api_key_missing");
  assertProblem(await service.refresh("x", { key: "nonsense" }), 401, "api_key_malformed");
  const otherServices = await service.refresh("x", { key: keyOfAnotherService() });
  assertProblem(otherServices, 401, "api_key_unknown");
});

test("a refusal does not cost the connection: a body that is still on its way is taken", async () => {
  const { hostname, port, pathname } = new URL(`${service.authUrl}/refresh`);
  const socket = connect(Number(port), hostname);
  const received = text(socket);
  const body = '{"refresh":"x"}';
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: ${body.length}\r\n\r\n`);
  // By the time of another connection's answer, the service has read this head, which lacks a key.
  await fetch(`${service.baseUrl}/healthz`);
  socket.write(body);
  socket.write(`GET /healthz HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`);
  const statuses = (await received).match(/HTTP\/1\.1 \d+/g);
  assert.deepEqual(statuses, ["HTTP/1.1 401", "HTTP/1.1 200"], "clients take a broken connection for an outage");
});

test("a stale or foreign Authorization header is no reason to refuse", async () => {
  const email = "tia@example.com";
  const headers = { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." };
  const sent = await service.sendCode(email, { headers });
  assert.equal(sent.status, 200, sent.text);
  const proof = { email, emailId: sent.json.emailId, code: await service.codeFor(email) };
  const proven = await service.authenticate(proof, { headers });
  assert.equal(proven.status, 200, proven.text);
  const session = await service.refresh(proven.json.oneTimeSecret, { headers });
  assert.equal(session.status, 200, session.text);
  const body = JSON.stringify({ refresh: session.json.refresh.secret });
  const left = await service.call("POST", `${service.authUrl}/logout`, { headers, body });
  assert.deepEqual([left.status, left.json], [200, {}]);
});

test("signing out is idempotent, and asks for nothing", async () => {
  for (const body of ["{}", undefined, '{"refresh":"no-token-of-ours"}']) {
    const answer = await service.call("POST", `${service.authUrl}/logout`, { body });
    assert.deepEqual([answer.status, answer.json], [200, {}], answer.text);
  }
});

test("a plus that arrives as a space is still a plus, and the callback URL comes back with the secret", async () => {
  const email = "uma+news@example.com";
  const { json } = await service.sendCode(email);
  const code = await service.codeFor(email);
  const callbackUrl = `${service.authUrl}/callback`;
  const proven = await service.authenticate({ email: email.replace("+", " "), emailId: json.emailId, code, callbackUrl });
  assert.equal(proven.status, 200, proven.text);
  const url = new URL(proven.json.callbackUrl);
  assert.equal(url.searchParams.get("oneTimeSecret"), proven.json.oneTimeSecret);
  assert.equal(url.href.split("?")[0], callbackUrl);
});

test("a one-time secret works once, and a spoilt repeat does not hurt the session", async () => {
  const email = "vic@example.com";
  const { json } = await service.sendCode(email);
  const proven = await service.authenticate({ email, emailId: json.emailId, code: await service.codeFor(email) });
  const first = await service.refresh(proven.json.oneTimeSecret);
  const again = await service.refresh(proven.json.oneTimeSecret);
  assert.equal(again.json.refresh.secret, first.json.refresh.secret, "a reloaded callback page gets the same bytes");
  await service.advance(60);
  assertProblem(await service.refresh(proven.json.oneTimeSecret), 401, "one_time_secret_used");
  assert.equal((await service.refresh(first.json.refresh.secret)).status, 200);
});

test("a second code within the half minute is refused with the time to come back", async () => {
  const email = "wes@example.com";
  assert.equal((await service.sendCode(email)).status, 200);
  const soon = await service.sendCode(email, { headers: { origin: "http://localhost:3000" } });
  assertProblem(soon, 429, "resend_too_soon");
  assert.match(soon.headers.get("retry-after"), /^([1-9]|[12][0-9]|30)$/);
  assert.match(soon.headers.get("access-control-expose-headers"), /retry-after/i);
});

test("bad input gets a clear 4xx, never a page, never a fault", async () => {
  const post = (path, body) => service.call("POST", `${service.authUrl}/${path}`, { body });
  assertProblem(await post("otps/send", "{"), 400, "body_invalid");
  assertProblem(await post("otps/send", "{}"), 400, "body_invalid");
  assertProblem(await post("otps/send", '{"email":"not an address"}'), 400, "email_invalid");
  assertProblem(await post("refresh", "{}"), 400, "body_invalid");
  assertProblem(await post("refresh", `{"refresh":"${"x".repeat(300_000)}"}`), 413, "body_too_large");
  assertProblem(await post("authenticate?signinAuthenticationMethod=telepathy"), 400, "method_unsupported");
  assertProblem(await service.call("GET", `${service.authUrl}/social/google/start`), 400, "method_unsupported");
  const wallet = '{"walletAddress":"0x52908400098527886E0F7030069857D2E4169EE7","walletType":"ethereum"}';
  assertProblem(await post("crypto_wallets/authenticate/start", wallet), 400, "method_unsupported");
  assertProblem(await post("no/such/call", "{}"), 404, "not_found");
  assertProblem(await service.call("DELETE", `${service.authUrl}/refresh`), 405, "method_not_allowed");
  assertProblem(await service.call("GET", service.userUrl), 401, "jwt_invalid");
});

test("other systems find the issuer, the key set and the algorithms", async () => {
  const answer = await fetch(`${service.baseUrl}/.well-known/openid-configuration`);
  const found = await answer.json();
  assert.equal(found.issuer, service.baseUrl);
  assert.equal(found.jwks_uri, `${service.baseUrl}/.well-known/jwks.json`);
  assert.ok(found.id_token_signing_alg_values_supported.includes("ES256"));
});

test("the program says where it is, and registers the public vector", () => {
  assert.equal(service.projectId, PROJECT_ID);
  assert.match(service.clientKey, /^ck_development_/);
  for (const url of [service.baseUrl, service.demoUrl, service.inboxUrl]) {
    assert.match(url, /^http:\/\/(127\.0\.0\.1|localhost):\d+/);
  }
});
