// getSession in every shape, against the running service.

import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { plain, refusal, request, scoped, sdk, serve, setCookies, startService } from "./support/app.mjs";

let service;
let auth;

before(async () => {
  service = await startService();
  auth = sdk(service);
});
after(() => service?.stop());
beforeEach(() => service.advance(3600));

/** What a session without a renewal looks like. */
function calm({ jwt, refresh, user }) {
  return { jwt, refreshToken: { secret: refresh.secret, expiresAt: "" }, userId: user.id };
}

test("a JWT is verified once and recognised from then on; nothing is set and nothing is asked", async () => {
  const material = await service.signIn("ada@example.com");
  const answer = new Response();
  assert.deepEqual(await auth.getSession(request(plain(material)), answer), calm(material));
  assert.deepEqual(auth.seen(request(plain(material))), calm(material), "the second time at once");
  assert.deepEqual(await auth.getSession(request(plain(material)), answer), calm(material));
  assert.deepEqual([...answer.headers], []);
});

test("a stale session is renewed into cookies beside the app's own, and the answer is kept out of caches", async () => {
  const material = await service.signIn("bob@example.com");
  await service.advance(20 * 60);
  const answer = new Response(null, { headers: { "set-cookie": "theme=light", vary: "Accept", "cache-control": "public" } });
  const session = await auth.getSession(request(plain(material)), answer);
  assert.equal(session.userId, material.user.id);
  assert.notEqual(session.jwt, material.jwt);
  assert.ok(Date.parse(session.refreshToken.expiresAt) > Date.now());
  const cookies = setCookies(answer);
  assert.deepEqual(Object.keys(cookies), ["theme", "crossmint-jwt", "crossmint-refresh-token"]);
  assert.equal(cookies["crossmint-jwt"].value, session.jwt);
  assert.equal(cookies["crossmint-refresh-token"].value, session.refreshToken.secret);
  for (const attribute of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"]) {
    assert.ok(cookies["crossmint-refresh-token"].attributes.includes(attribute), attribute);
  }
  assert.equal(cookies["crossmint-jwt"].attributes.includes("HttpOnly"), false, "readable, as apps expect");
  assert.equal(answer.headers.get("cache-control"), "private, no-store");
  assert.equal(answer.headers.get("vary"), "Accept, Cookie");
});

test("in Node's shape the cookies go out with the answer, and under a loopback name without Secure", async (t) => {
  const material = await service.signIn("cleo@example.com");
  await service.advance(20 * 60);
  const origin = await serve(t, async (req, res) => {
    res.setHeader("Set-Cookie", "theme=light");
    const { userId } = await auth.getSession(req, res);
    res.end(userId);
  });
  const answer = await fetch(origin, { headers: { cookie: plain(material) } });
  assert.equal(await answer.text(), material.user.id);
  const cookies = setCookies(answer);
  assert.deepEqual(Object.keys(cookies), ["theme", "crossmint-jwt", "crossmint-refresh-token"]);
  assert.equal(cookies["crossmint-jwt"].attributes.includes("Secure"), false);
});

test("objects of other frameworks are read: Headers, records, Hono's context, serverless events", async () => {
  const material = await service.signIn("dan@example.com");
  const cookie = plain(material);
  const fetched = request(cookie);
  const shapes = {
    headers: fetched.headers,
    record: { headers: { cookie, host: "app.example.com" } },
    "hono context": { req: { raw: fetched, header: () => undefined } },
    "hono request": { raw: fetched },
    "koa context": { headers: { cookie }, req: {} },
    "event of a gateway": { headers: { Cookie: cookie, Host: "app.example.com" }, body: null },
    "event of a function": { headers: {}, cookies: cookie.split("; ") },
    "page event": { request: fetched },
    "http2 headers": { headers: Object.assign(Object.create(null), { cookie: [cookie], ":authority": "a.example" }) },
    "incoming message": Object.assign(new IncomingMessage(), { headers: { cookie } }),
  };
  for (const [name, shape] of Object.entries(shapes)) {
    assert.deepEqual(await auth.getSession(shape), calm(material), name);
  }
});

test("material in hand serves alone, is renewed by its token, and goes into the answer's cookies", async () => {
  const material = await service.signIn("eve@example.com");
  const { jwt, refresh } = material;
  assert.deepEqual(await auth.getSession({ jwt, refreshToken: refresh.secret }), calm(material));
  assert.deepEqual(await auth.getSession({ jwt }), { ...calm(material), refreshToken: { secret: "", expiresAt: "" } });
  assert.equal((await refusal(auth.getSession({ jwt: undefined, refreshToken: undefined }))).code, "not_signed_in");
  await service.advance(20 * 60);
  assert.equal((await refusal(auth.getSession({ jwt }))).code, "jwt_expired");
  const answer = new Response();
  const renewed = await auth.getSession({ jwt, refreshToken: refresh.secret }, answer);
  assert.equal(renewed.userId, material.user.id);
  assert.equal(setCookies(answer)["crossmint-jwt"].value, renewed.jwt);
  assert.equal(setCookies(answer)["crossmint-refresh-token"].value, renewed.refreshToken.secret);
});

test("the browser's pair counts first and is answered under its own names, readable by the browser", async () => {
  const [old, current] = [await service.signIn("fay@example.com"), await service.signIn("gil@example.com")];
  const both = `${plain(old)}; ${scoped(current, service.projectId)}`;
  const navigation = new Response();
  assert.equal((await auth.getSession(request(both), navigation)).userId, current.user.id);
  assert.equal(setCookies(navigation)["crossmint-jwt"].value, "", "the other pair goes");
  await service.advance(20 * 60);
  const answer = new Response();
  await auth.getSession(request(scoped(current, service.projectId)), answer);
  const written = setCookies(answer)[`crossmint-refresh-token-${service.projectId}`];
  assert.ok(written && !written.attributes.includes("HttpOnly"));
});

test("who is not signed in is told so, with a code; the session of another project is left alone", async () => {
  const stranger = new Response();
  for (const cookie of ["", "theme=dark", "crossmint-jwt=; crossmint-refresh-token="]) {
    const error = await refusal(auth.getSession(request(cookie), stranger));
    assert.deepEqual([error.code, error.status, error.retryable], ["not_signed_in", 401, false]);
  }
  assert.deepEqual([...stranger.headers], []);
});

test("a session that ended is refused: cleared on a navigation, kept on a background request", async () => {
  const material = await service.signIn("hal@example.com");
  await service.call("POST", `${service.authUrl}/logout`, { body: JSON.stringify({ refresh: material.refresh.secret }) });
  await service.advance(20 * 60);
  const background = new Response();
  const error = await refusal(auth.getSession(request(plain(material), { "sec-fetch-dest": "empty" }), background));
  assert.equal(error.code, "session_revoked");
  assert.deepEqual(setCookies(background), {});
  const page = new Response();
  await refusal(auth.getSession(request(plain(material)), page));
  assert.deepEqual(Object.values(setCookies(page)).map(({ value }) => value), ["", ""]);
});

test("on a prefetch nothing is renewed ahead of time; the page itself renews", async () => {
  const material = await service.signIn("ida@example.com");
  await service.advance(14 * 60 + 10);
  const prefetch = request(plain(material), { "sec-purpose": "prefetch", "sec-fetch-dest": "empty" });
  assert.equal((await auth.getSession(prefetch)).jwt, material.jwt);
  assert.notEqual((await auth.getSession(request(plain(material)))).jwt, material.jwt);
});

test("an answer that does not let itself be changed costs no session, and check() gives its cookies", async () => {
  const material = await service.signIn("jo@example.com");
  await service.advance(20 * 60);
  const redirect = Response.redirect("https://app.example.com/", 303);
  const before = auth.warnings.length;
  const session = await auth.getSession(request(plain(material)), redirect);
  assert.equal(session.userId, material.user.id);
  assert.match(auth.warnings.slice(before).join(), /cookies .* could not be set/);
  const { cookies } = await auth.check(request(plain(material)));
  assert.ok(cookies.some((value) => value.startsWith(`crossmint-jwt=${session.jwt};`)));
});

test("nothing is written once the app has answered", async (t) => {
  const material = await service.signIn("kim@example.com");
  await service.advance(20 * 60);
  const outcome = Promise.withResolvers?.() ?? {};
  const settled = outcome.promise ?? new Promise((resolve) => (outcome.resolve = resolve));
  const origin = await serve(t, async (req, res) => {
    res.end("early");
    outcome.resolve(await auth.getSession(req, res));
  });
  const answer = await fetch(origin, { headers: { cookie: plain(material) } });
  assert.equal(await answer.text(), "early");
  assert.equal((await settled).userId, material.user.id);
});

test("peek looks and changes nothing", async () => {
  const material = await service.signIn("lea@example.com");
  assert.deepEqual(await auth.peek(request(plain(material))), calm(material));
  await service.advance(20 * 60);
  const error = await refusal(auth.peek(request(plain(material))));
  assert.equal(error.code, "refresh_needed");
});
