// What an app says when it makes the SDK: refused then, and not when a person signs in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossmintAuth, createCrossmint } from "authmint";
import { CLIENT_KEY } from "../../../journeys/clients/support/vector.mjs";
import { refusal } from "./support/app.mjs";

const BASE = "https://auth.example.com";
/** A server key of nobody's: the SDK reads a key, and the service judges it. */
const KEY = CLIENT_KEY;

test("a key that is none is refused with the words that apps know", async () => {
  const refused = {
    "": /needs an apiKey/,
    sk_live_x: /^Old API key format detected/,
    xx_development_y: /^Malformed API key\. Must start with 'ck' or 'sk'\./,
    sk_moon_y: /^Malformed API key\. Must have a valid environment/,
    sk_production_y: /^Malformed API key/,
  };
  for (const [apiKey, words] of Object.entries(refused)) {
    assert.match((await refusal(async () => createCrossmint({ apiKey, overrideBaseUrl: BASE }))).message, words);
  }
  for (const config of [undefined, null, {}, { apiKey: 7 }]) await refusal(async () => createCrossmint(config));
  const wrong = await refusal(async () => createCrossmint({ apiKey: KEY, overrideBaseUrl: BASE }, { usageOrigin: "server" }));
  assert.match(wrong.message, /^Disallowed API key\. You passed a client API key, but a server API key is required/);
});

test("the base URL: the option, else the environment, else the vendor's host for the vendor's key", async () => {
  const uri = (config) => CrossmintAuth.from(createCrossmint({ apiKey: KEY, ...config })).getJwksUri();
  assert.equal(uri({ overrideBaseUrl: `${BASE}/auth/` }), `${BASE}/auth/.well-known/jwks.json`);
  assert.equal(uri({}), "https://staging.crossmint.com/.well-known/jwks.json");
  process.env.AUTHMINT_BASE_URL = "https://env.example.com";
  assert.equal(uri({}), "https://env.example.com/.well-known/jwks.json");
  delete process.env.AUTHMINT_BASE_URL;
  for (const overrideBaseUrl of ["auth.example.com", "ftp://a.example", "https://a:b@c.example", "https://a.example?x"]) {
    const error = await refusal(async () => createCrossmint({ apiKey: KEY, overrideBaseUrl }));
    assert.equal(error.code, "base_url_invalid");
  }
});

test("contradictions are refused when the SDK is made, and say which option it is", async () => {
  const crossmint = createCrossmint({ apiKey: KEY, overrideBaseUrl: BASE });
  const refused = [
    [{ cookieOptions: { sameSite: "None", secure: false } }, "cookie_options_invalid", /sameSite/i],
    [{ cookieOptions: { sameSite: "Sometimes" } }, "option_invalid", /sameSite/],
    [{ cookieOptions: { httponly: true } }, "option_invalid", /httponly/],
    [{ cookieOptions: { domain: "a b" } }, "cookie_options_invalid", /domain/],
    [{ cookieOptions: { namePrefix: "__Host-", domain: "example.com" } }, "cookie_options_invalid", /__Host-/],
    [{ tryLimitMs: 0 }, "limits_invalid", /./],
    [{ tryLimitMs: -1 }, "option_invalid", /./],
    [{ revocation: "sometimes" }, "option_invalid", /sometimes/],
    [{ revocation: "required" }, "feed_missing", /./],
    [{ refreshRoute: "/api/refresh" }, "refresh_route_invalid", /absolute/],
  ];
  for (const [options, code, words] of refused) {
    const error = await refusal(async () => CrossmintAuth.from(crossmint, options));
    assert.deepEqual([error.code, error.status, words.test(error.message)], [code, 500, true], `${JSON.stringify(options)}: ${error.message}`);
  }
  for (const crossmint of [null, undefined, {}]) await refusal(async () => CrossmintAuth.from(crossmint));
  assert.ok(CrossmintAuth.from(crossmint, { cookieOptions: { sameSite: "lax", expiresAt: "soon" } }));
  assert.ok(CrossmintAuth.from(crossmint, null));
});

test("setJwt gives a configuration with the JWT and changes nothing else", () => {
  const crossmint = createCrossmint({ apiKey: KEY, overrideBaseUrl: BASE, appId: "app" });
  const { apiKey, appId, jwt } = crossmint.setJwt("a.b.c");
  assert.deepEqual([apiKey, appId, jwt, crossmint.jwt], [KEY, "app", "a.b.c", undefined]);
});
