// A person in a real Chromium who signs in to an app by the service's own page: the same walk, whatever the app is made of.

import assert from "node:assert/strict";

/** What of an app's page says who is signed in, and what is clicked to sign in and out. */
export const MARKS = { link: 'a[href="/auth/sign-in"]', user: "#user, #user-email", out: "#sign-out" };

/** From the app to the page and back; `wrong` enters a wrong code first. */
export async function signInByPage(page, url, email, service, { wrong = false } = {}) {
  await page.goto(url);
  await page.locator(MARKS.link).click();
  await page.waitForURL(`${service.baseUrl}/sign-in?*`);
  await page.fill("#email", email);
  await page.getByRole("button", { name: "Send code" }).click();
  await page.locator("#code").waitFor();
  const code = await service.codeFor(email);
  if (wrong) {
    await enter(page, code === "111111" ? "222222" : "111111");
    await page.getByRole("alert").waitFor();
    assert.match(await page.title(), /^Error: /);
  }
  await enter(page, code);
  await page.waitForURL((now) => now.origin === new URL(url).origin);
  await page.locator(MARKS.user).waitFor();
}

/** With a script the sixth digit sends the form. */
async function enter(page, code) {
  await page.fill("#code", code);
  const scripted = await page.evaluate(() => document.querySelector("#step")?.dataset.sent ?? "").catch(() => "sent");
  if (scripted === "") await page.getByRole("button", { name: "Sign in" }).click().catch(() => {});
}

/** The whole story. */
export async function walkThrough({ chrome, url, service, name, screenshots }) {
  const context = await chrome.newContext();
  context.setDefaultTimeout(20_000);
  const faults = [];
  context.on("weberror", (fault) => faults.push(fault.error().message));
  try {
    const page = await context.newPage();
    const email = `${name}@example.com`;
    await signInByPage(page, url, email, service, { wrong: true });
    await page.screenshot({ path: `${screenshots}/flow-${name}.png` });
    const user = await page.locator(MARKS.user).first().textContent();
    const cookies = await context.cookies(url);
    assert.deepEqual(cookies.filter((one) => one.name.includes("flow")), [], "the flow's cookie is used up");
    const kept = cookies.find((one) => one.name === "crossmint-refresh-token");
    assert.deepEqual([kept.httpOnly, kept.sameSite], [true, "Lax"]);

    await page.reload();
    assert.equal(await page.locator(MARKS.user).first().textContent(), user, "a reload keeps it");
    const tab = await context.newPage();
    await tab.goto(url);
    assert.equal(await tab.locator(MARKS.user).first().textContent(), user, "a second tab is signed in");

    // Back: no browser asks whether to send a form again, and nobody is asked for a code that is used.
    await page.goBack();
    await page.getByRole("button", { name: "Continue", exact: true }).waitFor();
    assert.ok(page.url().startsWith(`${service.baseUrl}/sign-in?`), page.url());
    await page.goForward();
    assert.equal(await page.locator(MARKS.user).first().textContent(), user);

    await page.locator(MARKS.out).click();
    await page.locator(MARKS.link).waitFor();
    await tab.goto(url);
    await tab.locator(MARKS.link).waitFor();
    const left = (await context.cookies(url)).filter((one) => one.name.startsWith("crossmint-"));
    assert.deepEqual(left, [], "both cookies are gone");

    // The page knows this browser: one click.
    await tab.locator(MARKS.link).click();
    await tab.getByRole("button", { name: "Continue", exact: true }).click();
    await tab.locator(MARKS.user).waitFor();
    assert.equal(await tab.locator(MARKS.user).first().textContent(), user);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** The way in without any script. */
export async function walkWithoutScript({ chrome, url, service, name }) {
  const context = await chrome.newContext({ javaScriptEnabled: false });
  context.setDefaultTimeout(20_000);
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.locator(MARKS.link).click();
    await page.fill("#email", `plain-${name}@example.com`);
    await page.getByRole("button", { name: "Send code" }).click();
    await page.locator("#code").waitFor();
    await page.fill("#code", await service.codeFor(`plain-${name}@example.com`));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator(MARKS.user).waitFor();
    assert.equal(new URL(page.url()).origin, new URL(url).origin);
  } finally {
    await context.close();
  }
}
