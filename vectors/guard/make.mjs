// Writes conversations.json: what a guard must ask and answer, whoever hosts it. Ed25519 signs the same way every time,
// so that the file changes only where a case does. Run it by hand: node vectors/guard/make.mjs

import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { writeFileSync } from "node:fs";

const START = 1_800_000_000;
const LIFE = 900;
const ISSUER = "https://auth.example.com";
const PROJECT = "dfb06708-a46f-4615-bd34-f614ae284e7b";
const USER = "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a";
/** The published key of existing clients: a key that parses, and nobody's secret. */
const API_KEY =
  "ck_development_A61UZQnvjSQcM5qVBaBactgqebxafWAVsNdD2xLkgBxoYuH5q2guM8r9DUmZQzE1WYyoByGVYpEG2o9gVSzAZFsrLbfKGERUJ6D5CW6S9AsJGAc3ctgrsD4n2ioekzGj7KPbLwT3SysDjMamYXLxEroUbQSdwf6aLF4zeEpECq2crkTUQeLFzxzmjWNxFDHFYefDrfrFPCURvBXJLf5pCxCQ";

const base64url = (value) => Buffer.from(value).toString("base64url");

/** A key whose secret half is one byte, repeated. */
function key(byte) {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);
  const secret = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return { secret, x: createPublicKey(secret).export({ format: "jwk" }).x };
}

const [ours, stranger] = [key(1), key(2)];
const keySet = { keys: [{ kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig", kid: "first", x: ours.x }] };

function jwt(changes = {}, { header = {}, by = ours } = {}) {
  const claims = { iss: ISSUER, aud: PROJECT, sub: USER, sid: session(1), iat: START, exp: START + LIFE, ...changes };
  const head = { alg: "EdDSA", kid: "first", typ: "JWT", ...header };
  const text = `${base64url(JSON.stringify(head))}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${sign(null, Buffer.from(text), by.secret).toString("base64url")}`;
}

function session(number) {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

function refreshToken(of, generation) {
  const hex = (uuid) => Buffer.from(uuid.replaceAll("-", ""), "hex");
  const number = (value) => Buffer.from(value.toString(16).padStart(8, "0"), "hex");
  const parts = [Buffer.from("6a6af5", "hex"), number(1), hex(PROJECT), hex(session(of)), number(generation), number(1)];
  return base64url(Buffer.concat([...parts, Buffer.alloc(32, 7)]));
}

const JWT = jwt();
const TOKEN = refreshToken(1, 1);
const NEXT = refreshToken(1, 2);
const ENDS = START + 30 * 86_400;
const iso = (at) => new Date(at * 1000).toISOString().replace(".000Z", "Z");

/** A JWT as the service makes it at that many seconds after the start. */
const fresh = (at) => jwt({ iat: START + at, exp: START + at + LIFE });
const plain = (token = JWT, refresh = TOKEN) => `crossmint-jwt=${token}; crossmint-refresh-token=${refresh}`;
const scoped = (token = JWT, refresh = TOKEN) =>
  `crossmint-jwt-${PROJECT}=${token}; crossmint-refresh-token-${PROJECT}=${refresh}`;

const page = (cookie, more = {}) => ({ host: "app.example.com", "sec-fetch-dest": "document", cookie, ...more });
const background = (cookie, more = {}) => ({ host: "app.example.com", "sec-fetch-dest": "empty", cookie, ...more });

const begin = (at, head, expect) => ({ at, begin: head, expect });
const reply = (at, status, body, expect, headers = {}) => ({
  at,
  reply: { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) },
  expect,
});
const send = (path, body) => ({ send: path, ...(body ? { body } : {}) });
const sendRefresh = (token = TOKEN) => send("refresh", { refresh: token });
const signedIn = (token = JWT, refresh = TOKEN, cookies = [], renewed = "") => ({
  session: { userId: USER, jwt: token, refreshToken: refresh, expiresAt: renewed },
  cookies,
});
const refused = (error, retryable = false, cookies = []) => ({ error, retryable, cookies });
const renewedWith = (at, refresh = NEXT, token = fresh(at)) => ({
  jwt: token,
  refresh: { secret: refresh, expiresAt: iso(ENDS) },
  user: { id: USER },
});
const problem = (code) => ({ error: true, message: "-", code });

/** A `Set-Cookie` value as the guard writes it. */
function cookie(name, value, { from, until, httpOnly = false, secure = true }) {
  const expires = new Date(until * 1000).toUTCString();
  const flags = `${httpOnly ? "; HttpOnly" : ""}${secure ? "; Secure" : ""}; SameSite=Lax`;
  return `${name}=${value}; Max-Age=${until - from}; Path=/; Expires=${expires}${flags}`;
}
const setJwt = (at, { end = "", secure = true, token = fresh(at) } = {}) =>
  cookie(`crossmint-jwt${end}`, token, { from: START + at, until: START + at + LIFE, secure });
const setToken = (at, { end = "", secure = true } = {}) =>
  cookie(`crossmint-refresh-token${end}`, NEXT, { from: START + at, until: ENDS, httpOnly: !end, secure });
const cleared = (end = "") => [
  cookie(`crossmint-jwt${end}`, "", { from: 0, until: 0 }),
  cookie(`crossmint-refresh-token${end}`, "", { from: 0, until: 0, httpOnly: !end }),
];
const END = `-${PROJECT}`;

/** The steps after which the guard holds the key set and has verified the JWT. */
const known = [begin(0, page(plain()), send("jwks.json")), reply(0, 200, keySet, signedIn(), { "cache-control": "max-age=300" })];
/** The same for a JWT that turns out to be worth nothing: it goes straight on to a refresh. */
const bad = (token) => [begin(0, page(plain(token)), send("jwks.json")), reply(0, 200, keySet, sendRefresh())];

const cases = [];
const add = (name, ...steps) => cases.push({ name, steps: steps.flat() });

add("a JWT is verified once the key set is there, and recognised from then on", known, begin(1, page(plain()), signedIn()));
add("no cookies are no session", begin(0, page("theme=dark"), refused("not_signed_in")));
add("values keep their equal signs, quotes fall away", known, begin(1, page(`a=b=c; crossmint-jwt="${JWT}"`), signedIn(JWT, "")));
add("of two cookies of one name the first counts", known, begin(1, page(`${plain()}; crossmint-jwt=other`), signedIn()));
add(
  "long before its end a JWT serves; shortly before it the session is renewed",
  known,
  begin(LIFE - 125, page(plain()), signedIn()),
  begin(LIFE - 55, page(plain()), sendRefresh()),
  reply(LIFE - 55, 200, renewedWith(LIFE - 55), signedIn(fresh(LIFE - 55), NEXT, [setJwt(LIFE - 55), setToken(LIFE - 55)], iso(ENDS))),
);
add("a prefetch renews nothing ahead of time", known, begin(LIFE - 55, background(plain(), { "sec-purpose": "prefetch" }), signedIn()));
add(
  "a prefetch with an expired JWT renews like any request",
  known,
  begin(LIFE + 10, background(plain(), { "next-router-prefetch": "1" }), sendRefresh()),
);
add("an expired JWT alone is refused, with leeway", known, begin(LIFE + 10, page(`crossmint-jwt=${JWT}`), refused("jwt_expired")));
for (const [what, token] of [
  ["of another issuer", jwt({ iss: "https://evil.example" })],
  ["for another project", jwt({ aud: "00000000-0000-4000-8000-000000000000" })],
  ["without a subject", jwt({ sub: undefined })],
  ["without an end", jwt({ exp: undefined })],
  ["from the future", jwt({ iat: START + 60, nbf: START + 60 })],
  ["of a stranger's key", jwt({}, { by: stranger })],
  ["without a signature", `${JWT.split(".").slice(0, 2).join(".")}.`],
  ["with alg none", jwt({}, { header: { alg: "none" } })],
  ["that is an ID token", jwt({ nonce: "n" })],
  ["that is a proof", jwt({}, { header: { typ: "dpop+jwt" } })],
]) {
  add(`a JWT ${what} counts for nothing: the refresh token decides`, bad(token));
}
add(
  "an unknown key fetches the set again, but only now and then",
  known,
  begin(31, page(plain(jwt({}, { header: { kid: "second" } }))), send("jwks.json")),
  reply(31, 200, keySet, sendRefresh()),
  reply(31, 503, "{}", { again: true }),
  begin(32, page(plain(jwt({}, { header: { kid: "third" } }))), sendRefresh()),
);
add(
  "a JWT and a refresh token of two sessions: the refresh token decides",
  known,
  begin(1, page(plain(JWT, refreshToken(2, 1))), sendRefresh(refreshToken(2, 1))),
);
add(
  "the same token back means a young session: only the JWT's cookie is written",
  bad("x"),
  reply(0, 200, renewedWith(0, TOKEN), signedIn(fresh(0), TOKEN, [setJwt(0)], iso(ENDS))),
);
add(
  "under a loopback name cookies are written without Secure",
  begin(0, page(plain("x"), { host: "localhost:3000" }), send("jwks.json")),
  reply(0, 200, keySet, sendRefresh()),
  reply(0, 200, renewedWith(0), signedIn(fresh(0), NEXT, [setJwt(0, { secure: false }), setToken(0, { secure: false })], iso(ENDS))),
);
add(
  "the browser's pair is answered under its own names, readable by the browser",
  begin(0, page(scoped("x")), send("jwks.json")),
  reply(0, 200, keySet, sendRefresh()),
  reply(0, 200, renewedWith(0), signedIn(fresh(0), NEXT, [setJwt(0, { end: END }), setToken(0, { end: END })], iso(ENDS))),
);
add("of both pairs the browser's counts, and a navigation clears the other", known, begin(1, page(`${scoped()}; ${plain("old", "old")}`), signedIn(JWT, TOKEN, cleared())));
add("a background request clears nothing", known, begin(1, background(`${scoped()}; ${plain("old", "old")}`), signedIn()));
for (const code of ["refresh_malformed", "refresh_unknown", "session_expired", "session_revoked"]) {
  add(`${code} ends the session: a navigation clears`, bad("x"), reply(0, 401, problem(code), refused(code, false, cleared())));
}
add(
  "in the background a refused token is kept, and answered from memory",
  begin(0, background(plain("x")), send("jwks.json")),
  reply(0, 200, keySet, sendRefresh()),
  reply(0, 401, problem("session_revoked"), refused("session_revoked")),
  begin(1, background(plain("x")), refused("session_revoked")),
  begin(2, page(plain("x")), refused("session_revoked", false, cleared())),
);
add(
  "the browser's pair refused for good: it goes, and the other is tried",
  begin(0, page(`${scoped("x", refreshToken(3, 1))}; ${plain()}`), send("jwks.json")),
  reply(0, 200, keySet, sendRefresh(refreshToken(3, 1))),
  reply(0, 401, problem("refresh_unknown"), signedIn(JWT, TOKEN, cleared(END))),
);
add("another app's pair is as good as none, and left alone", bad("x"), reply(0, 401, problem("project_mismatch"), refused("not_signed_in")));
add("a refusal without a known code says nothing about the token", bad("x"), reply(0, 401, problem("teapot"), refused("teapot")));
add(
  "an outage: a JWT that holds serves on, and the service is left in peace for a while",
  known,
  begin(LIFE - 55, page(plain()), sendRefresh()),
  reply(LIFE - 49, 503, "{}", signedIn()),
  begin(LIFE - 48, page(plain()), signedIn()),
  begin(LIFE - 43, page(plain()), sendRefresh()),
);
add(
  "an outage: without a JWT that holds it is a retryable error, and the cookies stay",
  bad("x"),
  { at: 0, lost: "network", expect: { again: true } },
  { at: 3, lost: "timeout", expect: { again: true } },
  { at: 6, lost: "timeout", expect: refused("unavailable", true) },
);
add("a broken answer is an outage", bad("x"), reply(7, 200, "<html>", refused("unavailable", true)));
add("Retry-After beyond the limit ends the tries", bad("x"), reply(0, 429, "{}", refused("unavailable", true), { "retry-after": "60" }));
add(
  "what the service just made does not pass: a fault of configuration, no second refresh, cookies kept",
  bad("x"),
  reply(0, 200, renewedWith(0, NEXT, jwt({ iss: "https://other.example" })), refused("misconfigured")),
);
add(
  "the answer to a refresh serves later requests with the same token",
  bad("x"),
  reply(0, 200, renewedWith(0), signedIn(fresh(0), NEXT, [setJwt(0), setToken(0)], iso(ENDS))),
  begin(9, page(plain("x")), signedIn(fresh(0), NEXT, [cookie("crossmint-jwt", fresh(0), { from: START + 9, until: START + LIFE }), setToken(9)], iso(ENDS))),
  begin(11, page(plain("x")), sendRefresh()),
);
add("a peek at a session that needs a refresh changes nothing", known, { at: LIFE + 10, peek: page(plain()), expect: refused("refresh_needed") });
add("material in hand serves without cookies", known, { at: 1, with: { jwt: JWT }, expect: signedIn(JWT, "") });
add("material with nothing in it is no session", { at: 0, with: {}, expect: refused("not_signed_in") });
add(
  "a sign-out clears what was sent, and nothing kept revives it",
  known,
  { at: 1, signOut: page(plain()), expect: { calls: [send("logout", { refresh: TOKEN })], cookies: cleared() } },
  begin(2, page(plain()), refused("session_revoked", false, cleared())),
);
add(
  "a renewal by the token that the page sent",
  known,
  { at: 1, renew: page("", { cookie: undefined }), presented: TOKEN, expect: sendRefresh() },
  reply(1, 200, renewedWith(1), signedIn(fresh(1), NEXT, [setJwt(1), setToken(1)], iso(ENDS))),
);

// Another issuer, whose key has the same name as the service's.
const THEIRS = "https://id.example.org";
const theirKeys = { keys: [{ ...keySet.keys[0], x: stranger.x }] };
const theirJwt = (changes = {}, by = stranger) =>
  jwt({ iss: THEIRS, aud: ["my-app"], sub: "ada", sid: undefined, ...changes }, { by });
const bearing = (token, cookie) => page(cookie, { authorization: `Bearer ${token}`, ...(cookie === undefined && { cookie }) });
const signedInByThem = (token = theirJwt()) => ({
  session: { userId: "ada", jwt: token, refreshToken: "", expiresAt: "", issuer: THEIRS },
  cookies: [],
});
const theirsKnown = [
  begin(0, bearing(theirJwt()), send("their-keys")),
  reply(0, 200, theirKeys, signedInByThem(), { "cache-control": "max-age=300" }),
];
add("a JWT of another issuer signs in by that issuer's keys, and is recognised from then on", theirsKnown, begin(1, bearing(theirJwt()), signedInByThem()));
add("who sends a JWT of another issuer means it, whatever cookies came beside it", theirsKnown, begin(1, bearing(theirJwt(), plain()), signedInByThem()));
add("in the cookie that the app named it counts, unless a session of the service came", known, theirsKnown,
  begin(1, page(`their-token=${theirJwt()}`), signedInByThem()),
  begin(1, page(`their-token=${theirJwt()}; ${plain()}`), signedIn()));
add("the service's key vouches for no JWT of the other issuer, though the keys are named alike", known, theirsKnown,
  begin(1, bearing(theirJwt({ n: 1 }, ours)), refused("signature_invalid")));
add("the other issuer's key vouches for no JWT of the service", known, theirsKnown,
  begin(1, page(`crossmint-jwt=${jwt({ n: 1 }, { by: stranger })}`), refused("signature_invalid")));
add("a JWT of another issuer in the cookie of ours is none of ours", known, theirsKnown, begin(1, page(`crossmint-jwt=${theirJwt()}`), refused("signature_invalid")));
add("a JWT of another issuer that has expired is refused, and nothing is refreshed", theirsKnown, begin(LIFE + 10, bearing(theirJwt(), plain()), refused("jwt_expired")));
add("a JWT of another issuer for another app is refused", theirsKnown, begin(1, bearing(theirJwt({ aud: "other" })), refused("audience_mismatch")));
add("a token of nobody whom the app trusts is passed over", known, begin(1, bearing(jwt({ iss: "https://nobody.example" }), plain()), signedIn()), begin(1, bearing("opaque", plain()), signedIn()));
add("an issuer that is away is asked again, and the answer may pass", begin(0, bearing(theirJwt()), send("their-keys")), reply(0, 503, "", { again: true }), reply(1, 200, theirKeys, signedInByThem()));
add("a peek looks at a JWT of another issuer, too", theirsKnown, { at: 1, peek: bearing(theirJwt()), expect: signedInByThem() });

const issuers = [{ issuer: THEIRS, jwks_uri: `${THEIRS}/their-keys`, audience: ["my-app"] }];
const file = { start: START, options: { apiKey: API_KEY, baseUrl: ISSUER, issuers, issuerCookie: "their-token" }, seed: "03".repeat(32), cases };
writeFileSync(new URL("conversations.json", import.meta.url), `${JSON.stringify(file, null, 1)}\n`);
