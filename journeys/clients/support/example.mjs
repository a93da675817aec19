// A built example app, started as its first lines say, against a running service.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { dirname, extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Starts `authmint-example-<name>` on a free port; it was built beside the service's program. */
export function startExample(name, service, more = {}) {
  const beside = process.env.AUTHMINT_BIN;
  assert.ok(beside, "AUTHMINT_BIN must name the built program: run this by `cargo xtask test`");
  const program = join(dirname(beside), `authmint-example-${name}${extname(beside)}`);
  return start(program, [], {}, service, more);
}

/** Starts `examples/<name>/server.mjs` by Node.js; its packages were installed. */
export function startNodeExample(name, service, more = {}) {
  const cwd = fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
  return start(process.execPath, ["--unhandled-rejections=strict", "server.mjs"], { cwd }, service, more);
}

/** Starts an app, and waits until it says where it is. */
async function start(program, args, options, service, more) {
  const env = {
    ...process.env,
    PORT: "0",
    AUTHMINT_BASE_URL: service.baseUrl,
    AUTHMINT_CLIENT_KEY: service.clientKey,
    AUTHMINT_SERVER_KEY: service.serverKey,
    ...more,
  };
  const child = spawn(program, args, { ...options, env, stdio: ["ignore", "pipe", "pipe"] });
  const failed = new Promise((_, reject) => child.once("error", reject));
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  const lines = [];
  const url = new Promise((resolve) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (line) => {
        lines.push(line);
        const [, found] = line.match(/^open (http:\/\/localhost:\d+)$/) ?? [];
        if (found) resolve(found);
      });
    }
  });
  const early = ended.then((how) => {
    throw new Error(`${program} ended (${how}) before it said where it is:\n${lines.join("\n")}`);
  });
  const found = await Promise.race([url, failed, early]);
  early.catch(() => {}); // from now on its end is wanted
  return {
    url: found,
    async stop() {
      child.kill("SIGTERM");
      const how = await ended;
      assert.ok(how === 0 || how === "SIGTERM", lines.join("\n"));
    },
  };
}
