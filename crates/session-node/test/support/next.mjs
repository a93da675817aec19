// The Next.js example as apps of different versions and shapes, each in an empty folder with the packed package.

import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const example = fileURLToPath(new URL("../../../../examples/next/", import.meta.url));
/** Where each major version of Next.js is installed. */
const INSTALLED = { 15: fileURLToPath(new URL("../next15/", import.meta.url)), 16: example };
const ALIAS = "@crossmint/server-sdk";

/** The one line with which an app uses the package's own proxy. */
const helper = (name, runtime) => `export { proxy as ${name} } from "./auth";
export const config = { ${runtime ? `runtime: "${runtime}", ` : ""}matcher: ["/((?!_next/|favicon.ico).*)"] };
`;

/**
 * Makes the app: `file` is "proxy" or "middleware", `runtime` where a middleware runs, `short` whether it is the
 * package's own proxy, `alias` whether the package is installed in the place of the one that it replaces.
 */
export async function makeApp(folder, tarball, { next, file, runtime, short, alias }) {
  await cp(example, folder, { recursive: true, filter: (path) => !/\/(node_modules|\.next)(\/|$)|tsbuildinfo|next-env/.test(path) });
  await copyPackages(join(INSTALLED[next], "node_modules"), join(folder, "node_modules"));
  const place = join(folder, "node_modules", alias ? ALIAS : "authmint");
  await rm(join(folder, "node_modules", "authmint"), { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", place, "--strip-components=1"]);

  const proxy = (await readFile(new URL("guide-proxy.ts", import.meta.url), "utf8")).replace("function proxy", `function ${file}`);
  const long = runtime ? proxy.replace("config = {", `config = { runtime: "${runtime}",`) : proxy;
  await rm(join(folder, "proxy.ts"));
  await writeFile(join(folder, `${file}.ts`), short ? helper(file, runtime) : long);
  if (!alias) return;
  for (const name of (await readdir(folder, { recursive: true })).filter((name) => /\.tsx?$/.test(name) && !name.startsWith("node_modules"))) {
    const source = await readFile(join(folder, name), "utf8");
    await writeFile(join(folder, name), source.replace(/from "authmint(\/next)?"/g, `from "${ALIAS}$1"`));
  }
}

/** Real files, as npm lays them: by links where that is possible. */
async function copyPackages(from, to) {
  if (spawnSync("cp", ["-al", from, to]).status === 0) return;
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
}

/** `next build`, with untouched configuration and no keys in its environment. */
export async function build(folder) {
  const { AUTHMINT_BASE_URL: _, AUTHMINT_SERVER_KEY: __, ...env } = process.env;
  const done = await run(process.execPath, [join(folder, "node_modules/next/dist/bin/next"), "build"], {
    cwd: folder,
    env: { ...env, NEXT_TELEMETRY_DISABLED: "1" },
    maxBuffer: 1 << 26,
  }).catch((failed) => failed);
  assert.ok(!done.code, `next build failed:\n${done.stdout}\n${done.stderr}`);
  return done.stdout + done.stderr;
}

/** `next start` or `next dev` on a free port; gives its origin. */
export async function serve(t, folder, how, { baseUrl, serverKey }, more = {}) {
  const port = more.PORT ?? (await freePort());
  const bin = join(folder, "node_modules/next/dist/bin/next");
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", AUTHMINT_BASE_URL: baseUrl, AUTHMINT_SERVER_KEY: serverKey, ...more };
  const child = spawn(process.execPath, [bin, how, "--port", String(port), "--hostname", "127.0.0.1"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    // It starts processes of its own, which must end with it.
    detached: true,
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => said.push(text));
  const ended = once(child, "close");
  const end = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It ended before.
    }
  };
  t.after(async () => {
    end("SIGTERM");
    // Next waits for every connection, also for one that a browser keeps open until it is closed itself, after this.
    const late = setTimeout(() => end("SIGKILL"), 5_000);
    await ended;
    clearTimeout(late);
  });
  const origin = `http://127.0.0.1:${port}`;
  await ready(origin, ended, said);
  return { origin, said };
}

/** Asks until the server answers, or ends. */
async function ready(origin, ended, said) {
  let over = false;
  void ended.then(() => (over = true));
  for (;;) {
    try {
      await (await fetch(`${origin}/auth/none`)).text();
      return;
    } catch {
      assert.ok(!over, `next ended:\n${said.join("")}`);
    }
  }
}

/** A port that is free now, for an app whose address others must know before it starts. */
export async function freePort() {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
