// Writes samples.json: JWTs in the shape that each preset's issuer documents, valid and spoiled in every field. The keys
// are made for the run and thrown away, so a new run changes every token. Run it by hand: node vectors/issuers/make.mjs

import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";

const NOW = 1_800_000_000;
const base64url = (value) => Buffer.from(value).toString("base64url");

function pair(alg) {
  const [kind, options] =
    alg === "RS256" ? ["rsa", { modulusLength: 2048 }] : alg === "ES256" ? ["ec", { namedCurve: "P-256" }] : ["ed25519", {}];
  const { privateKey, publicKey } = generateKeyPairSync(kind, options);
  return { alg, secret: privateKey, open: publicKey };
}

const jwk = ({ alg, open }, kid) => ({ ...open.export({ format: "jwk" }), alg, use: "sig", kid });

function signed(head, claims, key) {
  const text = `${base64url(JSON.stringify(head))}.${base64url(JSON.stringify(claims))}`;
  const options = key.alg === "ES256" ? { key: key.secret, dsaEncoding: "ieee-p1363" } : key.secret;
  return `${text}.${sign(key.alg === "EdDSA" ? null : "sha256", Buffer.from(text), options).toString("base64url")}`;
}

const times = { iat: NOW - 60, exp: NOW + 3600 };

/** What each issuer documents: the terms that an app gives, the header, the claims, and who the user is. */
const ISSUERS = [
  {
    terms: { preset: "auth0", domain: "shop.eu.auth0.com", audience: "https://api.shop.example" },
    alg: "RS256", typ: "at+jwt", user: "auth0|507f1f77bcf86cd799439020", tenant: "https://other.eu.auth0.com/",
    claims: {
      iss: "https://shop.eu.auth0.com/", sub: "auth0|507f1f77bcf86cd799439020",
      aud: ["https://api.shop.example", "https://shop.eu.auth0.com/userinfo"], azp: "my_client_id", scope: "openid profile", ...times,
    },
  },
  {
    terms: { preset: "firebase", project_id: "shop-1a2b3" },
    alg: "RS256", typ: "JWT", user: "kXqZ8PyTn2hN0aVbLwEoRr5uDfg1", tenant: "https://securetoken.google.com/other-1a2b3",
    claims: {
      iss: "https://securetoken.google.com/shop-1a2b3", aud: "shop-1a2b3", auth_time: NOW - 90, user_id: "kXqZ8PyTn2hN0aVbLwEoRr5uDfg1",
      sub: "kXqZ8PyTn2hN0aVbLwEoRr5uDfg1", email: "ada@example.com", email_verified: true,
      firebase: { identities: { email: ["ada@example.com"] }, sign_in_provider: "password" }, ...times,
    },
  },
  {
    terms: { preset: "supabase", project_ref: "abcdefghijklmnopqrst" },
    alg: "ES256", typ: "JWT", user: "8b1c5c1e-2b0e-4c39-9a3b-0a9d2f7b6c11", tenant: "https://tsrqponmlkjihgfedcba.supabase.co/auth/v1",
    claims: {
      iss: "https://abcdefghijklmnopqrst.supabase.co/auth/v1", aud: "authenticated", sub: "8b1c5c1e-2b0e-4c39-9a3b-0a9d2f7b6c11",
      email: "ada@example.com", phone: "", role: "authenticated", aal: "aal1", session_id: "3f1e6f2e-7c1b-4b51-8f5c-0c1d2e3f4a5b",
      is_anonymous: false, amr: [{ method: "otp", timestamp: NOW - 60 }], app_metadata: { provider: "email" }, ...times,
    },
  },
  {
    terms: { preset: "stytch", project_id: "project-test-11111111-2222-4333-8444-555555555555" },
    alg: "RS256", typ: "JWT", user: "user-test-99999999-8888-4777-8666-555555555555", tenant: "stytch.com/project-test-00000000-2222-4333-8444-555555555555",
    claims: {
      iss: "stytch.com/project-test-11111111-2222-4333-8444-555555555555", aud: ["project-test-11111111-2222-4333-8444-555555555555"],
      sub: "user-test-99999999-8888-4777-8666-555555555555", nbf: NOW - 60,
      "https://stytch.com/session": { id: "session-test-1", authentication_factors: [{ type: "otp", delivery_method: "email" }] },
      iat: NOW - 60, exp: NOW + 240,
    },
  },
  {
    terms: { preset: "cognito", region: "eu-central-1", user_pool_id: "eu-central-1_AbCdEfGhI", client_id: "1example23456789" },
    alg: "RS256", user: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", tenant: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Other0000",
    claims: {
      iss: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI", client_id: "1example23456789", token_use: "access",
      sub: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", scope: "aws.cognito.signin.user.admin", auth_time: NOW - 60, username: "ada",
      jti: "5c2d0f1e-0000-4000-8000-000000000000", origin_jti: "5c2d0f1e-0000-4000-8000-000000000001", ...times,
    },
  },
  {
    terms: { preset: "kinde", domain: "shop.kinde.com", audience: "f0e1d2c3b4a5" },
    alg: "RS256", typ: "JWT", user: "kp_0123456789abcdef0123456789abcdef", tenant: "https://other.kinde.com",
    claims: {
      iss: "https://shop.kinde.com", aud: [], azp: "f0e1d2c3b4a5", sub: "kp_0123456789abcdef0123456789abcdef", org_code: "org_1",
      permissions: [], scp: ["openid"], jti: "b2d0f1e0-0000-4000-8000-000000000000", ...times,
    },
  },
  {
    terms: { preset: "privy", app_id: "clpispdty00ycl80fpueukbhl" },
    alg: "ES256", typ: "JWT", user: "did:privy:cm3np4u9j001rc8b73seqmqqk", tenant: "privy.example",
    claims: {
      iss: "privy.io", aud: "clpispdty00ycl80fpueukbhl", sub: "did:privy:cm3np4u9j001rc8b73seqmqqk", sid: "cm3np4u9j001sc8b7abcdefgh", ...times,
    },
  },
  {
    terms: { preset: "dynamic", environment_id: "5b3b1c7e-6b1f-4d2c-9e0a-0f1e2d3c4b5a", audience: "https://shop.example" },
    alg: "RS256", typ: "JWT", user: "95b11417-f18f-457f-8804-68e361f9164f", tenant: "app.dynamic.xyz/00000000-6b1f-4d2c-9e0a-0f1e2d3c4b5a",
    claims: {
      iss: "app.dynamic.xyz/5b3b1c7e-6b1f-4d2c-9e0a-0f1e2d3c4b5a", aud: "https://shop.example", sub: "95b11417-f18f-457f-8804-68e361f9164f",
      sid: "5c7d3c52-4e80-4e26-8c4a-0d2a6c5d9b3f", scope: "user:basic wallet:read", environment_id: "5b3b1c7e-6b1f-4d2c-9e0a-0f1e2d3c4b5a", lists: [], missing_fields: [],
      verified_credentials: [{ address: "0x0000000000000000000000000000000000000001", chain: "eip155" }], ...times,
    },
  },
  {
    terms: { preset: "clerk", domain: "clerk.shop.example", audience: "https://shop.example" },
    alg: "RS256", typ: "JWT", user: "user_2NNEqL2nrIRdJ194ndJqAHwEfxC", tenant: "https://clerk.other.example",
    claims: {
      iss: "https://clerk.shop.example", azp: "https://shop.example", sub: "user_2NNEqL2nrIRdJ194ndJqAHwEfxC", sid: "sess_2NNEqL2nrIRdJ194ndJqAHwEfxC",
      fva: [0, -1], nbf: NOW - 70, v: 2, sts: "active", iat: NOW - 60, exp: NOW + 60,
    },
  },
  {
    terms: { preset: "crossmint", project_id: "dfb06708-a46f-4615-bd34-f614ae284e7b", environment: "staging", issuer: "https://staging.crossmint.com" },
    alg: "RS256", typ: "JWT", user: "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a", tenant: "https://www.crossmint.com",
    claims: {
      iss: "https://staging.crossmint.com", aud: "dfb06708-a46f-4615-bd34-f614ae284e7b", sub: "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a", ...times,
    },
  },
];

/** Claims that are judged beside issuer, user and times: what each preset asks for. */
const REQUIRED = { firebase: ["auth_time"], supabase: ["session_id"], cognito: ["token_use"], privy: ["sid"], clerk: ["sid"] };
const AUDIENCE = { cognito: ["client_id"], kinde: ["azp"], clerk: ["azp"] };

function samples({ terms, alg, typ, user, tenant, claims }) {
  const [key, stranger] = [pair(alg), pair(alg)];
  const head = { alg, kid: "key-1", ...(typ && { typ }) };
  const jwks = { keys: [jwk(key, "key-1"), jwk(pair(alg), "key-0")] };
  const spoiled = [];
  const spoil = (what, token, error) => spoiled.push({ what, token, error });
  const claim = (what, changes, error) => spoil(what, signed(head, { ...claims, ...changes }, key), error);
  const valid = signed(head, claims, key);

  const [first, , last] = valid.split(".");
  for (const name of Object.keys(claims)) {
    const text = base64url(JSON.stringify({ ...claims, [name]: "changed" }));
    spoil(`${name} changed under the signature`, `${first}.${text}.${last}`, "signature_invalid");
  }
  claim("another tenant", { iss: tenant }, "issuer_mismatch");
  claim("iss with a slash more", { iss: `${claims.iss}/` }, "issuer_mismatch");
  claim("iss missing", { iss: undefined }, "claim_missing");
  claim("iss a list", { iss: [claims.iss] }, "claim_invalid");
  for (const name of AUDIENCE[terms.preset] ?? ["aud"]) {
    claim(`${name} of another app`, { [name]: "another-app" }, "audience_mismatch");
    claim(`${name} a number`, { [name]: 7 }, "claim_invalid");
    claim(`${name} holds the text within`, { [name]: `x${[claims[name]].flat()[0]}` }, "audience_mismatch");
    claim(`${name} missing`, { [name]: undefined, aud: undefined }, "claim_missing");
  }
  for (const name of REQUIRED[terms.preset] ?? []) claim(`${name} missing`, { [name]: undefined }, "claim_missing");
  if (terms.preset === "dynamic") {
    claim("scope of a sign-in that is half done", { scope: "requiresAdditionalAuth" }, "claim_invalid");
    claim("scope missing", { scope: undefined }, "claim_missing");
  }
  claim("sub missing", { sub: undefined }, "claim_missing");
  for (const [what, sub] of [["empty", ""], ["a number", 7], ["a list", [user]], ["endless", "u".repeat(256)], ["of two lines", "a\nb"]]) {
    claim(`sub ${what}`, { sub }, "claim_invalid");
  }
  claim("exp past", { exp: NOW - 10 }, "jwt_expired");
  claim("exp missing", { exp: undefined }, "claim_missing");
  for (const exp of ["1900000000", 1.9e9 + 0.5, -1, null, [NOW + 60], 1e18]) claim(`exp ${JSON.stringify(exp)}`, { exp }, "claim_invalid");
  claim("iat to come", { iat: NOW + 60 }, "jwt_not_yet_valid");
  claim("nbf to come", { nbf: NOW + 60 }, "jwt_not_yet_valid");
  claim("nbf a text", { nbf: "0" }, "claim_invalid");
  claim("an event", { events: {} }, "type_not_allowed");

  spoil("typ of a logout token", signed({ ...head, typ: "logout+jwt" }, claims, key), "type_not_allowed");
  spoil("typ of a DPoP proof", signed({ ...head, typ: "dpop+jwt" }, claims, key), "type_not_allowed");
  spoil("kid unknown", signed({ ...head, kid: "key-2" }, claims, key), "key_unknown");
  spoil("kid a URL", signed({ ...head, kid: "https://attacker.example/jwks.json" }, claims, key), "key_unknown");
  spoil("signed by a stranger under the same kid", signed(head, claims, stranger), "signature_invalid");
  spoil("a key of its own in the header", signed({ ...head, jwk: jwk(stranger, "key-1") }, claims, stranger), "signature_invalid");
  spoil("a key set of its own in the header", signed({ ...head, jku: "https://attacker.example/k", x5u: "https://attacker.example/c" }, claims, stranger), "signature_invalid");
  spoil("a critical extension", signed({ ...head, crit: ["exp"] }, claims, key), "jwt_malformed");
  spoil("alg none", `${base64url(JSON.stringify({ ...head, alg: "none" }))}.${valid.split(".")[1]}.`, "alg_not_allowed");
  const text = `${base64url(JSON.stringify({ ...head, alg: "HS256" }))}.${valid.split(".")[1]}`;
  const pem = key.open.export({ format: "pem", type: "spki" });
  spoil("HS256 under the public key", `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`, "alg_not_allowed");
  const other = pair(alg === "EdDSA" ? "ES256" : "EdDSA");
  if (terms.preset !== "supabase") spoil("an algorithm that it does not use", signed({ ...head, alg: other.alg }, claims, other), "alg_not_allowed");
  spoil("cut short", valid.slice(0, -6), "signature_invalid");
  spoil("two parts", valid.split(".").slice(0, 2).join("."), "jwt_malformed");
  spoil("padded", `${valid}=`, "jwt_malformed");
  return { terms, jwks, now: NOW, valid, user, spoiled };
}

writeFileSync(new URL("samples.json", import.meta.url), `${JSON.stringify(ISSUERS.map(samples), null, 1)}\n`);
