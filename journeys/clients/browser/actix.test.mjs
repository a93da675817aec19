// The actix-web example in a real Chromium, as a process of its own beside `authmint dev`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startExample } from "../support/example.mjs";
import { launchChromium, openBrowser, signIn } from "../support/person.mjs";
import { startService } from "../support/service.mjs";

let service;
let app;
let chrome;

before(async () => {
  // A JWT that lives a minute is renewed early at a third of it; every refresh rotates.
  service = await startService("--session-jwt-ttl", "60", "--settle", "0");
  app = await startExample("actix", service);
  chrome = await launchChromium();
});
after(async () => {
  await chrome?.close();
  await app?.stop();
  await service?.stop();
});

test("a person signs in to the actix-web example, refreshes, is the same in two tabs, and signs out of both", async () => {
  const { context, faults } = await openBrowser(chrome);
  const page = await context.newPage();
  await signIn(page, app.url, "ada@example.com", service);
  assert.equal((await page.locator("#user-email").textContent()).trim(), "ada@example.com");
  assert.equal(await page.locator(".tag").textContent(), "actix-web example");

  const cookie = async (name) => (await context.cookies(app.url)).find((one) => one.name === name);
  const before = await cookie("crossmint-refresh-token");
  assert.deepEqual([before.httpOnly, before.sameSite, before.domain], [true, "Lax", "localhost"]);
  assert.equal((await page.evaluate(() => document.cookie)).includes(before.value), false);

  const refreshed = page.waitForResponse((answer) => answer.request().method() === "POST");
  await page.locator("#refresh").click();
  assert.equal((await refreshed).status(), 200);
  assert.notEqual((await cookie("crossmint-refresh-token")).value, before.value);

  const tab = await context.newPage();
  await tab.goto(app.url);
  assert.equal((await tab.locator("#user-email").textContent()).trim(), "ada@example.com");
  await page.locator("#sign-out").click();
  await page.locator("#email").waitFor({ state: "visible" });
  await tab.reload().catch(() => {}); // it may be reloading by itself, told by the first tab
  await tab.locator("#email").waitFor({ state: "visible" });
  assert.deepEqual(faults, []);
  await context.close();
});

test("a page whose JWT cookie is gone is served and gets a new one; forty calls at once renew it once", async () => {
  const { context, faults } = await openBrowser(chrome);
  const page = await context.newPage();
  await signIn(page, app.url, "ben@example.com", service);
  await context.clearCookies({ name: "crossmint-jwt" });
  await page.reload();
  assert.equal((await page.locator("#user-email").textContent()).trim(), "ben@example.com");
  assert.ok((await context.cookies(app.url)).some(({ name }) => name === "crossmint-jwt"));

  const token = (await context.cookies(app.url)).find(({ name }) => name === "crossmint-refresh-token");
  const storm = await Promise.all(
    Array.from({ length: 40 }, () =>
      fetch(`${app.url}/api/me`, { headers: { cookie: `crossmint-refresh-token=${token.value}` } }),
    ),
  );
  assert.deepEqual(new Set(storm.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(storm.map(({ headers }) => headers.getSetCookie().join("\n"))).size, 1);
  assert.deepEqual(faults, []);
  await context.close();
});
