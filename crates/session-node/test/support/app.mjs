// An app's side of the stories: its requests, its answers, a real HTTP server, and the SDK as an app imports it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { CrossmintAuth, createCrossmint } from "authmint";

export { startService } from "../../../../journeys/clients/support/service.mjs";

/** The SDK for a running service; warnings are kept, not printed. */
export function sdk(service, options = {}) {
  const warnings = [];
  const crossmint = createCrossmint({ apiKey: service.serverKey, overrideBaseUrl: service.baseUrl });
  const auth = CrossmintAuth.from(crossmint, { warn: (message) => warnings.push(message), ...options });
  return Object.assign(auth, { warnings });
}

/** The plain pair as a `Cookie` header. */
export function plain({ jwt, refresh }) {
  return `theme=dark; crossmint-jwt=${jwt}; crossmint-refresh-token=${refresh.secret}; lang=en`;
}

/** The browser SDK's pair as a `Cookie` header. */
export function scoped({ jwt, refresh }, project) {
  return `crossmint-jwt-${project}=${jwt}; crossmint-refresh-token-${project}=${refresh.secret}`;
}

/** A Fetch request of a browser's, by default a top-level navigation. */
export function request(cookie, headers = { "sec-fetch-dest": "document" }, init = {}) {
  return new Request("https://app.example.com/account", { headers: { cookie, ...headers }, ...init });
}

/** The cookies of an answer: name -> { value, attributes }. */
export function setCookies(answer) {
  const parsed = (answer.headers ?? answer).getSetCookie().map((line) => {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const cut = pair.indexOf("=");
    return [pair.slice(0, cut), { value: pair.slice(cut + 1), attributes }];
  });
  return Object.fromEntries(parsed);
}

/** Starts an HTTP server on a free port, ended with the test. Gives its origin. */
export async function serve(t, handler) {
  const server = createServer(handler);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** The typed error that a promise or a function ends in. */
export async function refusal(act) {
  try {
    await (typeof act === "function" ? act() : act);
  } catch (error) {
    assert.equal(error?.name, "CrossmintAuthenticationError", `not the package's error: ${error?.stack ?? error}`);
    assert.ok(error.message.length > 10 && error.code, "an error has a code and a sentence");
    return error;
  }
  return assert.fail("it was not refused");
}
