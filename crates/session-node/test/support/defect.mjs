// Puts one package through one story in a process of its own: `node defect.mjs <story> <package>`, facts on the
// standard input. Prints whether the story holds; a crash prints nothing.

import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { DEFECTS } from "./defects.mjs";

const [, , story, packageName] = process.argv;
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { service, apiKey, material, stale } = JSON.parse(Buffer.concat(chunks));

/** The line between the package and the service: it counts, and can answer in the service's place. */
class Line {
  paths = [];
  #bodies = [];
  #replaced = new Map();

  async open() {
    const server = createServer((req, res) => this.#pass(req, res).catch(() => req.socket.destroy()));
    await once(server.listen(0, "127.0.0.1"), "listening");
    server.unref();
    this.origin = `http://127.0.0.1:${server.address().port}`;
    return this;
  }

  count(name) {
    return this.#bodies.filter(([called]) => called === name).length;
  }

  bodies(name) {
    return this.#bodies.filter(([called]) => called === name).map(([, body]) => JSON.parse(body));
  }

  /** Answers calls whose path ends so as `answer` says. */
  replace(name, answer) {
    this.#replaced.set(name, answer);
  }

  /** Lets the network take so many turns, and with it all that is under way. */
  async turns(count) {
    for (let turn = 0; turn < count; turn += 1) await (await fetch(`${this.origin}/turn`)).text();
  }

  async #pass(req, res) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const path = req.url.split("?")[0];
    if (path === "/turn") return void res.end();
    const name = path.split("/").pop();
    this.paths.push(req.url);
    this.#bodies.push([name, body.toString()]);
    const instead = this.#replaced.get(name)?.();
    if (instead === "broken") return void req.socket.destroy();
    if (instead) return void res.writeHead(instead.status ?? 200, { "content-type": "application/json" }).end(JSON.stringify(instead.body));
    const { host: _, connection: __, ...headers } = req.headers;
    const answer = await fetch(service.baseUrl + req.url, { method: req.method, headers, ...(body.length ? { body } : {}) });
    res.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  }
}

/** Makes JWTs as the service would, under a key of its own. */
function minter() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const mint = (change) => {
    const claims = { iss: service.baseUrl, aud: service.projectId, sub: "someone", iat: now, exp: now + 900, ...change };
    const text = `${part({ alg: "ES256", kid: "own", typ: "JWT" })}.${part(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  mint.keySet = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "own", alg: "ES256", use: "sig" }] };
  return mint;
}

console.error = () => {};
console.warn = () => {};
// The name under which users and the line know the service differ.
process.env.AUTHMINT_ISSUER = service.baseUrl;
const { createCrossmint, CrossmintAuth } = await import(packageName);
const line = await new Line().open();
const make = (options) => CrossmintAuth.from(createCrossmint({ apiKey, overrideBaseUrl: line.origin }), options);
const world = { auth: make({}), make, line, material, stale, mint: minter(), project: service.projectId };
const [, run] = DEFECTS[story];
const holds = await run(world);
process.stdout.write(JSON.stringify({ holds }), () => process.exit(0));
