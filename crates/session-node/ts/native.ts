// The native addon, found at run time: built from source beside this package's own folder, or shipped for the platform.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { CoreModule } from "./core";
import { CrossmintAuthenticationError } from "./errors";

/** `linux-x64`, `linux-x64-musl`, `darwin-arm64`, … : the folder's name below `prebuilds`. */
export function platform(): string {
  const musl = process.platform === "linux" && !usesGlibc() ? "-musl" : "";
  return `${process.platform}-${process.arch}${musl}`;
}

/** Loads the addon, or says what to do where there is none. */
export function loadNative(): CoreModule {
  const folder = join(__dirname, "..", "prebuilds", platform());
  const file = join(folder, "authmint.node");
  // Made here, so that no bundler tries to follow it.
  const load = createRequire(join(folder, "loader.js"));
  if (existsSync(file)) return load(file) as CoreModule;
  throw new CrossmintAuthenticationError({
    code: "core_missing",
    message: `authmint has no prebuilt addon for ${platform()}; build it from the source with \`npm run build\``,
    status: 500,
  });
}

function usesGlibc(): boolean {
  try {
    // Node's own binary names its interpreter; a report would cost milliseconds.
    return !readFileSync("/usr/bin/ldd", "latin1").includes("musl");
  } catch {
    const header = (process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined)?.header;
    return header?.glibcVersionRuntime !== undefined;
  }
}
