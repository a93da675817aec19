// A browser with one cookie jar, as far as the vendor's headless client can tell: a document per page load, animation
// frames, and a fetch that obeys CORS as browsers do. (Node's own fetch obeys none of it, and would prove nothing.)

import { CrossmintAuth, createCrossmint } from "@crossmint/client-sdk-auth";
import { CookieJar, JSDOM } from "jsdom";
import { CLIENT_KEY } from "./vector.mjs";

const plainFetch = globalThis.fetch;

/** Header names that need no preflight, whatever their value. */
const SAFE_HEADERS = new Set(["accept", "accept-language", "content-language"]);

export class Browser {
  constructor({ baseUrl, origin = "http://localhost:3000" }) {
    this.baseUrl = baseUrl;
    this.origin = origin;
    this.jar = new CookieJar();
    /** Every call that pages made, preflights aside: `{method, path, status}`. */
    this.calls = [];
  }

  /** Loads a page with the vendor's client on it, and waits until the client has settled who is signed in. */
  async open({ jwt } = {}) {
    const dom = new JSDOM("", { url: this.origin, cookieJar: this.jar, pretendToBeVisual: true });
    const { window } = dom;
    globalThis.window = window;
    globalThis.document = window.document;
    globalThis.requestAnimationFrame = (step) => window.requestAnimationFrame(step);
    globalThis.fetch = (url, init) => this.#fetch(url, init);

    const page = { window, events: [], client: undefined, close: () => close(page) };
    const settled = new Promise((resolve) => {
      const note = (name) => (material) => {
        page.events.push({ name, material });
        resolve();
      };
      const crossmint = createCrossmint({ apiKey: CLIENT_KEY, overrideBaseUrl: this.baseUrl, jwt });
      const callbacks = { onTokenRefresh: note("refresh"), onLogout: note("logout") };
      page.client = CrossmintAuth.from(crossmint, { callbacks });
    });
    await settled;
    return page;
  }

  /** Loads a page, lets a story happen on it, and closes it. */
  async visit(story, options) {
    const page = await this.open(options);
    try {
      return await story(page);
    } finally {
      page.close();
    }
  }

  /** The jar's cookies for the page, by name. */
  async cookies() {
    const cookies = await this.jar.getCookies(this.origin);
    return Object.fromEntries(cookies.map(({ key, value }) => [key, value]));
  }

  /** How often pages called a path that ends so. */
  count(end) {
    return this.calls.filter(({ path }) => path.endsWith(end)).length;
  }

  async #fetch(url, init = {}) {
    const headers = new Headers(init.headers);
    const extra = [...headers.keys()].filter((name) => !SAFE_HEADERS.has(name));
    if (extra.length > 0) {
      await this.#preflight(url, init.method ?? "GET", extra);
    }
    headers.set("origin", this.origin);
    const answer = await plainFetch(url, { ...init, headers, credentials: "omit" });
    this.calls.push({ method: init.method, path: new URL(url).pathname, status: answer.status });
    this.#mustAllow(answer, `${init.method} ${url}`);
    return answer;
  }

  async #preflight(url, method, names) {
    const headers = {
      origin: this.origin,
      "access-control-request-method": method,
      "access-control-request-headers": names.join(","),
    };
    const answer = await plainFetch(url, { method: "OPTIONS", headers });
    this.#mustAllow(answer, `OPTIONS ${url}`);
    const allowed = (answer.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(/\s*,\s*/);
    const refused = names.filter((name) => !allowed.includes(name));
    if (!answer.ok || refused.length > 0) {
      throw new TypeError(`Failed to fetch: preflight of ${url} answered ${answer.status}, refuses ${refused}`);
    }
  }

  #mustAllow(answer, what) {
    const allowed = answer.headers.get("access-control-allow-origin");
    if (allowed !== "*" && allowed !== this.origin) {
      throw new TypeError(`Failed to fetch: ${what} allows the origin ${allowed}, the page is ${this.origin}`);
    }
  }
}

function close(page) {
  page.client.cancelScheduledRefresh();
  page.window.close();
  for (const name of ["window", "document", "requestAnimationFrame"]) {
    delete globalThis[name];
  }
  globalThis.fetch = plainFetch;
}
