// A signing key in wrong hands: an outside verifier, jose, and an app behind the SDK, which follows the revocation feed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { startService } from "../support/service.mjs";
import { PROJECT_ID } from "../support/vector.mjs";

let service;

before(async () => {
  // No story here moves the clock: the operator's command reads the system's, and must mean the same moment.
  service = await startService();
});
after(() => service?.stop());

const kidOf = (jwt) => decodeProtectedHeader(jwt).kid;

const published = async () => (await service.call("GET", `${service.baseUrl}/.well-known/jwks.json`)).json;

/** Verifies by the key set of this moment. */
async function verify(jwt) {
  const expected = { issuer: service.baseUrl, audience: PROJECT_ID, algorithms: ["ES256"] };
  return jwtVerify(jwt, createLocalJWKSet(await published()), expected);
}

/** What the demo app says to a browser that shows nothing but a JWT. */
async function statusAtTheDemo(jwt) {
  const headers = { cookie: `crossmint-jwt=${jwt}` };
  return (await service.call("GET", `${service.demoUrl}/api/me`, { headers })).status;
}

test("once revoked it vouches for nothing, to anyone, and whoever signed in honestly goes on", async () => {
  const { jwt: forged, refresh } = await service.signIn("ada@example.com");
  const issued = [forged, (await service.signIn("grace@example.com")).jwt];
  for (const jwt of issued) {
    await verify(jwt);
    assert.equal(await statusAtTheDemo(jwt), 200);
  }
  await service.signingKey("revoke", kidOf(forged));

  while ((await published()).keys.some((key) => key.kid === kidOf(forged))) {
    // The service looks for changes that others make every second.
  }
  // How soon is told where time stands still (journeys/tests/suite/keys.rs); here, that it comes about.
  for (const jwt of issued) {
    while ((await statusAtTheDemo(jwt)) === 200) {
      // The app verified it before and is asked by nobody else: it hears of the key from the feed.
    }
    await assert.rejects(verify(jwt), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  }

  const goesOn = await service.refresh(refresh.secret);
  assert.equal(goesOn.status, 200, goesOn.text);
  for (const { jwt } of [goesOn.json, await service.signIn("alan@example.com")]) {
    assert.notEqual(kidOf(jwt), kidOf(forged));
    await verify(jwt);
    assert.equal(await statusAtTheDemo(jwt), 200);
  }
});
