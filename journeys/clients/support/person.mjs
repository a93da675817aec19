// A person at a real Chromium, on a page of an example app.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** Starts the browser program; a person's own browser is a context of it. */
export function launchChromium() {
  assert.ok(process.env.CHROME, "CHROME must name a Chromium: run this by `cargo xtask test`");
  // Without a sandbox: in a container Chromium's own has nothing to stand on, and it opens no page but ours.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  return chromium.launch({ executablePath: process.env.CHROME, args });
}

/** A person's browser: one cookie jar, and a note of every script fault and every blocked resource. */
export async function openBrowser(chrome) {
  const context = await chrome.newContext();
  context.setDefaultTimeout(15_000);
  const faults = [];
  context.on("weberror", (fault) => faults.push(fault.error().message));
  context.on("console", (line) => {
    if (/Content Security Policy/.test(line.text())) faults.push(line.text());
  });
  return { context, faults };
}

export async function askForCode(page, appUrl, email) {
  await page.goto(appUrl);
  await page.locator("#email").fill(email);
  await page.locator("#send-code").click();
  await page.locator("#code").waitFor({ state: "visible" });
}

export async function enterCode(page, code) {
  await page.locator("#code").fill(code);
  await page.locator("#verify").click();
}

/** Signs in at the app by the code in the service's inbox. */
export async function signIn(page, appUrl, email, service) {
  await askForCode(page, appUrl, email);
  await enterCode(page, await service.codeFor(email));
  await page.locator("#user-email").waitFor({ state: "visible" });
}
