// What the suites write down for the secret scan, in the folder that `cargo xtask test` makes; see ledger.rs beside the
// Rust journeys.

import { appendFileSync, copyFileSync, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const folder = join(dirname(process.env.AUTHMINT_BIN ?? "."), "..", "tmp", "secret-scan");
const watched = existsSync(folder);
let kept = 0;

function append(name, text) {
  if (watched) {
    appendFileSync(join(folder, `${name}-${process.pid}`), text);
  }
}

/** Takes down what was issued. */
export const secret = (text) => append("secrets", `${text}\n`);

/** Takes down a code and the address to which it went. */
export const code = (address, digits) => append("secrets", `${digits} ${address}\n`);

/** Takes down what an answer issued, or, if it is a refusal, what it says. */
export function answer(status, json, text) {
  if (status >= 400) {
    append("refusals", `${text}\n`);
  } else {
    [json?.jwt, json?.refresh?.secret, json?.oneTimeSecret].filter(Boolean).forEach(secret);
  }
}

/** Takes down lines of a log. */
export const log = (text) => append("log", text);

/** Keeps what a data folder holds, and takes down its key ring. */
export function data(from) {
  if (!watched) {
    return;
  }
  for (const name of ["authmint.db", "authmint.db-wal"].filter((name) => existsSync(join(from, name)))) {
    copyFileSync(join(from, name), join(folder, `database-${process.pid}-${(kept += 1)}`));
  }
  for (const line of readFileSync(join(from, "key-ring"), "utf8").trim().split("\n")) {
    secret(line.slice(line.indexOf(":") + 1));
  }
}
