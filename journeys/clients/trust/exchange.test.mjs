// A certified OpenID provider, trusted by a project: whoever signs in there gets a session here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as ledger from "../support/ledger.mjs";
import { startProvider } from "../support/provider.mjs";
import { startService } from "../support/service.mjs";
import { PROJECT_ID } from "../support/vector.mjs";

let service;
let provider;
let operator;

before(async () => {
  [service, provider] = await Promise.all([startService(), startProvider()]);
  operator = await service.operatorToken();
});
after(() => Promise.all([service?.stop(), provider?.stop()]));

function manage(method, path, body) {
  const headers = { authorization: `Bearer ${operator}` };
  const url = `${service.baseUrl}/api/v1/${path}?project_id=${PROJECT_ID}`;
  return service.call(method, url, { key: null, headers, body: body && JSON.stringify(body) });
}

async function trust(name, issuer) {
  const { status, json, text } = await manage("POST", "issuers", { name, issuer, audience: ["shop"] });
  assert.equal(status, 201, text);
  return json.id;
}

function exchange(token, named) {
  ledger.secret(token);
  const body = JSON.stringify({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    issuer: named,
  });
  return service.call("POST", `${service.baseUrl}/api/v1/sessions/exchange`, { body });
}

test("an ID token of a trusted provider becomes a session, once", async () => {
  const id = await trust("corp", provider.url);
  const token = await provider.idToken("alice");
  const { json: report } = await manage("POST", `issuers/${id}/test`, { token });
  assert.ok(report.accepted, JSON.stringify(report, null, 2));

  const first = await exchange(token);
  assert.equal(first.status, 200, first.text);
  const refreshed = await service.refresh(first.json.refresh.secret);
  assert.equal(refreshed.status, 200, refreshed.text);
  assert.equal(refreshed.json.user.id, first.json.user.id);

  await service.advance(11);
  const again = await exchange(token);
  assert.equal(again.status, 409, again.text);
  assert.equal(again.json.code, "assertion_used");

  const later = await exchange(await provider.idToken("alice"));
  assert.equal(later.json.user.id, first.json.user.id, "the same person, whatever token");
  const other = await exchange(await provider.idToken("bob"));
  assert.notEqual(other.json.user.id, first.json.user.id);
});

test("threat 8: a token of one provider never passes for another that names its key alike", async () => {
  const stranger = await startProvider({ kid: "key-1", issuer: provider.url });
  const trusted = await startProvider({ kid: "key-1" });
  try {
    await trust("second", trusted.url);
    const forged = await stranger.idToken("alice");
    for (const name of [undefined, "corp", "second"]) {
      const refused = await exchange(forged, name);
      assert.equal(refused.status, 401, refused.text);
    }
    const sound = await exchange(await trusted.idToken("alice"), "second");
    assert.equal(sound.status, 200, sound.text);
  } finally {
    await Promise.all([stranger.stop(), trusted.stop()]);
  }
});

test("no token of the provider is in what the service left behind", async () => {
  const token = await provider.idToken("carol");
  await exchange(token);
  assert.ok(!service.logText().includes(token.split(".")[2]));
});
