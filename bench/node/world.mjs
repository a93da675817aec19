// A service that is played: it publishes a key, and answers refreshes as the real one does, as fast as Node can.

import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { CLIENT_KEY, PROJECT_ID } from "../../journeys/clients/support/vector.mjs";

/** The vendor's published key: the reference takes no other. */
export const API_KEY = CLIENT_KEY;
export { PROJECT_ID };

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const USER = "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a";

export async function world() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "first", alg: "ES256", use: "sig" };
  const calls = { refresh: 0, keys: 0, logout: 0 };
  let issuer = "";
  const jwt = (number, life = 900) => {
    const now = Math.floor(Date.now() / 1000);
    const sid = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    const iat = now + Math.min(life, 0) - 900;
    const claims = { iss: issuer, sub: USER, aud: PROJECT_ID, iat: life > 0 ? now : iat, exp: now + life, sid, amr: ["otp"], auth_time: now };
    const text = `${part({ alg: "ES256", kid: "first", typ: "JWT" })}.${part(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  const server = createServer((req, res) => {
    req.resume().on("end", () => {
      res.setHeader("content-type", "application/json");
      if (req.url.endsWith("jwks.json")) {
        calls.keys += 1;
        res.end(JSON.stringify({ keys: [jwk] }));
      } else if (req.url.endsWith("/refresh")) {
        calls.refresh += 1;
        const refresh = { secret: "the-next-token", expiresAt: "2099-01-01T00:00:00Z" };
        res.end(JSON.stringify({ jwt: jwt(0), refresh, user: { id: USER } }));
      } else {
        calls.logout += 1;
        res.end("{}");
      }
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  issuer = `http://127.0.0.1:${server.address().port}`;
  const point = Buffer.concat([Buffer.of(4), Buffer.from(jwk.x, "base64url"), Buffer.from(jwk.y, "base64url")]);
  return { issuer, jwt, jwk, publicKey, point: point.toString("base64url"), calls, close: () => server.close() };
}

/** A browser's request in Node's shape, with both cookies among others. */
export function request(jwt, token = "amr1AAAAAd-wZwikb0YVvTT2FK4oTnth") {
  const cookie = `theme=dark; crossmint-jwt=${jwt}; crossmint-refresh-token=${token}; lang=en`;
  return { httpVersion: "1.1", method: "GET", url: "/", headers: { host: "app.example.com", accept: "text/html", cookie } };
}
