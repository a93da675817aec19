// The native addon, found at run time: beside this file, or where a bundler that moved this file left the package.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CoreModule } from "./core";
import { SDK_NAME, SDK_VERSION } from "./version";

/** `linux-x64`, `linux-x64-musl`, `darwin-arm64`, … : the folder's name below `prebuilds`. */
export function platform(): string {
  const musl = process.platform === "linux" && !usesGlibc() ? "-musl" : "";
  return `${process.platform}-${process.arch}${musl}`;
}

/** Loads the addon; nothing where there is none for the platform. */
export function loadNative(): CoreModule | undefined {
  for (const folder of packageFolders()) {
    const file = join(folder, "prebuilds", platform(), "authmint.node");
    if (!existsSync(file)) continue;
    // Made here, so that no bundler tries to follow it.
    return createRequire(join(folder, "loader.js"))(file) as CoreModule;
  }
  return undefined;
}

/** Names under which apps install this package: its own, and the one whose place it takes. */
const INSTALLED_AS = [SDK_NAME, "@crossmint/server-sdk"];

/** Where this package may lie. A bundle knows its own place only, which is not the package's. */
function* packageFolders(): Generator<string> {
  yield join(__dirname, "..");
  for (let above = process.cwd(), last = ""; above !== last; [last, above] = [above, dirname(above)]) {
    for (const name of INSTALLED_AS) {
      const folder = join(above, "node_modules", name);
      if (isThisPackage(folder)) yield folder;
    }
  }
}

/** An addon of another version would speak otherwise than this code. */
function isThisPackage(folder: string): boolean {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
    return name === SDK_NAME && version === SDK_VERSION;
  } catch {
    return false;
  }
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
