// The vendor's server SDK, unmodified, in the place of an app's server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, mock, test } from "node:test";
import { CrossmintAuth, createCrossmint } from "@crossmint/server-sdk";
import * as jose from "jose";
import { startService } from "../support/service.mjs";
import { CLIENT_KEY, PROJECT_ID } from "../support/vector.mjs";

let service;
let auth;

before(async () => {
  service = await startService();
  auth = CrossmintAuth.from(createCrossmint({ apiKey: CLIENT_KEY, overrideBaseUrl: service.baseUrl }));
});
after(() => service?.stop());
beforeEach(() => service.advance(3600));

/** The request of a browser that holds the plain pair. */
function request({ jwt, refresh }) {
  const cookie = `theme=dark; crossmint-jwt=${jwt}; crossmint-refresh-token=${refresh.secret}`;
  return new Request("http://localhost:3000/account", { headers: { cookie } });
}

/** The cookies that an answer sets: name -> {value, attributes}. */
function setCookies(response) {
  const parsed = response.headers.getSetCookie().map((line) => {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const cut = pair.indexOf("=");
    return [pair.slice(0, cut), { value: pair.slice(cut + 1), attributes }];
  });
  return Object.fromEntries(parsed);
}

test("a session JWT verifies with the published key set, by the reference and by jose", async () => {
  const { jwt, user } = await service.signIn("ida@example.com");
  assert.equal((await auth.verifyCrossmintJwt(jwt)).sub, user.id);

  const answer = await fetch(auth.getJwksUri());
  assert.match(answer.headers.get("content-type"), /^application\/(json|jwk-set\+json)/);
  assert.match(answer.headers.get("cache-control"), /max-age=300\b/);
  const jwks = await answer.json();
  for (const key of jwks.keys) {
    assert.ok(key.kid && key.alg && key.use === "sig", JSON.stringify(key));
    assert.equal(key.d, undefined, "the private half stays at home");
  }
  assert.equal((await auth.verifyCrossmintJwt(jwt, jwks)).sub, user.id, "with a key set given by hand");

  const { payload, protectedHeader } = await jose.jwtVerify(jwt, jose.createLocalJWKSet(jwks), {
    issuer: service.baseUrl,
    audience: PROJECT_ID,
    typ: "JWT",
    algorithms: ["ES256"],
    requiredClaims: ["sub", "iat", "exp", "sid", "amr", "auth_time"],
  });
  assert.equal(payload.aud, PROJECT_ID, "a plain string: the browser client compares it");
  assert.equal(payload.sub, user.id);
  assert.ok(jwks.keys.some(({ kid }) => kid === protectedHeader.kid));
});

test("a JWT with another claim, or past its end, is refused by the reference", async () => {
  const { jwt } = await service.signIn("jan@example.com");
  const [header, claims, signature] = jwt.split(".");
  const other = JSON.parse(Buffer.from(claims, "base64url"));
  other.sub = "somebody-else";
  const forged = [header, Buffer.from(JSON.stringify(other)).toString("base64url"), signature].join(".");
  await assert.rejects(auth.verifyCrossmintJwt(forged), /signature verification failed/);
  await service.advance(15 * 60 + 1);
  await assert.rejects(auth.verifyCrossmintJwt(jwt), /JWT provided expired/);
});

test("getSession in the Fetch shape: a fresh JWT costs no refresh, a stale one is renewed into cookies", async () => {
  const material = await service.signIn("kim@example.com");
  const calm = new Response();
  const session = await auth.getSession(request(material), calm);
  assert.deepEqual(session, {
    jwt: material.jwt,
    refreshToken: { secret: material.refresh.secret, expiresAt: "" },
    userId: material.user.id,
  });
  assert.deepEqual(calm.headers.getSetCookie(), []);

  await service.advance(20 * 60);
  const renewed = new Response();
  const later = await auth.getSession(request(material), renewed);
  assert.equal(later.userId, material.user.id);
  assert.notEqual(later.jwt, material.jwt);
  const cookies = setCookies(renewed);
  assert.equal(cookies["crossmint-jwt"].value, later.jwt);
  assert.equal(cookies["crossmint-refresh-token"].value, later.refreshToken.secret);
  const expires = cookies["crossmint-refresh-token"].attributes.find((part) => part.startsWith("expires="));
  assert.equal(new Date(expires.slice(8)).getTime(), new Date(later.refreshToken.expiresAt).getTime());

  // What the reference wrote, the reference can read: its parser cuts a value at the first `=`.
  const again = await auth.getSession(request({ jwt: later.jwt, refresh: later.refreshToken }));
  assert.equal(again.userId, material.user.id);
});

test("getSession in the Node shape: a plain http server renews a stale session on its answer", async (t) => {
  const material = await service.signIn("kit@example.com");
  const server = createServer(async (req, res) => res.end((await auth.getSession(req, res)).userId));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  await service.advance(20 * 60);

  const { headers } = request(material);
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/account`, { headers });
  assert.equal(await answer.text(), material.user.id);
  assert.deepEqual(Object.keys(setCookies(answer)), ["crossmint-jwt", "crossmint-refresh-token"]);
});

test("getSession takes bare auth material, and only a refresh token will do", async () => {
  const { refresh, user } = await service.signIn("lea@example.com");
  const session = await auth.getSession({ refreshToken: refresh.secret });
  assert.equal(session.userId, user.id);
  assert.equal((await auth.verifyCrossmintJwt(session.jwt)).sub, user.id);
});

test("the custom refresh route answers the material and sets the cookies", async () => {
  const material = await service.signIn("max@example.com");
  const asked = new Request("http://localhost:3000/auth/refresh", {
    method: "POST",
    headers: { cookie: `crossmint-refresh-token=${material.refresh.secret}` },
    body: "{}",
  });
  const answer = await auth.handleCustomRefresh(asked, new Response());
  assert.equal(answer.status, 200);
  const renewed = await answer.json();
  assert.equal(renewed.user.id, material.user.id);
  assert.equal(setCookies(answer)["crossmint-jwt"].value, renewed.jwt);
});

test("logout ends the session at the service and clears the cookies", async () => {
  const material = await service.signIn("nia@example.com");
  const cookies = setCookies(await auth.logout(request(material), new Response()));
  for (const name of ["crossmint-jwt", "crossmint-refresh-token"]) {
    assert.equal(cookies[name].value, "");
    assert.ok(cookies[name].attributes.includes("expires=Thu, 01 Jan 1970 00:00:00 UTC"));
  }
  const refused = await service.refresh(material.refresh.secret);
  assert.deepEqual([refused.status, refused.json.code], [401, "session_revoked"]);
});

test("a refresh cookie that is none ends in the reference's own error, not in a fault of the service", async () => {
  const complaints = mock.method(console, "error", () => {});
  const spoilt = request({ jwt: "", refresh: { secret: "no-token-of-ours" } });
  await assert.rejects(auth.getSession(spoilt), /Failed to get session/);
  complaints.mock.restore();
  assert.equal((await service.refresh("no-token-of-ours")).status, 401);
});

test("a key that authmint signed is refused by the reference before it sends anything", () => {
  // So an app on the reference SDK keeps the key it has, adopted by the service. Our own SDK takes our own keys.
  const complaints = mock.method(console, "error", () => {});
  const { serverKey, baseUrl } = service;
  assert.match(serverKey, /^sk_development_/);
  assert.throws(() => createCrossmint({ apiKey: serverKey, overrideBaseUrl: baseUrl }), /Failed to validate signature/);
  complaints.mock.restore();
});

test("getUser reads a profile with a server key, and is told no with a client key", async () => {
  const { user } = await service.signIn("ola@example.com");
  // The reference's code under a client that carries our key, past the signature check shown above.
  const get = (path, init) =>
    fetch(`${service.baseUrl}/${path}`, { ...init, headers: { ...init.headers, "x-api-key": service.serverKey } });
  const withServerKey = new CrossmintAuth({}, { baseUrl: service.baseUrl, get }, {});
  assert.deepEqual(await withServerKey.getUser(user.id), user);
  const unknown = await withServerKey.getUser("00000000-0000-4000-8000-000000000000");
  assert.equal(unknown.code, "user_unknown");

  const refused = await auth.getUser(user.id);
  assert.deepEqual([refused.error, refused.code], [true, "server_key_required"]);
});
