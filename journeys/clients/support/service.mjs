// The built program, started as a person starts it, with a clock that a story can move.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { mock } from "node:test";
import { promisify } from "node:util";
import * as ledger from "./ledger.mjs";
import { CLIENT_KEY } from "./vector.mjs";

const API = "/api/2024-09-26";

/** Node's own fetch, as it is before a page puts a browser's in its place: stories act from outside any page. */
const fetch = globalThis.fetch;

/** Starts `authmint dev` on free ports and a fresh data folder, with further options if a story needs them. */
export async function startService(...options) {
  const program = process.env.AUTHMINT_BIN;
  assert.ok(program, "AUTHMINT_BIN must name the built program: run this by `cargo xtask test`");
  const data = await mkdtemp(join(tmpdir(), "authmint-journey-"));
  const ports = ["--port", "0", "--demo-port", "0"];
  const child = spawn(program, ["dev", ...ports, "--data", data, "--json", "--virtual-clock", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, AUTHMINT_LOG: "trace" },
  });
  const log = [];
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log.push(text);
    ledger.log(text);
  });
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  const facts = JSON.parse(await firstLine(child, ended, log));
  ledger.secret(facts.serverKey);
  return new Service(facts, { child, ended, data, log });
}

async function firstLine(child, ended, log) {
  const lines = createInterface({ input: child.stdout });
  const line = new Promise((resolve) => lines.once("line", resolve));
  const failure = ended.then((how) => {
    throw new Error(`authmint dev ended (${how}) before its first line:\n${log.join("")}`);
  });
  return Promise.race([line, failure]);
}

/** Sets this process's date, which then stands still until it is set again. */
function holdDateAt(now) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date"], now });
}

class Service {
  #process;
  #ahead = 0;

  constructor(facts, process) {
    Object.assign(this, facts);
    this.authUrl = `${facts.baseUrl}${API}/session/sdk/auth`;
    this.userUrl = `${facts.baseUrl}${API}/sdk/auth/user`;
    this.#process = process;
  }

  /** Moves the service's clock, and this process's with it, so that clients and cookies age alike. */
  async advance(seconds) {
    const answer = await fetch(`${this.baseUrl}/dev/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ advance_s: seconds }),
    });
    assert.ok(answer.ok, `POST /dev/clock answered ${answer.status}`);
    this.#ahead += seconds;
    holdDateAt(performance.timeOrigin + performance.now() + this.#ahead * 1000);
  }

  /** The mails to an address, newest first. */
  async mailsTo(address) {
    const mails = await (await fetch(this.inboxUrl)).json();
    return mails.filter((mail) => mail.to.toLowerCase() === address.trim().toLowerCase());
  }

  /** The code in the newest mail to an address. */
  async codeFor(address) {
    const [mail] = await this.mailsTo(address);
    assert.ok(mail, `no mail reached ${address}`);
    assert.match(mail.code, /^[0-9]{6}$/);
    ledger.code(address.trim(), mail.code);
    return mail.code;
  }

  /** One call of the wire, without a client in between. `Origin` and all else is the caller's to say. */
  async call(method, url, { headers = {}, body, key = CLIENT_KEY } = {}) {
    const sent = { "content-type": "application/json", ...(key && { "x-api-key": key }), ...headers };
    const answer = await fetch(url, { method, headers: sent, body });
    const text = await answer.text();
    ledger.answer(answer.status, parsed(text), text);
    return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
  }

  /** Trades a refresh token or a one-time secret. */
  refresh(token, options = {}) {
    return this.call("POST", `${this.authUrl}/refresh`, { ...options, body: JSON.stringify({ refresh: token }) });
  }

  sendCode(email, options = {}) {
    return this.call("POST", `${this.authUrl}/otps/send`, { ...options, body: JSON.stringify({ email }) });
  }

  authenticate({ email, emailId, code, callbackUrl = `${this.authUrl}/callback` }, options = {}) {
    const query = new URLSearchParams({
      email,
      signinAuthenticationMethod: "email",
      token: code,
      locale: "en",
      state: emailId,
      callbackUrl,
    });
    return this.call("POST", `${this.authUrl}/authenticate?${query}`, options);
  }

  /** Signs an address in over the bare wire and gives the auth material. */
  async signIn(email) {
    const sent = await this.sendCode(email);
    assert.equal(sent.status, 200, sent.text);
    const code = await this.codeFor(email);
    const proven = await this.authenticate({ email, emailId: sent.json.emailId, code });
    assert.equal(proven.status, 200, proven.text);
    const session = await this.refresh(proven.json.oneTimeSecret);
    assert.equal(session.status, 200, session.text);
    return session.json;
  }

  /** What an operator types beside the running service: `authmint signing-key …`; gives the keys as they are then. */
  signingKey(...words) {
    return this.#command("signing-key", ...words);
  }

  /** A new operator token. */
  async operatorToken() {
    const { token } = await this.#command("operator", "token", "create", "--name", "suite");
    ledger.secret(token);
    return token;
  }

  /** What the service has logged so far. */
  logText() {
    return this.#process.log.join("");
  }

  async #command(...words) {
    const { data } = this.#process;
    // Commands keep off a folder of development mode, which alone has a clock to move: the story takes its mark away.
    await rm(join(data, "DEVELOPMENT"), { force: true });
    const opened = ["--database", `sqlite:${join(data, "authmint.db")}`, "--key-ring", join(data, "key-ring")];
    // A variable of the suites' own is no key of the program's configuration.
    const { AUTHMINT_BIN: program, ...env } = process.env;
    const { stdout } = await promisify(execFile)(program, [...words, "--json", ...opened], { env });
    return JSON.parse(stdout);
  }

  /** Ends the program as an operator does; it must finish what it accepted and say so by its exit code. */
  async stop() {
    const { child, ended, data, log } = this.#process;
    child.kill("SIGTERM");
    const how = await ended;
    ledger.data(data);
    await rm(data, { recursive: true, force: true });
    assert.equal(how, 0, `authmint dev ended with ${how}:\n${log.join("")}`);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
