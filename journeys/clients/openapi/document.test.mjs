// The OpenAPI document held against the running program by schemathesis: thousands of calls made up from the document,
// good ones and bad ones. No 5xx, no status, content type or body that is not described, and nothing for nobody.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startServed } from "../support/served.mjs";

const DOCUMENT = new URL("../../../docs/openapi.json", import.meta.url);

/** Every run makes up the same calls. */
const SEED = 1;
/** Calls made up for each operation beside those that its bounds suggest. */
const CALLS = 10;

const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "unsupported_method",
  "ignored_auth",
];

let service;
let project;

before(async () => {
  service = await startServed();
  project = (await service.command("project", "create", "--name", "Shop", "--environment", "staging")).id;
});
after(() => service?.stop());

function key(usage, ...words) {
  return service.command("key", "create", "--project", project, "--usage", usage, ...words);
}

async function serverKey() {
  const scopes = ["users.create", "users.read", "users.write", "sessions.read", "sessions.revoke"];
  scopes.push("events.read", "feed.read", "project.write");
  return (await key("server", ...scopes.flatMap((scope) => ["--scope", scope]))).key;
}

/** Holds the calls that `which` chooses against the document, with these credentials and parameters. */
async function hold(name, which, { auth, parameters = {} }) {
  const schemes = Object.entries(auth).map(([scheme, text]) => {
    const kind = scheme.endsWith("_key") ? "api_key" : "bearer";
    return `[auth.openapi.${scheme}]\n${kind} = ${JSON.stringify(text)}\n`;
  });
  const named = Object.entries(parameters).map(([at, text]) => `${JSON.stringify(at)} = ${JSON.stringify(text)}\n`);
  const config = join(service.folder, `${name}.toml`);
  await writeFile(config, `${schemes.join("")}[parameters]\n${named.join("")}`);

  const program = process.env.SCHEMATHESIS;
  assert.ok(program, "SCHEMATHESIS must name the program: run this by `cargo xtask test`");
  const words = ["--config-file", config, "run", DOCUMENT.pathname, "--url", service.url, "--no-color"];
  words.push("--phases", "examples,coverage,fuzzing", "--checks", CHECKS.join(","), "--warnings", "off");
  words.push("--seed", `${SEED}`, "--max-examples", `${CALLS}`, "--generation-database", "none", ...which);
  const child = spawn(program, words, { cwd: service.folder, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  for (const pipe of [child.stdout, child.stderr]) pipe.setEncoding("utf8").on("data", (text) => said.push(text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, said.join(""));
}

// What ends keys, tokens and users comes last: schemathesis takes the IDs that it saw in answers, and uses them.

test("the calls of existing clients are as described", async () => {
  const { email } = await service.signIn((await key("client", "--anyone")).key, "ada@example.com");
  assert.equal(email, "ada@example.com");
  const client = (await key("client", "--anyone")).key;
  await hold("client", ["--include-path-regex", "^/(api/2024|.well-known|healthz|readyz)"], {
    auth: { client_key: client, server_key: await serverKey() },
  });
});

test("the calls of an app's server are as described", async () => {
  const { id } = await service.signIn((await key("client", "--anyone")).key, "ben@example.com");
  const auth = { server_key: await serverKey() };
  const path = `users/${id}/sessions`;
  const sessions = await service.call("GET", `/api/v1/${path}`, auth.server_key);
  const parameters = { "path.user_id": id, "path.session_id": sessions.items[0].id, "query.wait_s": "0" };
  const calls = "^/api/v1/(users|sessions|events|revocations)";
  await hold("server", ["--include-path-regex", calls, "--exclude-operation-id", "delete_user"], { auth, parameters });
  await hold("delete", ["--include-operation-id", "delete_user"], { auth, parameters });
});

test("the calls of an operator are as described", async () => {
  const operator = () => service.command("operator", "token", "create", "--name", "calls");
  const every = ["--include-path-regex", "^/api/v1/(?!revocations)"];
  const own = ["--exclude-operation-id", "revoke_operator_token", "--exclude-operation-id", "remove_issuer"];
  const auth = { operator_token: (await operator()).token };
  const keys = await service.call("GET", "/api/v1/signing-keys", auth.operator_token);
  const words = ["--name", "corp", "--issuer", "https://login.example", "--audience", "shop"];
  const issuer = await service.command("issuer", "add", "--project", project, ...words);
  const parameters = {
    "query.project_id": project,
    "path.issuer_id": issuer.id,
    "path.project_id": project,
    "path.api_key_id": (await key("server")).id,
    "path.kid": keys.items[0].kid,
  };
  await hold("operator", [...every, ...own], { auth, parameters });
  await hold("remove", ["--include-operation-id", "remove_issuer"], { auth, parameters });
  const last = ["--include-operation-id", "revoke_operator_token"];
  const [by, spare] = [await operator(), await operator()];
  await hold("revoke", last, { auth: { operator_token: by.token }, parameters: { "path.operator_token_id": spare.id } });
});

test("every call was made, most were answered, and the program never failed", async () => {
  const { paths } = JSON.parse(await readFile(DOCUMENT, "utf8"));
  const made = new Map();
  for (const { status, span } of service.answered()) {
    assert.ok(status < 500, `${span.method} ${span.route} was answered with ${status}`);
    const call = `${span.method} ${span.route.replace("{*", "{")}`;
    made.set(call, [...(made.get(call) ?? []), status]);
  }
  // Whatever is made up is no code, no refresh token, no JWT and no key of Crossmint's, and wallets are not offered.
  // A key that was just made does not sign yet.
  const refused = /authenticate|social|exchange|POST .*v1\/sessions$|\/start$|GET .*sdk\/auth\/user|adopt|rotate/;
  for (const [path, calls] of Object.entries(paths)) {
    for (const method of Object.keys(calls)) {
      const call = `${method.toUpperCase()} ${path}`;
      const statuses = made.get(call) ?? [];
      assert.ok(statuses.length > 1, `${call} was called ${statuses.length} times`);
      if (refused.test(call)) continue;
      assert.ok(statuses.some((status) => status < 300), `${call} was never let through: ${[...new Set(statuses)]}`);
    }
  }
});
