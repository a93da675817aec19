// Builds the guard as WebAssembly: with rustup's toolchain, else with Debian's.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const TARGET = "wasm32-unknown-unknown";
const PACKAGES = ["rustc-web", "rust-web-src", "lld-19"];
const LINKER = "wasm-ld-19";

/** Hash functions as loops and not written out: a check is one hash, and each cold start downloads the module. */
const COMPACT = '--cfg sha2_backend_soft="compact"';

/** Builds and gives the file's path; `targetFolder` is cargo's own, beside whose profiles this one lies. */
export function buildWasm(cwd, targetFolder) {
  const { args = [], env = {} } = toolchain();
  const folder = join(targetFolder, "wasm");
  const cargo = process.env.CARGO ?? "cargo";
  const asked = ["build", "--package", "authmint-session-node", "--profile", "wasm", "--target", TARGET, "--target-dir", folder];
  // What cargo says of itself where it runs a chore names its own compiler.
  const { RUSTC: _, RUSTFLAGS: __, ...rest } = process.env;
  const flags = [COMPACT, env.RUSTFLAGS].filter(Boolean).join(" ");
  execFileSync(cargo, [...asked, ...args], { cwd, env: { ...rest, ...env, RUSTFLAGS: flags }, stdio: "inherit" });
  return smaller(cwd, join(folder, TARGET, "wasm", "authmint_session_node.wasm"));
}

/** What the compiler may assume of a module with all of its functions at hand; Rust's target has these features on. */
const FEATURES = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];

/** The module once more through Binaryen, which sees it whole: a twentieth smaller. */
function smaller(cwd, built) {
  const out = built.replace(/\.wasm$/, ".small.wasm");
  const optimiser = join(cwd, "node_modules", "binaryen", "bin", "wasm-opt");
  const features = FEATURES.map((feature) => `--enable-${feature}`);
  const passes = ["-tnh", "-Oz", "--gufa", "-Oz"];
  execFileSync(process.execPath, [optimiser, ...features, ...passes, built, "-o", out], { stdio: "inherit" });
  return out;
}

/**
 * The standard library is built along where its source is at hand: small, and ending at once instead of formatting a
 * last word. The prebuilt one makes a module a good tenth larger.
 */
const WITH_STD = {
  args: ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"],
  env: { RUSTC_BOOTSTRAP: "1", RUSTFLAGS: "-Zunstable-options -Cpanic=immediate-abort" },
};

function toolchain() {
  const find = () => {
    if (existsSync(join(said("sysroot"), SOURCE))) return WITH_STD;
    if (hasDebianCompiler()) return { ...WITH_STD, env: { ...WITH_STD.env, ...DEBIAN } };
    return undefined;
  };
  const plain = () => (existsSync(said("target-libdir", "--target", TARGET)) ? {} : undefined);
  const found = find() ?? (addSource() ? find() : undefined) ?? plain() ?? (installDebianCompiler() ? find() : undefined);
  if (found) return found;
  throw new Error(
    "the guard is compiled to WebAssembly, which needs the standard library's source: `rustup component add rust-src`, " +
      `or on Debian \`apt-get install -y --no-install-recommends ${PACKAGES.join(" ")}\``,
  );
}

const SOURCE = "lib/rustlib/src/rust/library/Cargo.lock";
const DEBIAN = { RUSTC: "/usr/bin/rustc", CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: LINKER };

/** What the compiler says of itself; nothing if there is none. */
function said(...what) {
  try {
    return execFileSync("rustc", ["--print", ...what], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "/nowhere";
  }
}

function hasDebianCompiler() {
  return [DEBIAN.RUSTC, "/usr/lib/rustlib/src/rust/library", `/usr/bin/${LINKER}`].every((path) => existsSync(path));
}

/** A few megabytes beside the toolchain that builds all the rest. */
function addSource() {
  try {
    execFileSync("rustup", ["component", "add", "rust-src"], { stdio: ["ignore", "ignore", "inherit"], timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
}

/** Where no question needs to be asked. */
function installDebianCompiler() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  const apt = (...args) => {
    execFileSync("/usr/bin/apt-get", args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  try {
    apt("update", "-qq");
    apt("install", "-qq", "-y", "--no-install-recommends", ...PACKAGES);
  } catch {
    return false;
  }
  return hasDebianCompiler();
}
