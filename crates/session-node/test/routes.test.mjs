// The routes of an app's own server: refresh, sign-in, sign-out; and what else an app does with the SDK.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { CrossmintAuthenticationError, getAuthCookieNames, verifyCrossmintJwt } from "authmint";
import { plain, refusal, request, sdk, serve, setCookies, startService } from "./support/app.mjs";

let service;
let auth;

before(async () => {
  service = await startService();
  auth = sdk(service);
});
after(() => service?.stop());
beforeEach(() => service.advance(3600));

const JSON_TYPE = { "content-type": "application/json" };

/** What an app's own page sends to one of the app's routes. */
function post(cookie, body, headers = {}) {
  const own = { origin: "https://app.example.com", host: "app.example.com", "sec-fetch-site": "same-origin" };
  const init = { method: "POST", ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return request(cookie, { ...own, ...JSON_TYPE, ...headers }, init);
}

test("the refresh route answers material, its cookies first", async () => {
  const material = await service.signIn("ann@example.com");
  const answer = await auth.handleCustomRefresh(post(plain(material)), new Response(null, { headers: { "x-own": "1" } }));
  assert.equal(answer.status, 200);
  const told = await answer.json();
  assert.deepEqual([told.user.id, told.jwt], [material.user.id, setCookies(answer)["crossmint-jwt"].value]);
  assert.equal(told.refreshToken.secret, material.refresh.secret, "the browser client keeps both");
  assert.equal(answer.headers.get("cache-control"), "private, no-store");
  assert.equal(answer.headers.get("x-own"), "1");
  const own = await auth.handleRefresh(post(plain(material)));
  assert.equal((await own.json()).refreshToken.secret, undefined, "a page of ours does not hold it, and gets none");
  const held = await auth.handleRefresh(post("", { refresh: material.refresh.secret }));
  assert.ok((await held.json()).refreshToken.secret);
});

test("on Node the refresh route sets cookies before its body, with express.json() before it or without", async (t) => {
  const material = await service.signIn("ben@example.com");
  for (const parsed of [undefined, {}, "{}", Buffer.from("{}")]) {
    const origin = await serve(t, async (req, res) => {
      if (parsed !== undefined) {
        req.resume();
        req.body = parsed;
      }
      await auth.handleCustomRefresh(req, res);
      res.end(); // As apps do for the reference, which does not end the answer.
    });
    const headers = { cookie: plain(material), ...JSON_TYPE };
    const answer = await fetch(`${origin}/auth/refresh`, { method: "POST", headers, body: "{}" });
    assert.equal(answer.status, 200);
    assert.equal(setCookies(answer)["crossmint-jwt"].value, (await answer.json()).jwt);
  }
});

test("a refresh that is refused answers 401 with a code, and clears only where that is safe", async () => {
  const dead = { jwt: "x", refresh: { secret: "amr1-nothing" } };
  const page = await auth.handleCustomRefresh(post(plain(dead)));
  assert.equal(page.status, 401);
  assert.equal((await page.json()).error, "Unauthorized");
  const none = await auth.handleCustomRefresh(post(""));
  assert.deepEqual([none.status, (await none.json()).code], [401, "not_signed_in"]);
});

test("threat: a form or a page of another site cannot refresh, sign in or sign out", async () => {
  const material = await service.signIn("cat@example.com");
  const evil = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const attacks = [
    { ...evil },
    { ...evil, ...form },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": undefined, origin: "https://evil.example" },
    { "sec-fetch-site": undefined, origin: undefined, ...form },
    { "sec-fetch-site": undefined, origin: undefined, "content-type": "text/plain" },
    { "sec-fetch-site": undefined, origin: "null" },
  ];
  for (const attack of attacks) {
    for (const route of ["handleCustomRefresh", "handleRefresh", "handleExchange", "handleLogout"]) {
      const asked = post(plain(material), {});
      for (const [name, value] of Object.entries(attack)) {
        if (value === undefined) asked.headers.delete(name);
        else asked.headers.set(name, value);
      }
      const answer = await auth[route](asked);
      assert.deepEqual([answer.status, setCookies(answer)], [403, {}], `${route} ${JSON.stringify(attack)}`);
    }
  }
  assert.equal((await refusal(auth.logout(post(plain(material), {}, evil)))).code, "request_refused");
  assert.equal((await service.refresh(material.refresh.secret)).status, 200, "the session lives on");
});

test("an origin on the list may call; programs that are no browser may, too", async () => {
  const material = await service.signIn("dee@example.com");
  const trusting = sdk(service, { trustedOrigins: ["https://web.example.com"] });
  const foreign = { origin: "https://web.example.com", "sec-fetch-site": "same-site" };
  assert.equal((await trusting.handleCustomRefresh(post(plain(material), {}, foreign))).status, 200);
  const bare = new Request("https://app.example.com/r", { method: "POST", headers: { cookie: plain(material) } });
  assert.equal((await auth.handleCustomRefresh(bare)).status, 200, "an empty body is `{}`");
});

test("a sign-in ends at the app's own route: the one-time secret becomes cookies", async () => {
  const { emailId } = (await service.sendCode("eli@example.com")).json;
  const code = await service.codeFor("eli@example.com");
  const { oneTimeSecret } = (await service.authenticate({ email: "eli@example.com", emailId, code })).json;
  const answer = await auth.handleExchange(post("", { oneTimeSecret }));
  assert.equal(answer.status, 200);
  const cookies = setCookies(answer);
  assert.ok(cookies["crossmint-refresh-token"].attributes.includes("HttpOnly"));
  const again = await auth.handleExchange(post("", { oneTimeSecret: "aos1-none" }));
  assert.equal(again.status, 401);
  const missing = await auth.handleExchange(post("", {}));
  assert.equal((await missing.json()).code, "request_invalid");
});

test("logout clears at once, ends the session at the service, and nothing kept revives it", async () => {
  const material = await service.signIn("flo@example.com");
  assert.equal((await auth.getSession(request(plain(material)))).userId, material.user.id);
  const answer = await auth.logout(request(plain(material)), new Response());
  assert.deepEqual(Object.values(setCookies(answer)).map(({ value }) => value), ["", ""]);
  const refused = await service.refresh(material.refresh.secret);
  assert.deepEqual([refused.status, refused.json.code], [401, "session_revoked"]);
  assert.equal((await refusal(auth.getSession(request(plain(material))))).code, "session_revoked");
});

test("logout in Node's shape undoes a renewal that the same answer carried", async (t) => {
  const material = await service.signIn("gus@example.com");
  await service.advance(20 * 60);
  const origin = await serve(t, async (req, res) => {
    await auth.getSession(req, res);
    (await auth.logout(req, res)).end("bye");
  });
  const answer = await fetch(origin, { headers: { cookie: plain(material) } });
  assert.equal(await answer.text(), "bye");
  const cookies = answer.headers.getSetCookie();
  assert.ok(cookies.length === 2 && cookies.every((line) => /^crossmint-[a-z-]+=; Max-Age=0/.test(line)), cookies.join("\n"));
});

test("logout without a refresh cookie asks nobody; without a request it clears the server's pair", async () => {
  const calls = [];
  const counting = sdk(service, { fetch: (...call) => (calls.push(call), fetch(...call)) });
  const cleared = await counting.logout();
  assert.deepEqual(Object.keys(setCookies(cleared)), ["crossmint-jwt", "crossmint-refresh-token"]);
  await counting.logout(request("theme=dark"), new Response());
  assert.deepEqual(calls, []);
  const sealed = await counting.logout(request(""), Response.redirect("https://app.example.com/", 303));
  assert.deepEqual([sealed.status, sealed.headers.get("location")], [303, "https://app.example.com/"]);
  assert.equal(Object.keys(setCookies(sealed)).length, 2, "a sealed answer is answered anew");
});

test("storeAuthMaterial writes at once, known keys or not, and empty material clears", async () => {
  const { jwt, refresh } = await service.signIn("hue@example.com");
  for (const storing of [sdk(service), auth]) {
    const answer = new Response();
    assert.equal(storing.storeAuthMaterial(answer, { jwt, refreshToken: refresh }), undefined);
    const cookies = setCookies(answer);
    assert.equal(cookies["crossmint-jwt"].value, jwt);
    assert.equal(cookies["crossmint-refresh-token"].value, refresh.secret);
    const ends = cookies["crossmint-refresh-token"].attributes.find((part) => part.startsWith("Expires="));
    assert.equal(Date.parse(ends.slice(8)), Date.parse(refresh.expiresAt));
  }
  const answer = new Response();
  auth.storeAuthMaterial(answer, { jwt: "", refreshToken: { secret: "", expiresAt: "" } });
  assert.deepEqual(Object.values(setCookies(answer)).map(({ value }) => value), ["", ""]);
  await auth.verifyCrossmintJwt(jwt);
  const bad = [
    { jwt: `${jwt}x`, refreshToken: refresh },
    { jwt, refreshToken: { secret: "a b", expiresAt: refresh.expiresAt } },
    { jwt, refreshToken: { secret: refresh.secret, expiresAt: "never" } },
    {},
    null,
  ];
  for (const material of bad) await refusal(async () => auth.storeAuthMaterial(new Response(), material));
});

test("verifyCrossmintJwt: of this project; by a key set in hand; by its address; never anything else", async () => {
  const { jwt, user } = await service.signIn("ira@example.com");
  assert.equal((await auth.verifyCrossmintJwt(jwt)).sub, user.id);
  const jwks = await (await fetch(auth.getJwksUri())).json();
  assert.equal((await auth.verifyCrossmintJwt(jwt, jwks)).sub, user.id);
  assert.equal((await verifyCrossmintJwt(jwt, jwks)).sub, user.id);
  assert.equal((await verifyCrossmintJwt(jwt, auth.getJwksUri())).sub, user.id);
  for (const forged of [`${jwt.slice(0, -4)}AAAA`, "", "a.b.c", undefined, jwt.split(".").slice(0, 2).join(".")]) {
    await refusal(auth.verifyCrossmintJwt(forged));
    await refusal(verifyCrossmintJwt(forged, jwks));
  }
  const down = await refusal(verifyCrossmintJwt(jwt, "http://127.0.0.1:1/jwks.json"));
  assert.deepEqual([down.code, down.retryable], ["unavailable", true]);
  await service.advance(15 * 60 + 10);
  assert.equal((await refusal(auth.verifyCrossmintJwt(jwt, jwks))).code, "jwt_expired");
});

test("getUser reads a profile, and its argument never leaves its place in the path", async () => {
  const { user } = await service.signIn("jon@example.com");
  assert.deepEqual(await auth.getUser(user.id), user);
  const unknown = await refusal(auth.getUser("00000000-0000-4000-8000-000000000000"));
  assert.deepEqual([unknown.code, unknown.status], ["user_unknown", 404]);
  for (const id of ["x/../y?z", "", "../../jwks", `${user.id}/..`, null]) {
    assert.equal((await refusal(auth.getUser(id))).code, "user_id_invalid");
  }
});

test("names, and the error as a class of its own", () => {
  assert.deepEqual(getAuthCookieNames(), { jwt: "crossmint-jwt", refreshToken: "crossmint-refresh-token" });
  const scoped = { jwt: `crossmint-jwt-${service.projectId}`, refreshToken: `crossmint-refresh-token-${service.projectId}` };
  assert.deepEqual(getAuthCookieNames(service.projectId), scoped);
  assert.deepEqual(getAuthCookieNames({ apiKey: service.serverKey }), scoped);
  assert.ok(new CrossmintAuthenticationError({ code: "unavailable", message: "x" }) instanceof Error);
  assert.equal(auth.getJwksUri(), `${service.baseUrl}/.well-known/jwks.json`);
});

test("a refresh route of the app's own is asked in the service's place, and gets no key of ours", async (t) => {
  const material = await service.signIn("kai@example.com");
  const seen = [];
  const origin = await serve(t, async (req, res) => {
    seen.push(req.headers["x-api-key"]);
    await auth.handleCustomRefresh(req, res);
  });
  const routed = sdk(service, { refreshRoute: `${origin}/auth/refresh` });
  await service.advance(20 * 60);
  const session = await routed.getSession(request(plain(material)));
  assert.equal(session.userId, material.user.id);
  assert.deepEqual(seen, [undefined]);
  assert.equal((await refusal(async () => sdk(service, { refreshRoute: "/api/refresh" }))).code, "refresh_route_invalid");
});
