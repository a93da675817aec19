// Next.js for real: the example, built and started by Next.js 15 and 16, as proxy and as middleware, on Node.js and on
// the edge, under the package's own name and in the place of the one that it replaces.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { plain, scoped, setCookies, startService } from "./support/app.mjs";
import { build, makeApp, serve } from "./support/next.mjs";

let service;
let work;
let tarball;

before(async () => {
  service = await startService();
  work = await mkdtemp(join(tmpdir(), "authmint-next-"));
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await promisify(execFile)("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", work], { cwd });
  tarball = join(work, JSON.parse(stdout)[0].filename);
});
after(async () => {
  await service?.stop();
  await rm(work, { recursive: true, force: true });
});

const APPS = [
  { next: 16, file: "proxy", how: "start" },
  { next: 16, file: "middleware", how: "start", short: true, alias: true },
  { next: 15, file: "middleware", how: "start", alias: true },
  { next: 15, file: "middleware", runtime: "nodejs", how: "start", short: true },
  { next: 16, file: "proxy", how: "dev", short: true },
  { next: 15, file: "middleware", how: "dev" },
];

for (const app of APPS) {
  const { next, file, runtime, how, short, alias } = app;
  const shape = [`${file}.ts${runtime ? ` on ${runtime}` : ""}`, short ? "the package's own" : "cookie by cookie", alias ? "by alias" : ""];
  test(`Next.js ${next}, next ${how}: ${shape.filter(Boolean).join(", ")}`, { timeout: 600_000 }, async (t) => {
    const folder = join(work, APPS.indexOf(app).toString());
    await makeApp(folder, tarball, app);
    if (how === "start") await build(folder);
    const { origin, said } = await serve(t, folder, how, service);
    await tellStory(origin, short, said, `${next}-${APPS.indexOf(app)}@example.com`);
  });
}

async function tellStory(origin, short, said, email) {
  const visit = async (path, cookie = "", init = {}) => {
    const headers = { cookie, "sec-fetch-dest": "document", "sec-fetch-site": "same-origin", ...init.headers };
    const answer = await fetch(origin + path, { redirect: "manual", ...init, headers });
    const text = await answer.text();
    const user = /id="user">([^<]*)</.exec(text)?.[1];
    return { status: answer.status, headers: answer.headers, cookies: setCookies(answer), text, user };
  };
  const stranger = await visit("/");
  assert.deepEqual([stranger.status, stranger.user, stranger.cookies], [200, undefined, {}], said.join(""));
  assert.match(stranger.text, /Sign in/);

  const material = await service.signIn(email);
  const { id } = material.user;
  const known = await visit("/", plain(material));
  assert.deepEqual([known.user, known.cookies], [id, {}], "rendered on the server, and nothing to renew");
  assert.match((await visit("/account", plain(material))).text, new RegExp(email));

  // The very render that follows a renewal sees the user.
  const renewed = await visit("/", `theme=dark; crossmint-refresh-token=${material.refresh.secret}`);
  assert.equal(renewed.user, id, said.join(""));
  assert.equal(renewed.cookies["crossmint-jwt"].value.split(".").length, 3);
  const browsers = await visit("/", scoped({ jwt: "", refresh: material.refresh }, service.projectId));
  assert.equal(browsers.user, id, "by the pair that the browser SDK keeps");
  assert.ok(browsers.cookies[`crossmint-jwt-${service.projectId}`]);
  assert.equal(browsers.cookies["crossmint-jwt"], undefined);
  if (short) assert.match(renewed.headers.get("cache-control"), /no-store/);

  await threat_45_middlewareIsNeverTheOnlyGate(visit, plain(material), id);

  const post = { method: "POST", headers: { "content-type": "application/json", origin }, body: "{}" };
  const out = await visit("/auth/logout", plain(material), post);
  assert.deepEqual([out.status, out.cookies["crossmint-refresh-token"]?.value], [200, ""], out.text);
  assert.equal((await service.refresh(material.refresh.secret)).status, 401, "ended at the service");
  // The page refuses at once. The proxy may be another runtime than the route that ended the session: it hears of that
  // by the revocation feed, within seconds, and then the cookies go.
  let gone;
  do {
    gone = await visit("/", `crossmint-refresh-token=${material.refresh.secret}`);
    assert.equal(gone.user, undefined);
  } while (!/crossmint-refresh-token=;/.test(gone.headers.getSetCookie().join()));
}

/** CVE-2025-29927, CVE-2026-41248: whoever passes the proxy by meets the same question in the handler. */
async function threat_45_middlewareIsNeverTheOnlyGate(visit, cookie, id) {
  assert.equal((await visit("/api/me", cookie)).text, JSON.stringify({ userId: id }));
  const past = ["middleware", "src/middleware", "proxy", "middleware:middleware:middleware:middleware:middleware"];
  for (const value of past) {
    const headers = {
      "x-middleware-subrequest": value,
      "x-middleware-override-headers": "cookie",
      "x-middleware-request-cookie": cookie,
      "x-middleware-set-cookie": cookie,
    };
    assert.equal((await visit("/api/me", "", { headers })).status, 401, value);
    assert.equal((await visit("/account", "", { headers })).status, 307, value);
  }
}
