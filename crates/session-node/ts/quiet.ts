// Sends the polls of the revocation feed in a way that never keeps the process alive.

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { MAX_ANSWER, type Send, TimedOut } from "./network";

/** Sends over a socket that does not keep the process alive: a poll waits long, and nobody waits for it. */
export const quietSend: Send = (request, limit) =>
  new Promise((resolve, reject) => {
    const { url, method, headers } = request;
    const start = url.startsWith("https:") ? httpsRequest : httpRequest;
    const sent = start(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on("data", (chunk: Buffer) => {
        length += chunk.byteLength;
        if (length > MAX_ANSWER) answer.destroy(new Error("the answer is longer than any answer of the service"));
        else chunks.push(chunk);
      });
      answer.on("error", reject);
      answer.on("close", () => reject(new Error("the answer broke off")));
      answer.on("end", () => {
        clearTimeout(timer);
        resolve({
          status: answer.statusCode ?? 0,
          cacheControl: answer.headers["cache-control"] ?? null,
          retryAfter: answer.headers["retry-after"] ?? null,
          body: Buffer.concat(chunks),
        });
      });
    });
    const timer = setTimeout(() => sent.destroy(new TimedOut("no answer within the limit")), Math.max(limit, 1));
    timer.unref();
    sent.on("socket", (socket) => socket.unref());
    sent.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    sent.end(request.body);
  });
