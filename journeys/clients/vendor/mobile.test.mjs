// What the vendor's mobile clients need. React Native runs the same headless client over a storage of its own, without
// a document; Swift decodes answers into types that refuse a missing key or a date in another form.

import assert from "node:assert/strict";
import { after, before, beforeEach, mock, test } from "node:test";
import { CrossmintAuth, createCrossmint } from "@crossmint/client-sdk-auth";
import { startService } from "../support/service.mjs";
import { CLIENT_KEY } from "../support/vector.mjs";

let service;

before(async () => {
  service = await startService();
});
after(() => service?.stop());
beforeEach(() => service.advance(3600));

/** What a phone keeps for an app: text of at most 2,048 bytes, which React Native's storage drops past its end. */
class Keychain {
  items = new Map();

  async get(key) {
    const { value, expiresAt } = this.items.has(key) ? JSON.parse(this.items.get(key)) : {};
    if (expiresAt && new Date(expiresAt) < new Date()) {
      await this.remove(key);
      return undefined;
    }
    return value;
  }

  async set(key, value, expiresAt) {
    const text = JSON.stringify({ value, expiresAt });
    assert.ok(text.length <= 2048, `${key} takes ${text.length} bytes`);
    this.items.set(key, text);
  }

  async remove(key) {
    this.items.delete(key);
  }
}

/** The client of an app start. */
function appStart(storageProvider) {
  const appId = "com.example.app";
  const crossmint = createCrossmint({ apiKey: CLIENT_KEY, overrideBaseUrl: `${service.baseUrl}/`, appId });
  return CrossmintAuth.from(crossmint, { storageProvider });
}

test("React Native: sign-in, an app start days later, sign-out", async (t) => {
  globalThis.requestAnimationFrame = (step) => setTimeout(step, 16);
  t.after(() => delete globalThis.requestAnimationFrame);
  const keychain = new Keychain();

  const client = appStart(keychain);
  const { emailId } = await client.sendEmailOtp("pia@example.com");
  const secret = await client.confirmEmailOtp("pia@example.com", emailId, await service.codeFor("pia@example.com"));
  const { user } = await client.handleRefreshAuthMaterial(secret);
  client.cancelScheduledRefresh(); // the app is closed
  assert.deepEqual([...keychain.items.keys()].sort(), ["crossmint-jwt", "crossmint-refresh-token"]);

  await service.advance(3 * 24 * 3600);
  assert.equal(await keychain.get("crossmint-jwt"), undefined, "past its end; the refresh token is not");
  const later = appStart(keychain);
  assert.deepEqual((await later.handleRefreshAuthMaterial()).user, user);
  later.cancelScheduledRefresh();
  await later.logout();
  assert.equal(keychain.items.size, 0);
});

test("React Native: a sign-in method that is not offered is a sentence, not a crash", async () => {
  const complaints = mock.method(console, "error", () => {});
  const client = appStart(new Keychain());
  await assert.rejects(client.getOAuthUrl("google", { appSchema: "myapp" }), /Unable to load oauth providers/);
  await assert.rejects(
    client.signInWithSmartWallet("0x52908400098527886E0F7030069857D2E4169EE7", "evm"),
    (error) => /Failed to initiate smart wallet sign in: \w/.test(error.message) && !/API request failed/.test(error.message),
  );
  complaints.mock.restore();
});

test("Swift: every required key is there, and dates have whole seconds and a Z", async () => {
  const material = await service.signIn("Quin@Example.com");
  assert.equal(typeof material.jwt, "string");
  assert.equal(typeof material.refresh.secret, "string");
  assert.match(material.refresh.expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(material.user.email, "quin@example.com", "Swift's user has no optional email");
  assert.match(material.user.id, /^[0-9a-f-]{36}$/);
  for (const [name, value] of Object.entries(material.user)) {
    assert.notEqual(value, null, `${name} is left out rather than null`);
  }

  const headers = { authorization: `Bearer ${material.jwt}`, "x-app-identifier": "com.example.app" };
  const profile = await service.call("GET", service.userUrl, { headers });
  assert.equal(profile.status, 200, profile.text);
  assert.deepEqual(profile.json, material.user);
});

test("Flutter and Swift: tokens pass through cookies, headers and JSON as they are", async () => {
  const { jwt, refresh } = await service.signIn("rae@example.com");
  assert.match(refresh.secret, /^[A-Za-z0-9_.-]+$/);
  assert.match(jwt, /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}$/);
});
