// Builds the package: the addon for this platform, the error codes from it, the same guard as WebAssembly, CommonJS with
// types, ESM over it, and bundles for the edge.
// AUTHMINT_PROFILE=dev builds the addon fast for tests; what is published is built in release.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildEdge } from "./edge.mjs";
import { buildWasm } from "./wasm.mjs";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const profile = process.env.AUTHMINT_PROFILE ?? "release";

const library = buildAddon();
writeErrorCodes(library);
const wasm = readFileSync(buildWasm(here, targetFolder()));
rmSync(join(here, "dist"), { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "--project", here], { stdio: "inherit" });
const { platform } = require(join(here, "dist", "native.js"));
const folder = join(here, "prebuilds", platform());
mkdirSync(folder, { recursive: true });
copyFileSync(library, join(folder, "authmint.node"));
writeFileSync(join(here, "dist", "authmint.wasm"), wasm);
// For bundles that leave files behind: required only where there is no addon.
writeFileSync(join(here, "dist", "inline.js"), `exports.base64 = "${gzipSync(wasm, { level: 9 }).toString("base64")}";\n`);
for (const [entry, wrapped] of entries()) writeEsm(entry, wrapped);
await buildEdge(here, ["index", "next"]);
// Node has its own host; the edge's is in the bundles.
for (const end of [".js", ".d.ts"]) rmSync(join(here, "dist", `host-edge${end}`));

function targetFolder() {
  const args = ["metadata", "--no-deps", "--format-version", "1"];
  const said = execFileSync(process.env.CARGO ?? "cargo", args, { cwd: here, encoding: "utf8", maxBuffer: 1 << 28 });
  return JSON.parse(said).target_directory;
}

/** Cargo says itself where the file is, whatever the target folder is called. */
function buildAddon() {
  const args = ["build", "--package", "authmint-session-node", "--message-format=json-render-diagnostics"];
  const cargo = process.env.CARGO ?? "cargo";
  const printed = execFileSync(cargo, [...args, "--profile", profile], {
    cwd: here,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const messages = printed.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const made = messages.filter(({ reason, target }) => {
    return reason === "compiler-artifact" && target.name === "authmint_session_node" && target.kind.includes("cdylib");
  });
  return made.at(-1).filenames.find((file) => /\.(so|dylib|dll)$/.test(file));
}

/** The service's closed list of codes as a TypeScript union. */
function writeErrorCodes(library) {
  const addon = { exports: {} };
  process.dlopen(addon, library);
  const lines = addon.exports.errorCodes().map((code) => `  | "${code}"`);
  const text = [
    "// Generated from authmint-protocol's list of error codes by scripts/build.mjs. Do not edit.",
    "",
    "/** A stable code that the service answers. */",
    "export type ServiceErrorCode =",
    `${lines.join("\n")};`,
    "",
  ].join("\n");
  const file = join(here, "generated", "error-codes.d.ts");
  if (read(file) !== text) writeFileSync(file, text);
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The entry points of package.json by name, with their CommonJS files. */
function entries() {
  const { exports } = require(join(here, "package.json"));
  const paths = Object.values(exports).flatMap((entry) => entry.import?.default ?? []);
  return paths.map((path) => [join(here, path), join(here, path.replace(/\.mjs$/, ".js"))]);
}

/** The names that a CommonJS file exports, as the compiler writes them: some need packages that only apps have. */
function exportedNames(file) {
  const found = readFileSync(file, "utf8").matchAll(/\bexports\.(\w+) =/g);
  return [...new Set([...found].map(([, name]) => name))];
}

/** One implementation for both kinds of module: state and classes exist once, whoever imports or requires. */
function writeEsm(entry, wrapped) {
  const name = wrapped.slice(wrapped.lastIndexOf("dist") + "dist".length + 1);
  const names = exportedNames(wrapped);
  const lines = names.map((key) => `export const ${key} = cjs.${key};`);
  writeFileSync(entry, [`import cjs from "./${name}";`, "", ...lines, ""].join("\n"));
  writeFileSync(entry.replace(/\.mjs$/, ".d.mts"), `export * from "./${name}";\n`);
}
