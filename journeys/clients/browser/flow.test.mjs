// The redirect flow through the example apps in a real Chromium: Express, plain Node.js, axum and actix-web. Next.js, which is
// built first, walks the same way in next.test.mjs.

import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../crates/session-node/test/support/next.mjs";
import { startExample, startNodeExample } from "../support/example.mjs";
import { walkThrough, walkWithoutScript } from "../support/flow.mjs";
import { launchChromium } from "../support/person.mjs";
import { startService } from "../support/service.mjs";

const screenshots = fileURLToPath(new URL("../screenshots", import.meta.url));
const EXAMPLES = { express: startNodeExample, "node-http": startNodeExample, axum: startExample, actix: startExample };

const apps = {};
let service;
let chrome;

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  // Where each app will be: the service sends nobody to an address that was not registered.
  const ports = Object.fromEntries(await Promise.all(Object.keys(EXAMPLES).map(async (name) => [name, await freePort()])));
  const uris = Object.values(ports).flatMap((port) => ["--redirect-uri", `http://localhost:${port}/auth/callback`]);
  [service, chrome] = await Promise.all([startService(...uris), launchChromium()]);
  for (const [name, start] of Object.entries(EXAMPLES)) apps[name] = await start(name, service, { PORT: String(ports[name]) });
});
after(async () => {
  await chrome?.close();
  for (const app of Object.values(apps)) await app.stop();
  await service?.stop();
});

for (const name of Object.keys(EXAMPLES)) {
  test(`${name}: sign in by the page, reload, second tab, back, sign out, and in again by one click`, async () => {
    await walkThrough({ chrome, url: apps[name].url, service, name, screenshots });
  });

  test(`${name}: the way in needs no script`, async () => {
    await walkWithoutScript({ chrome, url: apps[name].url, service, name });
  });
}
