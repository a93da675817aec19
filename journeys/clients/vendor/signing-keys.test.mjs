// An outside verifier, jose, holds every JWT against the published key set as a caching client sees it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { startService } from "../support/service.mjs";
import { PROJECT_ID } from "../support/vector.mjs";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let service;

before(async () => {
  service = await startService();
});
after(() => service?.stop());

/** A verifier that keeps a key set for as long as it was told to, and asks for no other before that. */
class CachingVerifier {
  #keys;
  #freshUntil = 0;

  async verify(jwt) {
    if (Date.now() >= this.#freshUntil) {
      const answer = await service.call("GET", `${service.baseUrl}/.well-known/jwks.json`);
      const maxAge = Number(/max-age=(\d+)/.exec(answer.headers.get("cache-control"))[1]);
      assert.equal(maxAge, 300);
      this.#keys = createLocalJWKSet(answer.json);
      this.#freshUntil = Date.now() + maxAge * 1000;
    }
    return jwtVerify(jwt, this.#keys, { issuer: service.baseUrl, audience: PROJECT_ID, algorithms: ["ES256"] });
  }
}

const kidOf = (jwt) => decodeProtectedHeader(jwt).kid;

test("over forty days every JWT is verified from its first second to its last, by whoever caches the key set", async () => {
  const verifier = new CachingVerifier();
  const alive = [];
  const kids = new Set();
  let token = (await service.signIn("ada@example.com")).refresh.secret;
  let verified = 0;

  /** One more JWT, and all that have not expired yet. */
  async function pass(seconds) {
    await service.advance(seconds);
    const { json, status, text } = await service.refresh(token);
    assert.equal(status, 200, text);
    token = json.refresh.secret;
    kids.add(kidOf(json.jwt));
    alive.push(json.jwt);
    for (const jwt of alive.splice(0)) {
      const expires = JSON.parse(Buffer.from(jwt.split(".")[1], "base64url")).exp;
      if (expires * 1000 > Date.now()) {
        await verifier.verify(jwt);
        verified += 1;
        alive.push(jwt);
      }
    }
  }

  for (let passed = 0; passed < 30 * DAY - 30 * MINUTE; passed += 3.5 * HOUR) {
    await pass(Math.min(3.5 * HOUR, 30 * DAY - 30 * MINUTE - passed));
  }
  assert.equal(kids.size, 1, "a key signs for thirty days");
  for (let minute = 0; minute < 60; minute += 1) {
    await pass(MINUTE);
  }
  assert.equal(kids.size, 2, "then the next one does");
  for (let passed = 0; passed < 10 * DAY; passed += 3.5 * HOUR) {
    await pass(3.5 * HOUR);
  }
  assert.equal(kids.size, 2);
  assert.ok(verified > 800, `${verified} verifications`);
});

test("a key in wrong hands leaves the set at once, and its JWTs are worth nothing", async () => {
  const stolen = (await service.signIn("grace@example.com")).jwt;
  await new CachingVerifier().verify(stolen);
  const keys = await service.signingKey("revoke", kidOf(stolen));
  assert.equal(keys.find((key) => key.kid === kidOf(stolen)).state, "revoked");

  const published = async () => (await service.call("GET", `${service.baseUrl}/.well-known/jwks.json`)).json.keys;
  while ((await published()).some((key) => key.kid === kidOf(stolen))) {
    // The service looks for changes every second.
  }
  await assert.rejects(new CachingVerifier().verify(stolen), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  const { jwt } = await service.signIn("alan@example.com");
  assert.notEqual(kidOf(jwt), kidOf(stolen));
  await new CachingVerifier().verify(jwt);
});
