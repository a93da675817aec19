// The built program as an operator runs it: a configuration file, `authmint serve`, and the commands beside it.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { SMTPServer } from "smtp-server";

/** Starts `authmint serve` on a free port in a folder of its own, with a mail server to listen to. */
export async function startServed() {
  const program = process.env.AUTHMINT_BIN;
  assert.ok(program, "AUTHMINT_BIN must name the built program: run this by `cargo xtask test`");
  const folder = await mkdtemp(join(tmpdir(), "authmint-served-"));
  const mails = [];
  const server = new SMTPServer({
    authOptional: true,
    closeTimeout: 10, // the service keeps its connection open for the next mail
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      const parts = [];
      stream.on("data", (part) => parts.push(part));
      stream.on("end", () => {
        mails.push({ to: session.envelope.rcptTo[0].address, text: Buffer.concat(parts).toString("utf8") });
        done();
      });
    },
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = {
    public_url: "http://localhost:8420",
    listen: "127.0.0.1:0",
    log_format: "json",
    database: `sqlite:${join(folder, "data", "authmint.db")}`,
    key_ring: join(folder, "data", "key-ring"),
    smtp: `smtp://127.0.0.1:${server.server.address().port}?from=Shop <no-reply@shop.example>`,
  };
  const lines = Object.entries(config).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  // The environment is configuration, too: what is in it for the suite is no key of the service's.
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("AUTHMINT_"));
  const env = { ...Object.fromEntries(others), AUTHMINT_CONFIG: join(folder, "authmint.toml") };
  await writeFile(env.AUTHMINT_CONFIG, lines.join(""));

  const child = spawn(program, ["serve"], { env, stdio: ["ignore", "ignore", "pipe"] });
  const log = [];
  const reader = createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  await Promise.race([new Promise((resolve) => reader.once("line", resolve)), ended]);
  if (child.exitCode !== null) server.close();
  assert.equal(child.exitCode, null, `authmint serve did not start:\n${log.join("\n")}`);
  return new Served({ program, folder, env, child, ended, log, mails, server });
}

class Served {
  #parts;

  constructor(parts) {
    this.#parts = parts;
    this.folder = parts.folder;
    this.url = `http://${JSON.parse(parts.log[0]).address}`;
  }

  /** Runs a command beside the service and gives what it says of the outcome. */
  async command(...words) {
    const { program, env } = this.#parts;
    const { stdout } = await promisify(execFile)(program, [...words, "--json"], { env });
    return JSON.parse(stdout);
  }

  /** One call that must succeed. */
  async call(method, path, credential, body) {
    const operator = credential.startsWith("amo1_");
    const shown = operator ? { authorization: `Bearer ${credential}` } : { "x-api-key": credential };
    const headers = { ...shown, "content-type": "application/json" };
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Signs an address in by the code that is mailed; gives the user. */
  async signIn(key, email) {
    const at = "/api/2024-09-26/session/sdk/auth";
    const { emailId } = await this.call("POST", `${at}/otps/send`, key, { email });
    const mail = this.#parts.mails.findLast(({ to }) => to === email);
    const [token] = mail.text.match(/\b[0-9]{6}\b/);
    const query = new URLSearchParams({ email, signinAuthenticationMethod: "email", token, state: emailId });
    const { oneTimeSecret } = await this.call("POST", `${at}/authenticate?${query}`, key);
    return (await this.call("POST", `${at}/refresh`, key, { refresh: oneTimeSecret })).user;
  }

  /** The lines of its log about answered requests. */
  answered() {
    return this.#parts.log.map((line) => JSON.parse(line)).filter(({ message }) => message === "answered");
  }

  /** Ends the program as an operator does; it must finish what it accepted and say so by its exit code. */
  async stop() {
    const { child, ended, folder, server } = this.#parts;
    child.kill("SIGTERM");
    const how = await ended;
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
    assert.equal(how, 0, `authmint serve ended with ${how}`);
  }
}
