// The demo page of `authmint dev` in a real Chromium: what a person sees after the README's first command.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { askForCode, enterCode, launchChromium, openBrowser, signIn } from "../support/person.mjs";
import { startService } from "../support/service.mjs";

let service;
let chrome;

before(async () => {
  service = await startService();
  chrome = await launchChromium();
});
after(async () => {
  await chrome?.close();
  await service?.stop();
});

test("a person signs in by code, sees who they are in two tabs, and signs out of both", async () => {
  const { context, faults } = await openBrowser(chrome);
  const page = await context.newPage();
  await signIn(page, service.demoUrl, "ada@example.com", service);
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
  const { context } = await openBrowser(chrome);
  const page = await context.newPage();
  await signIn(page, service.demoUrl, "ben@example.com", service);
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
  const { context, faults } = await openBrowser(chrome);
  const page = await context.newPage();
  await askForCode(page, service.demoUrl, "cy@example.com");
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
  const { context, faults } = await openBrowser(chrome);
  const page = await context.newPage();
  await signIn(page, service.demoUrl, "dee@example.com", service);
  for (let visit = 0; visit < 3; visit += 1) {
    await service.advance(90 * 60);
    await page.reload();
    assert.equal((await page.locator("#user-email").textContent()).trim(), "dee@example.com");
  }
  assert.deepEqual(faults, []);
  await context.close();
});
