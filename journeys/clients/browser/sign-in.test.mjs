// The service's own sign-in page in a real Chromium: what a person sees on the way from an app and back, on small and
// large screens, in light and dark, with and without JavaScript, in two languages, and what axe-core says of each.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { after, before, beforeEach, test } from "node:test";
import * as ledger from "../support/ledger.mjs";
import { launchChromium } from "../support/person.mjs";
import { startService } from "../support/service.mjs";

const shots = fileURLToPath(new URL("../screenshots/", import.meta.url));
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let service;
let chrome;
let app;

before(async () => {
  mkdirSync(shots, { recursive: true });
  app = await startApp();
  [service, chrome] = await Promise.all([startService("--redirect-uri", `${app.origin}/callback`), launchChromium()]);
});
after(async () => {
  await chrome?.close();
  await service?.stop();
  await app?.stop();
});
beforeEach(() => service.advance(120));

/** An app as small as it can be: it says what came back, and can open the page in a window of its own. */
async function startApp() {
  const server = createServer((req, res) => {
    res.setHeader("content-type", "text/html; charset=utf-8");
    res.end("<!doctype html><title>app</title><h1>app</h1>");
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const origin = `http://localhost:${server.address().port}`;
  return { origin, stop: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) };
}

/** The URL with which an app sends a person, and the verifier that it keeps. */
function start(more = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const asked = { client: service.clientKey, redirect_uri: `${app.origin}/callback`, state: "st-1", code_challenge: challenge };
  const query = new URLSearchParams({ ...asked, code_challenge_method: "S256", ...more });
  return { url: `${service.baseUrl}/sign-in?${query}`, verifier };
}

async function visit(story, options = {}, expected = /^$/) {
  const context = await chrome.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (line) => line.type() === "error" && !expected.test(line.text()) && faults.push(line.text()));
  try {
    await story(page, context);
    assert.deepEqual(faults, [], "the page reports no fault");
  } finally {
    await context.close();
  }
}

/** Looks at the page as it is: a picture for people, and axe-core's rules. */
async function look(page, name) {
  await page.screenshot({ path: `${shots}sign-in-${name}.png`, fullPage: true });
  // The page's own policy lets nothing in, so the checker comes by the debugger.
  await page.evaluate(await (await import("node:fs/promises")).readFile(axe, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(told, [], name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wide, false, `${name} does not scroll sideways`);
}

const code = (email) => service.codeFor(email);

async function came(page) {
  await page.waitForURL(`${app.origin}/callback?*`);
  return Object.fromEntries(new URL(page.url()).searchParams);
}

async function trade(back, verifier) {
  const body = JSON.stringify({ code: back.code, code_verifier: verifier, redirect_uri: `${app.origin}/callback` });
  const { status, json, text } = await service.call("POST", `${service.baseUrl}/api/v1/sessions`, { body });
  assert.equal(status, 200, text);
  return json;
}

test("a person signs in with the keyboard alone, and the app gets a session", async () => {
  await visit(async (page) => {
    const { url, verifier } = start();
    await page.goto(url);
    await look(page, "email");
    await page.keyboard.type("ada@example.com");
    await page.keyboard.press("Enter");
    await page.locator("#code").waitFor();
    assert.equal(await page.locator("#code").evaluate((field) => field === document.activeElement), true);
    assert.equal(await page.locator("#code").getAttribute("autocomplete"), "one-time-code");
    await look(page, "code");
    await page.keyboard.type(await code("ada@example.com"));
    const back = await came(page);
    assert.deepEqual([back.state, back.iss], ["st-1", service.baseUrl]);
    assert.equal((await trade(back, verifier)).user.email, "ada@example.com");

    await page.goto(start().url);
    await look(page, "continue");
    await page.getByRole("button", { name: "Continue", exact: true }).click();
    await came(page);
  });
});

test("the page with its assets is one round of requests and at most 60 kB", async (t) => {
  await visit(async (page) => {
    const parts = [];
    page.on("response", async (answer) => parts.push([new URL(answer.url()).pathname, (await answer.body()).length]));
    await page.goto(start().url, { waitUntil: "networkidle" });
    const bytes = parts.reduce((sum, [, length]) => sum + length, 0);
    t.diagnostic(`${bytes} bytes uncompressed: ${parts.map(([path, length]) => `${path} ${length}`).join(", ")}`);
    assert.ok(bytes <= 60_000, String(bytes));
    // What the page names is all that is asked for: nothing that was loaded asks for more.
    const named = await page.locator("link[rel=stylesheet], script[src]").count();
    assert.equal(parts.length, 1 + named, parts.join(" "));
  });
});

test("a code is pasted with what stands around it, and faults say what to do", async () => {
  await visit(async (page) => {
    await page.goto(start().url);
    await page.fill("#email", "ben@example.com");
    await page.getByRole("button", { name: "Send code" }).click();
    await page.locator("#wait").waitFor();
    assert.match(await page.locator("#wait").textContent(), /\d+ s/);
    const right = await code("ben@example.com");
    await page.fill("#code", right === "111111" ? "222222" : "111111");
    await page.getByRole("alert").waitFor();
    assert.match(await page.title(), /^Error: /);
    await look(page, "wrong-code");
    await page.locator("#code").evaluate((field, text) => {
      const data = new DataTransfer();
      data.setData("text", text);
      field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, `Your code is ${right}.`);
    await came(page);
  });
});

test("an expired code is told as one, and a new one is had by one click", async () => {
  await visit(async (page) => {
    await page.goto(start().url);
    await page.fill("#email", "eve@example.com");
    await page.keyboard.press("Enter");
    await page.locator("#code").waitFor();
    const old = await code("eve@example.com");
    await service.advance(11 * 60);
    await page.fill("#code", old);
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").textContent(), /too old/);
    await page.getByRole("button", { name: "Send a new code" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.fill("#code", await code("eve@example.com"));
    await came(page);
  });
});

test("without JavaScript every step works by its form", async () => {
  await visit(async (page) => {
    await page.goto(start().url);
    await page.fill("#email", "cleo@example.com");
    await page.getByRole("button", { name: "Send code" }).click();
    await page.screenshot({ path: `${shots}sign-in-no-javascript.png` });
    await page.fill("#code", await code("cleo@example.com"));
    await page.getByRole("button", { name: "Sign in" }).click();
    await came(page);
  }, { javaScriptEnabled: false });
});

for (const [name, options] of [
  ["small", { viewport: { width: 360, height: 640 } }],
  ["dark", { colorScheme: "dark" }],
  ["small-dark", { viewport: { width: 360, height: 640 }, colorScheme: "dark" }],
  ["spanish", { locale: "es-ES" }],
]) {
  test(`it is whole and sound: ${name}`, async () => {
    await visit(async (page) => {
      await page.goto(start().url);
      await look(page, `${name}-email`);
      await page.fill("#email", `a-rather-long-name-${name}@a-rather-long-domain.example`);
      await page.keyboard.press("Enter");
      await page.locator("#code").waitFor();
      await look(page, `${name}-code`);
    }, options);
  });
}

test("what cannot go on says so on a page", async () => {
  await visit(async (page) => {
    const answer = await page.goto(start({ redirect_uri: "https://evil.example/" }).url);
    assert.equal(answer.status(), 400);
    await look(page, "refused");
  }, {}, /status of 400/); // the browser itself reports the status
});

test("a popup tells the page that opened it, and nobody else", async () => {
  await visit(async (page, context) => {
    await page.goto(app.origin);
    const query = new URLSearchParams({ client: service.clientKey, mode: "popup", origin: app.origin });
    const heard = page.evaluate(() => new Promise((resolve) => {
      addEventListener("message", ({ origin, data }) => resolve({ origin, data }), { once: true });
    }));
    const [popup] = await Promise.all([
      context.waitForEvent("page"),
      page.evaluate((url) => void open(url, "sign-in", "width=480,height=640"), `${service.baseUrl}/sign-in?${query}`),
    ]);
    await popup.fill("#email", "dora@example.com");
    await popup.keyboard.press("Enter");
    await popup.locator("#code").waitFor();
    await popup.fill("#code", await code("dora@example.com"));
    const { origin, data } = await heard;
    assert.deepEqual([origin, data.event], [service.baseUrl, "authMaterialFromPopupCallback"]);
    ledger.secret(data.data.oneTimeSecret);
    assert.equal((await service.refresh(data.data.oneTimeSecret)).json.user.email, "dora@example.com");

    // Opened by nobody, it shows a sentence and posts nothing; framed, it does not show at all.
    await service.advance(60);
    const alone = await context.newPage();
    await alone.goto(`${service.baseUrl}/sign-in?${query}`);
    await alone.getByRole("button", { name: "Continue", exact: true }).click();
    await alone.getByText("not open any more").waitFor();
    const framing = await context.newPage();
    await framing.goto(app.origin);
    const url = `${service.baseUrl}/sign-in?${query}`;
    await framing.evaluate((url) => {
      const frame = document.createElement("iframe");
      frame.src = url;
      document.body.append(frame);
      return new Promise((resolve) => (frame.onload = resolve));
    }, url);
    const inner = framing.frames().at(-1);
    assert.equal(await inner.locator("#step").count().catch(() => 0), 0);
  });
});
