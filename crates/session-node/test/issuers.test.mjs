// Issuers of others in the package: real providers, hostile ones, and what must never be asked.

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { after, before, test } from "node:test";
import { auth0, clerk, cognito, crossmint, dynamic, firebase, kinde, privy, stytch, supabase } from "authmint/issuers";
import { CrossmintAuth, createCrossmint } from "authmint";
import { startProvider } from "../../../journeys/clients/support/provider.mjs";
import { plain, refusal, request, sdk, serve, startService } from "./support/app.mjs";

let service;
before(async () => {
  service = await startService();
});
after(() => service?.stop());

const bearing = (token, cookie = "") => request(cookie, { authorization: `Bearer ${token}` });
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = { ...publicKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "key-1" };
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function jwt(issuer, header = {}, changes = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: "shop", sub: "ada", iat, exp: iat + 300, ...changes };
  const text = `${base64url({ alg: "ES256", kid: "key-1", ...header })}.${base64url(claims)}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

test("two real providers, whose keys are named alike, are each believed for their own users", async (t) => {
  const [one, other] = await Promise.all([startProvider(), startProvider()]);
  t.after(() => Promise.all([one.stop(), other.stop()]));
  const auth = sdk(service, { issuers: [one, other].map(({ url }) => ({ issuer: url, audience: "shop" })) });
  const [ada, bob] = await Promise.all([one.idToken("ada"), other.idToken("bob")]);
  const session = await auth.getSession(bearing(ada));
  assert.deepEqual(session, { jwt: ada, refreshToken: { secret: "", expiresAt: "" }, userId: "ada", issuer: one.url });
  assert.equal((await auth.getSession(bearing(bob))).issuer, other.url);
  assert.equal((await auth.peek(bearing(ada))).userId, "ada");
  assert.deepEqual(await auth.getSession(bearing(ada)), session, "the second time at once");
  // A provider that speaks in another's name has its own keys, whatever it calls them.
  const posing = await startProvider({ issuer: one.url });
  t.after(() => posing.stop());
  const forged = await posing.idToken("ada");
  assert.equal((await refusal(auth.getSession(bearing(forged)))).code, "signature_invalid");
});

test("a session of the service goes on beside it", async () => {
  const material = await service.signIn("ada@example.com");
  const auth = sdk(service, { issuers: [{ issuer: "https://id.example", audience: "shop" }] });
  assert.equal((await auth.getSession(bearing("opaque", plain(material)))).userId, material.user.id);
  assert.equal((await auth.getSession(request(plain(material)))).issuer, undefined);
});

test("threat_48 no address in a token is ever asked, whatever the token promises", async (t) => {
  const asked = [];
  const canary = await serve(t, (req, res) => {
    asked.push(req.url);
    res.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] }));
  });
  const issuer = await serve(t, (_, res) => res.end(JSON.stringify({ keys: [] })));
  const auth = sdk(service, { issuers: [{ issuer, jwksUri: `${issuer}/keys`, audience: "shop" }] });
  const lure = `${canary}/keys`;
  for (const header of [{ jku: lure }, { x5u: lure }, { kid: lure }, { jwk }, { jku: lure, kid: lure, crit: ["jku"] }]) {
    assert.ok(await refusal(auth.getSession(bearing(jwt(issuer, header)))));
  }
  assert.ok(await refusal(auth.getSession(bearing(jwt(canary)))));
  assert.deepEqual(asked, []);
});

test("a hostile issuer lets nobody in, holds nobody up, and leads nowhere", async (t) => {
  const asked = [];
  const elsewhere = await serve(t, (req, res) => {
    asked.push(req.url);
    res.end(JSON.stringify({ keys: [jwk] }));
  });
  const answers = {
    garbage: (res) => res.end("<html>not a key set</html>"),
    endless: (res) => res.end(JSON.stringify({ keys: [jwk], filler: "x".repeat(1 << 20) })),
    redirect: (res) => res.writeHead(302, { location: `${elsewhere}/keys` }).end(),
    unknown: (res) => res.end(JSON.stringify({ keys: [{ ...jwk, alg: "HS256", kty: "oct", k: "AAAA" }] })),
    stall: () => {},
  };
  const hostile = await serve(t, (req, res) => answers[req.url.slice(1)](res));
  const limits = { tryLimitMs: 300, totalLimitMs: 300 };
  for (const name of Object.keys(answers)) {
    const issuers = [{ issuer: hostile, jwksUri: `${hostile}/${name}`, audience: "shop" }];
    const auth = sdk(service, { issuers, ...limits });
    const refused = await refusal(auth.getSession(bearing(jwt(hostile))));
    assert.equal(refused.code, "unavailable", name);
    assert.ok(refused.retryable, name);
    const material = await service.signIn(`${name}@example.com`);
    assert.equal((await auth.getSession(request(plain(material)))).userId, material.user.id, "nobody waits for it");
  }
  assert.deepEqual(asked, []);
});

test("threat_4 a public key is no secret that signs", async (t) => {
  const issuer = await serve(t, (_, res) => res.end(JSON.stringify({ keys: [jwk] })));
  const auth = sdk(service, { issuers: [{ issuer, jwksUri: `${issuer}/keys`, audience: "shop" }] });
  const sound = jwt(issuer);
  assert.equal((await auth.getSession(bearing(sound))).userId, "ada");
  const text = `${base64url({ alg: "HS256", kid: "key-1" })}.${sound.split(".")[1]}`;
  const pem = publicKey.export({ format: "pem", type: "spki" });
  const forged = `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
  assert.equal((await refusal(auth.getSession(bearing(forged)))).code, "not_signed_in");
});

test("every preset is accepted as its function gives it, and what is wrong is told at once", async () => {
  const presets = [
    auth0({ domain: "shop.eu.auth0.com", audience: "https://api.shop.example" }),
    firebase({ projectId: "shop-1a2b3" }),
    supabase({ projectRef: "abcdefghijklmnopqrst" }),
    stytch({ projectId: "project-test-1" }),
    cognito({ region: "eu-central-1", userPoolId: "eu-central-1_A", clientId: "c" }),
    kinde({ domain: "shop.kinde.com", audience: ["a", "b"] }),
    privy({ appId: "app" }),
    dynamic({ environmentId: "env", audience: "https://shop.example" }),
    clerk({ domain: "clerk.shop.example", audience: "https://shop.example" }),
    crossmint({ projectId: "p", environment: "staging", issuer: "https://staging.crossmint.com" }),
  ];
  const from = (issuers) => () =>
    CrossmintAuth.from(createCrossmint({ apiKey: service.serverKey, overrideBaseUrl: service.baseUrl }), { issuers });
  assert.ok(from(presets)());
  for (const [issuers, code, told] of [
    [[auth0({ domain: "https://x", audience: "a" })], "issuer_invalid", /domain/],
    [[{ issuer: "https://id.example" }], "issuer_invalid", /audience is missing/],
    [[{ issuer: "privy.io", audience: "a" }], "issuer_invalid", /jwks_uri/],
    [[{ issuer: "https://id.example", audience: "a", jwks: {} }], "option_invalid", /jwks/],
    ["https://id.example", "option_invalid", /array/],
    [[{ issuer: service.baseUrl, audience: "a" }], "issuer_invalid", /trusted already/],
  ]) {
    const refused = await refusal(from(issuers));
    assert.equal(refused.code, code);
    assert.match(refused.message, told);
  }
});
