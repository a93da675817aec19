// The Rust program that verifies by aws-lc-rs alone, asked in turns.

import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Builds the program, which cargo does once, and starts it. */
export function raw(point) {
  const child = spawn(build(), { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${point}\n`);
  return {
    async verify(jwts) {
      child.stdin.write(`${JSON.stringify(jwts)}\n`);
      return Number((await answers.next()).value);
    },
    end: () => child.stdin.end(),
  };
}

function build() {
  const args = ["build", "--release", "--package", "authmint-bench", "--bin", "raw_verify", "--message-format=json-render-diagnostics"];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const cargo = process.env.CARGO ?? "cargo";
  const printed = execFileSync(cargo, args, { cwd, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
  const messages = printed.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  return messages.findLast(({ executable }) => executable).executable;
}
