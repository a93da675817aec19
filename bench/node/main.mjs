// Prints the tables of the npm package: `cargo xtask bench` runs it after the Rust ones, or `node main.mjs [seen] [fresh]
// [storm] [express] [size]` here.
// Every comparison is made in turns within one run; what travels are the ratios.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import * as reference from "@crossmint/server-sdk";
import * as authmint from "authmint";
import { createVerifier } from "fast-jwt";
import { createLocalJWKSet, jwtVerify } from "jose";
import { express } from "./express.mjs";
import { raw } from "./raw.mjs";
import { API_KEY, PROJECT_ID, request, world } from "./world.mjs";

const ROUNDS = 21;
const TURN = 10;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ratios = (above, below) => median(above.map((value, round) => value / below[round]));
const rows = [];
const row = (what, value, unit, bound, note = "") => rows.push({ what, value, unit, bound, note });

/** Microseconds for one of `count` runs. */
async function time(count, run) {
  const start = performance.now();
  for (let turn = 0; turn < count; turn += 1) await run(turn);
  return ((performance.now() - start) * 1000) / count;
}

function timeNow(count, run) {
  const start = performance.now();
  for (let turn = 0; turn < count; turn += 1) run(turn);
  return ((performance.now() - start) * 1000) / count;
}

const make = ({ CrossmintAuth, createCrossmint }, issuer, options) =>
  CrossmintAuth.from(createCrossmint({ apiKey: API_KEY, overrideBaseUrl: issuer }), options);

async function seen(service) {
  const [ours, theirs] = [make(authmint, service.issuer), make(reference, service.issuer)];
  const jwt = service.jwt(1);
  const asked = request(jwt);
  const key = service.publicKey.export({ type: "spki", format: "pem" });
  const cached = createVerifier({ key, cache: true, algorithms: ["ES256"], allowedIss: service.issuer, allowedAud: PROJECT_ID });
  const keys = createLocalJWKSet({ keys: [service.jwk] });
  const expected = { issuer: service.issuer, audience: PROJECT_ID, algorithms: ["ES256"] };
  const took = { ours: [], fastJwt: [], jose: [], theirs: [] };
  const round = async () => {
    took.ours.push(await time(10_000, () => ours.getSession(asked)));
    took.fastJwt.push(timeNow(10_000, () => cached(jwt)));
    took.jose.push(await time(100, () => jwtVerify(jwt, keys, expected)));
    took.theirs.push(await time(40, () => theirs.getSession(asked)));
  };
  for (let warm = 0; warm < 3; warm += 1) await round();
  for (const name of Object.keys(took)) took[name].length = 0;
  for (let turn = 0; turn < ROUNDS; turn += 1) await round();
  row("getSession, JWT seen before", median(took.ours), "µs", undefined, "two cookies among four, awaited");
  row("fast-jwt, its cache, JWT alone", median(took.fastJwt), "µs", undefined, "not awaited, no cookies read");
  row("getSession / fast-jwt's cached bare verify", ratios(took.ours, took.fastJwt), "x", ["<=", 1.5]);
  row("jose, local key set", median(took.jose), "µs");
  row("jose / getSession", ratios(took.jose, took.ours), "x", [">=", 20]);
  row("@crossmint/server-sdk getSession", median(took.theirs), "µs", undefined, "its key set on loopback in the same process");
  row("@crossmint/server-sdk / getSession", ratios(took.theirs, took.ours), "x", [">=", 130]);
}

async function fresh(service) {
  // Few are remembered, so that the memory of JWTs is full from the warm-up on, as on a server that has run for a while.
  const ours = make(authmint, service.issuer, { jwtCapacity: 200 });
  await ours.getSession(request(service.jwt(1)));
  const limit = raw(service.point);
  const took = { ours: [], limit: [] };
  let number = 10;
  for (let turn = -40; turn < 20 * ROUNDS; turn += 1) {
    const jwts = Array.from({ length: TURN }, () => service.jwt((number += 1)));
    const asked = jwts.map((jwt) => request(jwt));
    const alone = await limit.verify(jwts);
    const whole = await time(asked.length, (at) => ours.getSession(asked[at]));
    if (turn < 0) continue;
    took.ours.push(whole);
    took.limit.push(alone);
  }
  limit.end();
  row("getSession, new JWT (ES256)", median(took.ours), "µs", undefined, "its memory of JWTs full");
  row("aws-lc-rs alone on the same JWTs", median(took.limit), "µs", undefined, `in a process of its own, in turns of ${TURN}`);
  row("new JWT / aws-lc-rs alone", median(took.ours) / median(took.limit), "x", ["<=", 1.3]);
}

async function storm(service) {
  const asked = Array.from({ length: 1000 }, () => request(service.jwt(2, -60)));
  for (const [name, sdk, bound] of [
    ["authmint", authmint, 1],
    ["@crossmint/server-sdk", reference],
  ]) {
    const auth = make(sdk, service.issuer);
    service.calls.refresh = 0;
    const outcomes = await Promise.allSettled(asked.map((request) => auth.getSession(request)));
    const failed = outcomes.filter(({ status }) => status === "rejected").length;
    row(`1,000 parallel requests, one expired JWT: refresh calls, ${name}`, service.calls.refresh, "", bound && ["<=", bound]);
    row(`the same: errors, ${name}`, failed, "", bound && ["<=", 0]);
  }
}

async function rates(service) {
  for (const { what, value, unit, bound, note } of await express(service)) row(what, value, unit, bound, note);
}

function size() {
  const require = createRequire(import.meta.url);
  const { platform } = require("../../crates/session-node/dist/native.js");
  const file = readFileSync(new URL(`../../crates/session-node/prebuilds/${platform()}/authmint.node`, import.meta.url));
  row("addon file", file.length / 2 ** 20, "MiB", ["<=", 4], `${(gzipSync(file).length / 2 ** 20).toFixed(2)} MiB with gzip`);
}

function holds({ value, bound }) {
  return !bound || (bound[0] === "<=" ? value <= bound[1] : value >= bound[1]);
}

const number = (value) => (Math.abs(value) >= 1000 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : String(+value.toFixed(2)));

const service = await world();
const asked = process.argv.slice(2);
const parts = { seen, fresh, storm, express: rates, size };
for (const [name, part] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) await part(service);
service.close();
console.log("| what | measured | to reach | |\n|---|---|---|---|");
for (const each of rows) {
  const bound = each.bound ? `${each.bound.join(" ")}${holds(each) ? "" : " MISSED"}` : "";
  console.log(`| ${each.what} | ${number(each.value)} ${each.unit} | ${bound} | ${each.note ?? ""} |`);
}
process.exit(rows.every(holds) ? 0 : 1);
