// The demo page of `authmint dev` in a real Chromium: what a person sees after the README's first command.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { startService } from "../support/service.mjs";

let service;
let chrome;

before(async () => {
  assert.ok(process.env.CHROME, "CHROME must name a Chromium: run this by `cargo xtask test`");
  service = await startService();
  // Without a sandbox: in a container Chromium's own has nothing to stand on, and it opens no page but ours.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  chrome = await chromium.launch({ executablePath: process.env.CHROME, args });
});
after(async () => {
  await chrome?.close();
  await service?.stop();
});

/** A person's browser: one cookie jar, and a note of every script fault and every blocked resource. */
async function openBrowser() {
  const context = await chrome.newContext();
  context.setDefaultTimeout(15_000);
  const faults = [];
  context.on("weberror", (fault) => faults.push(fault.error().message));
  context.on("console", (line) => {
    if (/Content Security Policy/.test(line.text())) faults.push(line.text());
  });
  return { context, faults };
}

async function askForCode(page, email) {
  await page.goto(service.demoUrl);
  await page.locator("#email").fill(email);
  await page.locator("#send-code").click();
  await page.locator("#code").waitFor({ state: "visible" });
}

async function enterCode(page, code) {
  await page.locator("#code").fill(code);
  await page.locator("#verify").click();
}

async function signIn(page, email) {
  await askForCode(page, email);
  await enterCode(page, await service.codeFor(email));
  await page.locator("#user-email").waitFor({ state: "visible" });
}

test("a person signs in by code, sees who they are in two tabs, and signs out of both", async () => {
  const { context, faults } = await openBrowser();
  const page = await context.newPage();
  await signIn(page, "ada@example.com");
  assert.equal((await page.locator("#user-email").textContent()).trim(), "ada@example.com");
  assert.match(await page.locator("#session-expires").textContent(), /\d/);

  const tab = await context.newPage();
  await tab.goto(service.demoUrl);
  assert.equal((await tab.locator("#user-email").textContent()).trim(), "ada@example.com");

  const refreshed = page.waitForResponse((answer) => answer.request().method() === "POST");
  await page.locator("#refresh").click();
  assert.equal((await refreshed).status(), 200);
  await page.reload();
  assert.equal((await page.locator("#user-email").textContent()).trim(), "ada@example.com");

  await page.locator("#sign-out").click();
  await page.locator("#email").waitFor({ state: "visible" });
  await tab.reload().catch(() => {}); // it may be reloading by itself, told by the first tab
  await tab.locator("#email").waitFor({ state: "visible" });
  assert.equal(await tab.locator("#user-email").isVisible(), false);
  assert.deepEqual(faults, []);
  await context.close();
});

test("scripts cannot read the refresh token, and nothing secret is left in the address bar", async () => {
  const { context } = await openBrowser();
  const page = await context.newPage();
  await signIn(page, "ben@example.com");
  const cookies = await context.cookies(service.demoUrl);
  const refresh = cookies.find(({ name }) => name.startsWith("crossmint-refresh-token"));
  assert.ok(refresh, "the app's server set it");
  assert.equal(refresh.httpOnly, true);
  assert.equal(refresh.sameSite, "Lax");
  assert.equal((await page.evaluate(() => document.cookie)).includes(refresh.value), false);
  assert.equal(new URL(page.url()).search, "");
  await context.close();
});

test("a wrong code is no dead end: the right one still signs in", async () => {
  const { context, faults } = await openBrowser();
  const page = await context.newPage();
  await askForCode(page, "cy@example.com");
  const right = await service.codeFor("cy@example.com");
  await enterCode(page, right === "000000" ? "000001" : "000000");
  await page.locator("#error", { hasText: /\w+ \w+/ }).waitFor({ state: "visible" });
  assert.equal(await page.locator("#user-email").isVisible(), false);
  await enterCode(page, right);
  await page.locator("#user-email").waitFor({ state: "visible" });
  assert.deepEqual(faults, []);
  await context.close();
});

test("hours later the page still knows who it is, and asks nobody to sign in again", async () => {
  const { context, faults } = await openBrowser();
  const page = await context.newPage();
  await signIn(page, "dee@example.com");
  for (let visit = 0; visit < 3; visit += 1) {
    await service.advance(90 * 60);
    await page.reload();
    assert.equal((await page.locator("#user-email").textContent()).trim(), "dee@example.com");
  }
  assert.deepEqual(faults, []);
  await context.close();
});
