// What the reference SDK gets wrong, as stories that any package can be put through. A story holds if it returns true.

import { once } from "node:events";
import { createServer } from "node:http";
import { plain, scoped, setCookies } from "./app.mjs";

const page = (cookie, init = {}) =>
  new Request("http://localhost:3000/account", { ...init, headers: { cookie, "sec-fetch-dest": "document", ...init.headers } });
const json = { "content-type": "application/json" };

/** Serves requests with `handler` while `act` runs. */
async function served(handler, act) {
  const server = createServer(handler);
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    return await act(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** What a promise comes to, and undefined for a rejection. */
const settled = (promise) => promise.catch(() => undefined);

/** @typedef {object} World the package under test, a signed-in user, and the line to the service */

/** Each story by its number: what it is about, and how it goes. @type {Record<string, [string, (world: World) => Promise<boolean>]>} */
export const DEFECTS = {
  S0: [
    "an ordinary session serves, and a stale one is renewed into cookies (the measure: both must)",
    async ({ auth, material, stale }) => {
      const calm = await settled(auth.getSession(page(plain(material)), new Response()));
      const answer = new Response();
      const renewed = await settled(auth.getSession(page(plain(stale)), answer));
      return calm?.jwt === material.jwt && setCookies(answer)["crossmint-jwt"]?.value === renewed?.jwt;
    },
  ],
  S1: [
    "an invalid refresh cookie leaves the process alive",
    ({ auth, stale }) =>
      served(
        async (req, res) => {
          await settled(auth.getSession(req, res));
          res.end("alive");
        },
        async (origin) => {
          const cookie = plain({ jwt: stale.jwt, refresh: { secret: "no-token" } });
          for (let turn = 0; turn < 30; turn += 1) {
            if ((await (await fetch(origin, { headers: { cookie } })).text()) !== "alive") return false;
          }
          return true;
        },
      ),
  ],
  S2: [
    "the custom refresh route sets cookies on Node",
    ({ auth, stale }) =>
      served(
        async (req, res) => {
          await settled(auth.handleCustomRefresh(req, res));
          res.end();
        },
        async (origin) => {
          const answer = await fetch(origin, { method: "POST", body: "{}", headers: { ...json, cookie: plain(stale) } });
          return answer.status === 200 && Boolean(setCookies(answer)["crossmint-jwt"]?.value);
        },
      ),
  ],
  S3: [
    "the browser SDK's own cookies are read",
    async ({ auth, material, project }) =>
      (await settled(auth.getSession(page(scoped(material, project)))))?.userId === material.user.id,
  ],
  S4: [
    "a JWT of another project, without an end or without a subject is refused",
    async ({ auth, line, mint }) => {
      line.replace("jwks.json", () => ({ body: mint.keySet }));
      const sound = await settled(auth.verifyCrossmintJwt(mint({})));
      const others = [{ aud: "00000000-0000-4000-8000-000000000000" }, { exp: undefined }, { sub: undefined }, { iss: "https://x.example" }];
      const accepted = await Promise.all(others.map((change) => settled(auth.verifyCrossmintJwt(mint(change)))));
      return sound !== undefined && accepted.every((claims) => claims === undefined);
    },
  ],
  S5: [
    "the app's own Set-Cookie stays",
    ({ auth, stale }) =>
      served(
        async (req, res) => {
          res.setHeader("Set-Cookie", "theme=light");
          await settled(auth.getSession(req, res));
          res.end();
        },
        async (origin) => {
          const cookies = setCookies(await fetch(origin, { headers: { cookie: plain(stale) } }));
          return cookies.theme?.value === "light" && Boolean(cookies["crossmint-jwt"]?.value);
        },
      ),
  ],
  S6: [
    "the key set is fetched once, not once a request",
    async ({ auth, material, line }) => {
      for (let turn = 0; turn < 20; turn += 1) await auth.getSession(page(plain(material)));
      return line.count("jwks.json") === 1;
    },
  ],
  S7: [
    "a cookie's value keeps its equal signs",
    async ({ auth, line }) => {
      await settled(auth.getSession(page("crossmint-jwt=x; crossmint-refresh-token=a=b==")));
      return line.bodies("refresh").every(({ refresh }) => refresh === "a=b==");
    },
  ],
  S8: [
    "ten requests with one stale pair are one refresh, and so is the one after",
    async ({ auth, stale, line }) => {
      const sessions = await Promise.all(Array.from({ length: 10 }, () => settled(auth.getSession(page(plain(stale))))));
      const after = await settled(auth.getSession(page(plain(stale))));
      return line.count("refresh") === 1 && [...sessions, after].every((session) => session?.jwt === after?.jwt && session);
    },
  ],
  S9: [
    "an empty body is a refresh by cookies",
    async ({ auth, stale }) => {
      const asked = page(plain(stale), { method: "POST", headers: json });
      return (await settled(auth.handleCustomRefresh(asked, new Response())))?.status === 200;
    },
  ],
  S10: [
    "a user ID stays in its place in the path, and an unknown user is an error",
    async ({ auth, line }) => {
      await settled(auth.getUser("x/../../jwks?z"));
      const strayed = line.paths.some((path) => path.includes("jwks") && !path.includes("/user/"));
      line.replace("00000000-0000-4000-8000-000000000000", () => ({ status: 404, body: { error: true, message: "-", code: "user_unknown" } }));
      return !strayed && (await settled(auth.getUser("00000000-0000-4000-8000-000000000000"))) === undefined;
    },
  ],
  S11: [
    "an outage clears no cookie",
    async ({ auth, stale, line }) => {
      line.replace("refresh", () => ({ status: 503, body: {} }));
      const answer = new Response();
      const session = await settled(auth.getSession(page(plain(stale)), answer));
      await line.turns(10);
      return session === undefined && Object.keys(setCookies(answer)).length === 0;
    },
  ],
  S12: [
    "a page of another site cannot use the custom refresh route",
    async ({ auth, stale }) => {
      const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site", "content-type": "text/plain" };
      const asked = page(plain(stale), { method: "POST", body: "{}", headers });
      const answer = await settled(auth.handleCustomRefresh(asked, new Response()));
      return answer !== undefined && answer.status === 403 && Object.keys(setCookies(answer)).length === 0;
    },
  ],
  S13: [
    "a body of megabytes is refused, and a consumed one does not hang",
    ({ auth, stale, line }) =>
      served(
        async (req, res) => {
          if (req.url === "/consumed") for await (const _ of req);
          const ended = settled(auth.handleCustomRefresh(req, res)).then(() => "ended");
          const hung = line.turns(50).then(() => "hung");
          if ((await Promise.race([ended, hung])) === "hung") res.writeHead(599);
          res.end();
        },
        async (origin) => {
          const post = (path, body) => fetch(origin + path, { method: "POST", body, headers: { ...json, cookie: plain(stale) } });
          const long = await settled(post("/", JSON.stringify({ padding: "x".repeat(4 << 20) })));
          const consumed = await post("/consumed", "{}");
          return [413, undefined].includes(long?.status) && consumed.status !== 599;
        },
      ),
  ],
  S14: [
    "an error has a code, says whether to try again, and keeps its cause",
    async ({ auth, stale, line }) => {
      line.replace("refresh", () => "broken");
      const error = await auth.getSession(page(plain(stale))).catch((error) => error);
      return typeof error.code === "string" && error.retryable === true && error.cause instanceof Error;
    },
  ],
  S15: [
    "other shapes of request are read, and nonsense is told its remedy",
    async ({ auth, material }) => {
      const event = { headers: { Cookie: plain(material), Host: "localhost:3000" } };
      const hono = { req: { raw: page(plain(material)) } };
      const sessions = await Promise.all([event, hono].map((shape) => settled(auth.getSession(shape))));
      const error = await auth.getSession(null).catch((error) => error);
      return sessions.every((session) => session?.userId === material.user.id) && !(error instanceof TypeError);
    },
  ],
  S16: [
    "cookie options that browsers would drop are refused when the SDK is made, broken dates when they are written",
    async ({ make, material }) => {
      const made = await settled((async () => make({ cookieOptions: { sameSite: "None", secure: false } }))());
      const answer = new Response();
      const stored = { jwt: material.jwt, refreshToken: { secret: material.refresh.secret, expiresAt: "soon" } };
      await settled((async () => make({}).storeAuthMaterial(answer, stored))());
      return made === undefined && !answer.headers.getSetCookie().join().includes("Invalid Date");
    },
  ],
  S17: [
    "an answer that does not let itself be changed costs no session",
    async ({ auth, stale }) => {
      const redirect = Response.redirect("http://localhost:3000/", 303);
      return (await settled(auth.getSession(page(plain(stale)), redirect)))?.userId === stale.user.id;
    },
  ],
  S18: [
    "a sign-out without a refresh cookie asks nobody",
    async ({ auth, line }) => {
      await auth.logout(page("theme=dark"), new Response());
      return line.count("logout") === 0;
    },
  ],
  S19: [
    "a relative refreshRoute works, or is refused when the SDK is made",
    async ({ make, stale }) => {
      let auth;
      try {
        auth = make({ refreshRoute: "/api/refresh" });
      } catch (error) {
        return /refreshRoute/.test(error.message);
      }
      return (await settled(auth.getSession(page(plain(stale)))))?.userId === stale.user.id;
    },
  ],
  S20: [
    "the server's refresh cookie is out of reach of scripts",
    async ({ auth, material: { jwt, refresh } }) => {
      const answer = new Response();
      await auth.storeAuthMaterial(answer, { jwt, refreshToken: refresh });
      return setCookies(answer)["crossmint-refresh-token"].attributes.includes("HttpOnly");
    },
  ],
  S21: [
    "a JWT ends with its session's sign-out",
    async ({ auth, material }) => {
      await auth.getSession(page(plain(material)));
      await auth.logout(page(plain(material)), new Response());
      return (await settled(auth.getSession(page(plain(material))))) === undefined;
    },
  ],
};
