// Requests per second of an Express route: bare, behind our middleware, behind the reference called as its guide says.

import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { request } from "./world.mjs";

const CONNECTIONS = 32;
const ROUND_MS = 300;
const ROUNDS = 21;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function express(service) {
  const child = fork(fileURLToPath(new URL("express_app.mjs", import.meta.url)), [service.issuer]);
  const [ports] = await once(child, "message");
  const head = Object.entries(request(service.jwt(3)).headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${head}\r\n`);
  const rates = Object.fromEntries(Object.keys(ports).map((name) => [name, []]));
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [name, port] of Object.entries(ports)) {
      const rate = await load(port, bytes);
      if (round >= 0) rates[name].push(rate);
    }
  }
  child.kill();
  const share = (name) => median(rates[name].map((rate, round) => rate / rates.bare[round]));
  return [
    { what: "Express 5, a bare route", value: median(rates.bare), unit: "/s", note: `${CONNECTIONS} connections, the load generator on the other core` },
    { what: "Express 5, guarded / bare", value: share("ours"), unit: "x", bound: [">=", 0.75] },
    { what: "Express 5, guarded by @crossmint/server-sdk / bare", value: share("theirs"), unit: "x" },
  ];
}

/** Answers per second of one round: every connection asks again as soon as it is answered. */
async function load(port, bytes) {
  let [answers, over] = [0, false];
  const start = performance.now();
  const connections = Array.from({ length: CONNECTIONS }, async () => {
    const socket = connect(port, "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    await new Promise((resolve, reject) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        // The answer is short and its end is known.
        if (!text.endsWith("signed in")) return;
        if (!text.startsWith("HTTP/1.1 200")) reject(new Error(text));
        text = "";
        answers += 1;
        if (over) resolve(socket.destroy());
        else socket.write(bytes);
      });
      socket.on("error", reject);
      socket.write(bytes);
    });
  });
  setTimeout(() => (over = true), ROUND_MS);
  await Promise.all(connections);
  return (answers * 1000) / (performance.now() - start);
}
