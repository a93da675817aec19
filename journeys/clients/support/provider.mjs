// A certified OpenID provider as an issuer of others, and a person who signs in there.

import { createServer } from "node:http";
import * as oauth from "openid-client";
import Provider from "oidc-provider";
import { exportJWK, generateKeyPair } from "jose";

const REDIRECT = "https://shop.example/callback";

/** Starts a provider on a free port. With `issuer` it speaks in that one's name; its key is called `kid`. */
export async function startProvider({ kid = "key-1", issuer, keys } = {}) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const own = keys ?? [await newKey(kid)];
  const provider = new Provider(issuer ?? url, {
    clients: [{ client_id: "shop", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" }],
    jwks: { keys: own },
    cookies: { keys: ["of a test"] },
    pkce: { required: () => true },
  });
  provider.on("server_error", (_, error) => process.stderr.write(`provider: ${error.stack}\n`));
  server.on("request", provider.callback());
  return { url, keys: own, idToken: (login) => idToken(url, login, issuer), stop: () => stop(server) };
}

async function newKey(kid) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
}

function stop(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

/** What a browser keeps between two requests of one sign-in. */
class Jar {
  #cookies = new Map();

  async fetch(url, { body } = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, headers: { cookie }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(";")[0].split(/=(.*)/s);
      this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** The ID token of a person who signs in: the authorization code flow with PKCE, page by page. */
async function idToken(url, login, issuer) {
  const config = await clientOf(url, issuer);
  const verifier = oauth.randomPKCECodeVerifier();
  const start = oauth.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: "openid",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const jar = new Jar();
  let at = new URL(start);
  for (let step = 0; step < 12; step += 1) {
    if (at.href.startsWith(REDIRECT)) {
      const tokens = await oauth.authorizationCodeGrant(config, at, { pkceCodeVerifier: verifier });
      return tokens.id_token;
    }
    const answer = await jar.fetch(at);
    const next = answer.headers.get("location");
    at = next ? new URL(next, at) : await submit(jar, at, await answer.text(), login);
  }
  throw new Error(`the sign-in did not end: ${at}`);
}

/** Fills in the provider's page: a name where it asks for one, and leave where it asks for that. */
async function submit(jar, at, page, login) {
  const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
  const action = /action="([^"]+)"/.exec(page)?.[1];
  if (!prompt || !action) throw new Error(`a page without a form at ${at}: ${page}`);
  const body = new URLSearchParams({ prompt, ...(prompt === "login" && { login, password: "any" }) });
  const answer = await jar.fetch(new URL(action, at), { body });
  return new URL(answer.headers.get("location"), at);
}

async function clientOf(url, issuer) {
  if (!issuer) {
    const options = { execute: [oauth.allowInsecureRequests] };
    return oauth.discovery(new URL(url), "shop", undefined, oauth.None(), options);
  }
  // A provider that speaks in another's name is not found by that name.
  const metadata = await (await fetch(`${url}/.well-known/openid-configuration`)).json();
  const config = new oauth.Configuration(metadata, "shop", undefined, oauth.None());
  oauth.allowInsecureRequests(config);
  return config;
}
