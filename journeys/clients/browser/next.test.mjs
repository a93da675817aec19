// The Next.js example in a real Chromium, with the vendor's own React modal on a page of it: what the modal keeps in
// its default setting is what the server renders by.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request as forward } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { build, freePort, makeApp, serve } from "../../../crates/session-node/test/support/next.mjs";
import { walkThrough, walkWithoutScript } from "../support/flow.mjs";
import { startService } from "../support/service.mjs";
import { CLIENT_KEY } from "../support/vector.mjs";

const run = promisify(execFile);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const screenshots = here("../screenshots");

let work;
let app;
let chrome;

before(async () => {
  assert.ok(process.env.CHROME, "CHROME must name a Chromium: run this by `cargo xtask test`");
  await mkdir(screenshots, { recursive: true });
  work = await mkdtemp(join(tmpdir(), "authmint-next-browser-"));
  const cwd = here("../../../crates/session-node");
  const { stdout } = await run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", work], { cwd });
  app = join(work, "app");
  await makeApp(app, join(work, JSON.parse(stdout)[0].filename), { next: 16, file: "proxy" });
  await bundleModal(join(app, "public"));
  await build(app);
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  chrome = await chromium.launch({ executablePath: process.env.CHROME, args });
});
after(async () => {
  await chrome?.close();
  await rm(work, { recursive: true, force: true });
});

/** The modal's page, as static files of the app. */
async function bundleModal(folder) {
  await mkdir(folder, { recursive: true });
  const html = '<!doctype html><title>Modal</title><div id="root"></div><script src="/modal.js" defer></script>';
  await writeFile(join(folder, "modal.html"), html);
  const { build: bundle } = await import(here("../modal/node_modules/esbuild/lib/main.js"));
  await bundle({
    entryPoints: [here("../modal/modal.jsx")],
    outfile: join(folder, "modal.js"),
    bundle: true,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    external: ["crypto"],
    logLevel: "error",
  });
}

/** The service, the app before it, and a door between the two that a story can shut. */
async function start(t, ...options) {
  const service = await startService(...options);
  t.after(() => service.stop());
  const door = await openDoor(t, service.baseUrl);
  const more = { AUTHMINT_ISSUER: service.baseUrl, AUTHMINT_CLIENT_KEY: CLIENT_KEY };
  const { origin } = await serve(t, app, "start", { ...service, baseUrl: door.url }, more);
  const context = await chrome.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(30_000);
  return { service, door, origin: origin.replace("127.0.0.1", "localhost"), context };
}

/** Hands requests on, or, while it is shut, ends their connections. */
async function openDoor(t, baseUrl) {
  const door = { shut: false, turnedAway: 0 };
  const server = createServer((request, response) => {
    if (door.shut) {
      door.turnedAway += 1;
      request.socket.destroy();
      return;
    }
    const { method, url, headers } = request;
    const sent = forward(new URL(url, baseUrl), { method, headers: { ...headers, host: new URL(baseUrl).host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    sent.on("error", () => response.destroy());
    request.pipe(sent);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(door, { url: `http://127.0.0.1:${server.address().port}` });
}

/** Signs in by the modal, as a person does. */
async function signInByModal({ context, service, origin }, email) {
  const page = await context.newPage();
  const query = new URLSearchParams({ key: CLIENT_KEY, service: service.baseUrl });
  await page.goto(`${origin}/modal.html?${query}`);
  await page.locator("#login").click();
  await page.locator('input[type="email"]').fill(email);
  await page.keyboard.press("Enter");
  await page.getByText("Check your email").waitFor();
  await page.screenshot({ path: join(screenshots, "modal-code.png") });
  // Six boxes, the first of which has the focus.
  await page.keyboard.type(await service.codeFor(email));
  await page.getByText("signed in").waitFor();
  await page.screenshot({ path: join(screenshots, "modal-signed-in.png") });
  return page;
}

const tokens = async (context) => {
  const cookies = (await context.cookies()).filter(({ name }) => name.startsWith("crossmint-"));
  return Object.fromEntries(cookies.map(({ name, value }) => [name, value]));
};

test("the modal signs in, the server renders the user, a reload keeps it, and sign-out ends it everywhere", async (t) => {
  const world = await start(t);
  const { context, origin, service } = world;
  const page = await signInByModal(world, "ada@example.com");
  const kept = await tokens(context);
  const [jwt, refresh] = ["jwt", "refresh-token"].map((name) => kept[`crossmint-${name}-${service.projectId}`]);
  assert.ok(jwt && refresh, "the modal keeps the pair of its project");
  const { sub } = JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString());

  const answer = await page.goto(origin);
  assert.ok((await answer.text()).includes(`id="user">${sub}<`), "in the HTML, before any script ran");
  await page.screenshot({ path: join(screenshots, "next-signed-in.png") });
  await page.reload();
  assert.equal(await page.locator("#user").textContent(), sub);
  await page.getByText("Your account").click();
  await page.locator("#user-email").getByText("ada@example.com").waitFor();

  await page.goto(origin);
  await page.locator("#sign-out").click();
  await page.locator("#sign-in").waitFor();
  await page.screenshot({ path: join(screenshots, "next-signed-out.png") });
  assert.deepEqual(await tokens(context), {}, "both pairs are gone");
  assert.equal((await service.refresh(refresh)).status, 401, "and the session has ended at the service");
});

test("a person signs in by the service's page, with a script and without, and out by a form", async (t) => {
  const port = await freePort();
  const service = await startService("--redirect-uri", `http://localhost:${port}/auth/callback`);
  t.after(() => service.stop());
  const { origin } = await serve(t, app, "start", service, { AUTHMINT_CLIENT_KEY: CLIENT_KEY, PORT: port });
  const url = origin.replace("127.0.0.1", "localhost");
  await walkThrough({ chrome, url, service, name: "next", screenshots });
  await walkWithoutScript({ chrome, url, service, name: "next" });
});

test("with JWTs of five seconds, two tabs and a storm of prefetches lose nothing", async (t) => {
  const world = await start(t, "--session-jwt-ttl", "5", "--no-limits");
  const { context, origin } = world;
  const page = await signInByModal(world, "bob@example.com");
  await page.goto(origin);
  const user = await page.locator("#user").textContent();
  const tab = await context.newPage();
  const name = (await context.cookies()).find((cookie) => cookie.name.startsWith("crossmint-jwt")).name;
  const seen = new Set();
  const prefetches = (count) =>
    Promise.all(
      Array.from({ length: count }, async (_, number) => {
        const headers = { rsc: "1", "next-router-prefetch": "1" };
        return (await fetch(`/account?_rsc=${number}`, { headers })).status;
      }),
    );
  // Until the JWT was renewed three times: each renewal happens under this very load.
  while (seen.size < 4) {
    const [storm] = await Promise.all([page.evaluate(prefetches, 20), tab.goto(origin), tab.evaluate(prefetches, 5).catch(() => [])]);
    assert.deepEqual([...new Set(storm)], [200]);
    assert.equal(await tab.locator("#user").textContent(), user);
    await page.goto(origin);
    assert.equal(await page.locator("#user").textContent(), user);
    seen.add((await context.cookies()).find((cookie) => cookie.name === name).value);
  }
});

test("a minute of outage, twelve lives of a JWT, signs nobody out", async (t) => {
  const world = await start(t, "--session-jwt-ttl", "5", "--no-limits");
  const { context, origin, door, service } = world;
  const page = await signInByModal(world, "cleo@example.com");
  await page.goto(origin);
  const user = await page.locator("#user").textContent();
  door.shut = true;
  const over = performance.now() + 60_000;
  const before = await tokens(context);
  // First the JWT in hand serves on, then nobody can tell; neither is a sign-out.
  const alert = page.getByText("The sign-in service does not answer");
  do {
    await page.goto(origin);
    assert.equal(await page.locator("#sign-in").count(), 0, "nobody is asked to sign in");
  } while ((await alert.count()) === 0 || performance.now() < over);
  await page.screenshot({ path: join(screenshots, "next-outage.png") });
  assert.ok(door.turnedAway > 0);
  // The JWT's cookie ends with the JWT; the session is the other one.
  const name = `crossmint-refresh-token-${service.projectId}`;
  assert.ok(before[name]);
  assert.equal((await tokens(context))[name], before[name]);
  door.shut = false;
  do await page.goto(origin);
  while ((await alert.count()) > 0);
  assert.equal(await page.locator("#user").textContent(), user, "the same session goes on");
});
