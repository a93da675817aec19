// The reference SDK and this package, put through the same stories with the same requests.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CLIENT_KEY } from "../../../journeys/clients/support/vector.mjs";
import { startService } from "./support/app.mjs";
import { DEFECTS } from "./support/defects.mjs";

// A reference that is not there is a failure: without it nothing is compared.
import "@crossmint/server-sdk";

const CHILD = fileURLToPath(new URL("support/defect.mjs", import.meta.url));
const table = [];
let service;

before(async () => {
  service = await startService("--no-limits");
});
after(async () => {
  await service?.stop();
  const rows = table.map(([id, what, reference, ours]) => `| ${id} | ${what} | ${reference} | ${ours} |`);
  console.log(["", "| id | story | @crossmint/server-sdk | authmint |", "|---|---|---|---|", ...rows, ""].join("\n"));
});

/** Whether a story holds for a package; a process that dies holds nothing. */
async function holds(story, packageName, number) {
  const material = await service.signIn(`story-${story}-${number}@example.com`);
  const other = await service.signIn(`stale-${story}-${number}@example.com`);
  const { baseUrl, projectId } = service;
  // A key that both take: the reference insists on the vendor's signature.
  const facts = { service: { baseUrl, projectId }, apiKey: CLIENT_KEY, material, stale: { ...other, jwt: "x" } };
  const child = spawn(process.execPath, ["--unhandled-rejections=strict", CHILD, story, packageName], { stdio: ["pipe", "pipe", "ignore"] });
  const printed = [];
  child.stdout.on("data", (chunk) => printed.push(chunk));
  child.stdin.end(JSON.stringify(facts));
  await new Promise((resolve) => child.once("close", resolve));
  const text = Buffer.concat(printed).toString();
  return text !== "" && JSON.parse(text).holds === true;
}

for (const [id, [what]] of Object.entries(DEFECTS)) {
  test(`${id}: ${what}`, async () => {
    const [reference, ours] = await Promise.all([holds(id, "@crossmint/server-sdk", 1), holds(id, "authmint", 2)]);
    table.push([id, what, reference ? "passes" : "fails", ours ? "passes" : "fails"]);
    assert.deepEqual({ reference, ours }, { reference: id === "S0", ours: true });
  });
}
