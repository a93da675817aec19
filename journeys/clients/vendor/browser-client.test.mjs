// The vendor's headless browser client, unmodified, on pages of one browser.

import assert from "node:assert/strict";
import { after, before, beforeEach, mock, test } from "node:test";
import { Browser } from "../support/page.mjs";
import { startService } from "../support/service.mjs";
import { PROJECT_ID } from "../support/vector.mjs";

const JWT_COOKIE = `crossmint-jwt-${PROJECT_ID}`;
const REFRESH_COOKIE = `crossmint-refresh-token-${PROJECT_ID}`;

let service;
let browser;

before(async () => {
  service = await startService();
});
after(() => service?.stop());
beforeEach(async () => {
  // Stories happen at different hours, so that one's mails are not the next one's limit.
  await service.advance(3600);
  browser = new Browser(service);
});

async function signIn(page, email) {
  const { emailId } = await page.client.sendEmailOtp(email);
  const secret = await page.client.confirmEmailOtp(email, emailId, await service.codeFor(email));
  return page.client.handleRefreshAuthMaterial(secret);
}

function claimsOf(jwt) {
  return JSON.parse(Buffer.from(jwt.split(".")[1], "base64url"));
}

/** Runs what makes the vendor's client complain on the console, and keeps the console clean. */
async function quietly(story) {
  const silenced = mock.method(console, "error", () => {});
  try {
    return await story();
  } finally {
    silenced.mock.restore();
  }
}

test("a person signs in with an emailed code and stays signed in over a reload", async () => {
  const first = await browser.visit(async (page) => {
    assert.deepEqual(page.events.map(({ name }) => name), ["logout"], "nobody is signed in yet");
    assert.deepEqual(browser.calls, [], "and nothing was asked of the service");
    return signIn(page, "ana@example.com");
  });
  assert.equal(first.user.email, "ana@example.com");

  const cookies = await browser.cookies();
  assert.equal(cookies[JWT_COOKIE], first.jwt);
  assert.equal(cookies[REFRESH_COOKIE], first.refreshToken.secret, "the jar keeps the token byte for byte");

  await browser.visit(async (page) => {
    const [{ name, material }] = page.events;
    assert.equal(name, "refresh");
    assert.deepEqual(material.user, first.user);
  });
  await browser.visit(async (page) => {
    assert.deepEqual(await page.client.getUser(), first.user);
  }, { jwt: (await browser.cookies())[JWT_COOKIE] });
});

test("signing out ends the session for every copy of its token", async () => {
  const material = await browser.visit(async (page) => {
    const material = await signIn(page, "bo@example.com");
    await page.client.logout();
    return material;
  });
  const { path, status } = browser.calls.at(-1);
  assert.deepEqual([path.split("/").at(-1), status], ["logout", 200]);
  assert.deepEqual(await browser.cookies(), {});

  const refused = await service.refresh(material.refreshToken.secret);
  assert.equal(refused.status, 401);
  assert.equal(refused.json.code, "session_revoked");
  await browser.visit(async (page) => assert.equal(page.events[0].name, "logout"));
});

test("the resend trap: the first emailId goes with the newest code, and older codes are dead", async () => {
  const email = "cleo@example.com";
  await browser.visit(async ({ client }) => {
    const first = await client.sendEmailOtp(email);
    const oldCode = await service.codeFor(email);
    await service.advance(31);
    const second = await client.sendEmailOtp(email);
    assert.equal(second.emailId, first.emailId, "the vendor's form keeps the first one");
    const newCode = await service.codeFor(email);
    assert.equal((await service.mailsTo(email)).length, 2);

    if (oldCode !== newCode) {
      await assert.rejects(client.confirmEmailOtp(email, first.emailId, oldCode), /Failed to confirm email OTP: \S/);
    }
    assert.ok(await client.confirmEmailOtp(email, first.emailId, newCode));
  });
});

test("a wrong code is refused with words for a person, and five of them burn the code", async () => {
  const email = "dan@example.com";
  await browser.visit(async ({ client }) => {
    const { emailId } = await client.sendEmailOtp(email);
    const right = await service.codeFor(email);
    const wrong = right === "000000" ? "000001" : "000000";
    for (let tries = 0; tries < 5; tries += 1) {
      const refusal = await client.confirmEmailOtp(email, emailId, wrong).catch((error) => error);
      assert.match(refusal.message, /^Failed to confirm email OTP: .*code/i);
      assert.doesNotMatch(refusal.message, /undefined|Unknown error|API request failed/);
    }
    await assert.rejects(client.confirmEmailOtp(email, emailId, right), /Failed to confirm email OTP: \S/, "burnt");
  });
  assert.equal(browser.calls.filter(({ status }) => status >= 500).length, 0);
});

test("a typed address is the same mailbox and the same person, however it is typed", async () => {
  const users = [];
  for (const typed of ["eve+shop@example.com", " Eve+Shop@Example.COM ", "EVE+SHOP@EXAMPLE.COM"]) {
    await browser.visit(async (page) => {
      users.push((await signIn(page, typed)).user);
      await page.client.logout();
    });
    await service.advance(600);
  }
  assert.deepEqual(users[1], users[0]);
  assert.deepEqual(users[2], users[0]);
  assert.equal(users[0].email, "eve+shop@example.com");
});

test("a jar of legacy cookies (the plain pair) is moved to the scoped pair without a sign-in", async () => {
  const { user, refresh, jwt } = await service.signIn("fay@example.com");
  await browser.jar.setCookie(`crossmint-refresh-token=${refresh.secret}; Path=/`, browser.origin);
  await browser.jar.setCookie(`crossmint-jwt=${jwt}; Path=/`, browser.origin);

  await browser.visit(async (page) => assert.deepEqual(page.events[0].material?.user, user));
  assert.deepEqual(Object.keys(await browser.cookies()).sort(), [JWT_COOKIE, REFRESH_COOKIE]);
});

test("an hour of page loads: one refresh each, no sign-out, no wrong turn", async () => {
  await browser.visit((page) => signIn(page, "gil@example.com"));
  const { user } = (await browser.visit(async (page) => page.events[0])).material;
  browser.calls.length = 0;

  const loads = 60;
  for (let load = 0; load < loads; load += 1) {
    await service.advance(60);
    await browser.visit(async (page) => {
      assert.deepEqual(page.events.map(({ name }) => name), ["refresh"], `load ${load}`);
      assert.deepEqual(page.events[0].material.user, user);
    });
  }
  assert.equal(browser.count("/refresh"), loads);
  assert.deepEqual([...new Set(browser.calls.map(({ status }) => status))], [200]);
  assert.equal(browser.count("/logout"), 0);
});

test("a page left open refreshes by its own timer, two minutes before the JWT ends", async () => {
  await browser.visit(async (page) => {
    await signIn(page, "hal@example.com");
    for (let round = 1; round <= 4; round += 1) {
      const settled = page.events.length;
      const { exp, iat } = claimsOf(page.events.at(-1).material.jwt);
      assert.ok(exp - iat >= 180, "a shorter life would switch the client's timer off");
      await service.advance(exp - 119 - Math.floor(Date.now() / 1000));
      while (page.events.length === settled) {
        await new Promise((frame) => requestAnimationFrame(frame));
      }
    }
    assert.deepEqual(page.events.map(({ name }) => name), ["logout", ...Array(5).fill("refresh")]);
  });
});

test("a spoilt token signs this browser out with a refusal, never with a fault of the service", async () => {
  await browser.jar.setCookie(`${REFRESH_COOKIE}=no-token-of-ours; Path=/`, browser.origin);
  await quietly(() => browser.visit(async (page) => {
    assert.equal(page.events[0].name, "logout");
    while (browser.count("/logout") === 0) {
      await new Promise((frame) => requestAnimationFrame(frame));
    }
  }));
  assert.deepEqual(browser.calls.map(({ status }) => status), [401, 200]);
});
