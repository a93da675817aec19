// Sends one call by fetch, as often as the guard says.

import { joined } from "./bytes";
import type { CoreAnswer, CoreCall } from "./core";

/** The longest answer that is read: a key set. */
export const MAX_ANSWER = 256 * 1024;

/** What came back. */
export interface Reply {
  status: number;
  cacheControl: string | null;
  retryAfter: string | null;
  body: Uint8Array;
}

/** One request. */
export interface Outgoing {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** Sends a request and reads the answer whole, within the milliseconds given. */
export type Send = (request: Outgoing, limit: number) => Promise<Reply>;

/** How a call ended, and what the network said last if it failed. */
export interface Settled {
  answer: CoreAnswer;
  cause?: unknown;
}

/** A try ran into its limit. */
export class TimedOut extends Error {
  override readonly name = "TimeoutError";
}

/** The core's request with the headers that this host adds. */
export function outgoing(call: CoreCall, extra: Record<string, string>): Outgoing {
  const request = call.request();
  if (!request) throw new Error("the call is over");
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < request.headers.length; at += 2) {
    headers[request.headers[at] as string] = request.headers[at + 1] as string;
  }
  const { method, url, body } = request;
  return { method, url, headers: { ...headers, ...extra }, ...(body == null ? {} : { body }) };
}

/** Sends a call, again and again where the guard says so. It rejects only if the guard itself fails. */
export async function drive(
  call: CoreCall,
  send: (call: CoreCall, limit: number) => Promise<Reply>,
  wait: (span: number) => Promise<void> = sleep,
): Promise<Settled> {
  for (;;) {
    const { pause } = call;
    if (pause > 0) await wait(pause);
    let answer: CoreAnswer | null;
    let cause: unknown;
    try {
      const reply = await send(call, call.limit(Date.now()));
      answer = call.receive(reply.status, reply.cacheControl, reply.retryAfter, reply.body, Date.now());
    } catch (error) {
      cause = error;
      answer = call.failed(error instanceof TimedOut, reason(error), Date.now());
      // A call that is over without an answer would be tried for ever.
      if (!answer && !call.request()) throw error;
    }
    if (answer) return cause === undefined ? { answer } : { answer, cause };
  }
}

function sleep(span: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, span));
}

/** Waits, but not at the price of the process's end. */
export function rest(span: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: { unref?: () => void } = setTimeout(resolve, span);
    timer.unref?.();
  });
}

/** The failure in a word: an error's code, never a URL or a body. */
function reason(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const known = cause?.code ?? code;
  return typeof known === "string" ? known : "the request failed";
}

/** Keeps frameworks that cache fetches away from ours; some runtimes cache none and know no such word. */
const UNCACHED = ((): { cache?: "no-store" } => {
  try {
    new Request("http://localhost/", { cache: "no-store" } as RequestInit);
    return { cache: "no-store" };
  } catch {
    return {};
  }
})();

/** Sends by fetch; redirects are not followed, since a redirected refresh would hand the token to a stranger. */
export function fetchSend(fetch?: typeof globalThis.fetch): Send {
  return async (request, limit) => {
    const abort = new AbortController();
    const late = new TimedOut("no answer within the limit");
    const timer = setTimeout(() => abort.abort(late), Math.max(limit, 1));
    try {
      const init = { ...request, ...UNCACHED, redirect: "manual", signal: abort.signal } as const;
      // Looked up anew each time: some frameworks put their own in its place.
      const answer = await (fetch ?? globalThis.fetch)(request.url, init);
      const { status, headers } = answer;
      const body = await read(answer);
      return { status, body, cacheControl: headers.get("cache-control"), retryAfter: headers.get("retry-after") };
    } catch (error) {
      throw abort.signal.aborted ? late : error;
    } finally {
      clearTimeout(timer);
    }
  };
}

async function read(answer: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = answer.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    length += part.value.byteLength;
    if (length > MAX_ANSWER) {
      void reader?.cancel().catch(() => undefined);
      throw new Error("the answer is longer than any answer of the service");
    }
    chunks.push(part.value);
  }
  return joined(chunks);
}
