// The axum example that trusts an issuer of the app's own: a real provider, and the Rust SDK as an app has it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startExample } from "../support/example.mjs";
import { startProvider } from "../support/provider.mjs";
import { startService } from "../support/service.mjs";

let service;
let provider;
let app;

before(async () => {
  [service, provider] = await Promise.all([startService(), startProvider()]);
  app = await startExample("axum-bring-your-own", service, { ISSUER_URL: provider.url, ISSUER_AUDIENCE: "shop" });
});
after(() => Promise.all([app?.stop(), service?.stop(), provider?.stop()]));

test("axum, bring your own: who signed in with a real issuer is known by its JWT, and nobody else is", async () => {
  const me = (token) => fetch(`${app.url}/api/me`, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  const known = await me(await provider.idToken("ada"));
  assert.deepEqual([known.status, await known.text()], [200, `ada of ${provider.url}`]);
  assert.equal((await me()).status, 401);
  // In this one's name, with a key of the same name: by its own keys it is worth nothing.
  const posing = await startProvider({ issuer: provider.url });
  try {
    assert.equal((await me(await posing.idToken("ada"))).status, 401);
  } finally {
    await posing.stop();
  }
});
