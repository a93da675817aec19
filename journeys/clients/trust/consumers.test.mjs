// Other systems trust our JWTs by what we publish: a client library of OpenID Connect finds and reads the metadata, a
// resource server of another maker finds keys by it, and jose verifies.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { auth } from "express-oauth2-jwt-bearer";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "openid-client";
import { startService } from "../support/service.mjs";
import { PROJECT_ID } from "../support/vector.mjs";

let service;
let jwt;

before(async () => {
  service = await startService();
  ({ jwt } = await service.signIn("ada@example.com"));
});
after(() => service?.stop());

test("openid-client discovers the service, and jose verifies with the keys that it names", async () => {
  const options = { execute: [oauth.allowInsecureRequests] };
  const config = await oauth.discovery(new URL(service.baseUrl), PROJECT_ID, undefined, oauth.None(), options);
  const metadata = config.serverMetadata();
  assert.equal(metadata.issuer, service.baseUrl);
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  const algorithms = metadata.id_token_signing_alg_values_supported;
  const { payload } = await jwtVerify(jwt, keys, { issuer: metadata.issuer, audience: PROJECT_ID, algorithms });
  assert.match(payload.sid, /^[0-9a-f-]{36}$/);
});

function ask(options, token) {
  const check = auth({ issuerBaseURL: service.baseUrl, audience: PROJECT_ID, tokenSigningAlg: "ES256", ...options });
  // As much of a request of Express as this middleware looks at.
  const headers = { host: "shop.example", authorization: `Bearer ${token}` };
  const get = (name) => headers[name.toLowerCase()];
  const request = { method: "GET", protocol: "https", url: "/", headers, query: {}, get, is: () => false };
  return new Promise((resolve) => check(request, {}, (error) => resolve({ error, auth: request.auth })));
}

test("a resource server that knows nothing but our address accepts our JWTs and no others", async () => {
  const accepted = await ask({}, jwt);
  assert.ifError(accepted.error);
  assert.equal(accepted.auth.payload.aud, PROJECT_ID);
  assert.ok((await ask({ audience: "another" }, jwt)).error);
  const [head, body, signature] = jwt.split(".");
  assert.ok((await ask({}, `${head}.${body}.${signature.replace(/^./, (c) => (c === "A" ? "B" : "A"))}`)).error);
});

test("with the setting for it, JWTs are what Crossmint's custom-token provider takes, and the service knows them", async () => {
  const operator = await service.operatorToken();
  const url = `${service.baseUrl}/api/v1/projects/${PROJECT_ID}`;
  const headers = { authorization: `Bearer ${operator}` };
  const set = (settings) => service.call("PATCH", url, { key: null, headers, body: JSON.stringify({ settings }) });
  const refused = await set({ crossmint_custom_token: true });
  assert.equal(refused.status, 400, refused.text);
  const done = await set({ crossmint_custom_token: true, signing_algorithm: "RS256" });
  assert.equal(done.status, 200, done.text);
  await service.advance(2);

  const session = await service.signIn("bob@example.com");
  const keys = createRemoteJWKSet(new URL(`${service.baseUrl}/.well-known/jwks.json`));
  const expected = { issuer: PROJECT_ID, audience: "crossmint.com", algorithms: ["RS256"] };
  const { payload } = await jwtVerify(session.jwt, keys, expected);
  assert.deepEqual(payload.aud, [PROJECT_ID, "crossmint.com"], "the project comes first");
  const who = await service.call("GET", service.userUrl, { headers: { authorization: `Bearer ${session.jwt}` } });
  assert.equal(who.status, 200, who.text);
  assert.equal(who.json.id, session.user.id);
});
