// A person on the service's sign-in page, in a browser without JavaScript: it follows redirects, keeps the cookies of each
// host apart, and fills in forms.

import assert from "node:assert/strict";
import * as ledger from "./ledger.mjs";

/** A browser's jars, by host: cookies ignore ports. */
export class Walker {
  #jars = new Map();

  jar(url) {
    const { hostname } = new URL(url);
    if (!this.#jars.has(hostname)) this.#jars.set(hostname, new Map());
    return this.#jars.get(hostname);
  }

  /** Loads a page as a click on a link does, one answer at a time. */
  async load(url, init = {}) {
    const jar = this.jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { "sec-fetch-dest": "document", "sec-fetch-mode": "navigate", ...init.headers, ...(cookie ? { cookie } : {}) };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const cut = pair.indexOf("=");
      const [name, value] = [pair.slice(0, cut), pair.slice(cut + 1)];
      if (value === "" || /max-age=0(;|$)/i.test(line)) jar.delete(name);
      else jar.set(name, value);
      if (value !== "") ledger.secret(value);
    }
    const to = answer.headers.get("location");
    return { status: answer.status, headers: answer.headers, url, to: to && new URL(to, url).href, text: await answer.text() };
  }

  /** Follows an answer until it leads to another host or port, or nowhere. */
  async follow(answer) {
    let last = answer;
    while (last.to && new URL(last.to).origin === new URL(last.url).origin) last = await this.load(last.to);
    return last;
  }

  /** Sends the form of a page of the service. */
  submit(page, step, entered = {}) {
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const fields = hidden.map(([, name, value]) => [name, value.replaceAll("&#38;", "&")]);
    const body = new URLSearchParams([...fields, ...Object.entries(entered), ["step", step]]);
    const { origin } = new URL(page.url);
    return this.load(new URL("/sign-in", page.url).href, { method: "POST", body, headers: { origin, "sec-fetch-site": "same-origin" } });
  }

  /** From an app's link to the service's page, through it, and back; gives the answer of the app's callback. */
  async signIn(link, email, service) {
    const there = await this.load(link);
    assert.equal(there.status, 303, there.text);
    const email_page = await this.follow(await this.load(there.to));
    assert.equal(email_page.status, 200, email_page.text);
    const code_page = await this.follow(await this.submit(email_page, "email", { email }));
    assert.match(code_page.text, /one-time-code/, code_page.text);
    const back = await this.submit(code_page, "code", { code: await service.codeFor(email) });
    assert.equal(back.status, 303, back.text);
    return this.load(back.to);
  }
}
