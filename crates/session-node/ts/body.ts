// Reads the small JSON body of a route that changes state: once, bounded, in whatever form the framework left it.

import { CrossmintAuthenticationError, type ErrorCode } from "./errors";
import type { HeaderReader } from "./request";

/** The longest body that is read. */
export const BODY_LIMIT = 16 * 1024;

type Loose = Record<string, unknown>;

/** Whether a body comes with the request, as far as its head says. */
export function announcesBody(request: object, headers: HeaderReader): boolean {
  const { body } = request as Loose;
  if (headers("transfer-encoding") !== undefined) return true;
  const length = headers("content-length");
  if (length !== undefined) return Number(length) > 0;
  return body != null && !(typeof body === "object" && Object.keys(body).length === 0 && !isStream(body));
}

/** The body's members; an empty body has none. */
export async function readBody(request: object, headers: HeaderReader): Promise<Loose> {
  if (Number(headers("content-length") ?? 0) > BODY_LIMIT) throw tooLong();
  const body = await rawBody(request as Loose, headers);
  if (body === undefined || (typeof body === "string" && body.trim() === "")) return {};
  const value = typeof body === "string" ? parse(body) : body;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fault("request_invalid", "its body must be a JSON object");
  }
  return value as Loose;
}

/** The body as text, or as an object that somebody parsed before. */
async function rawBody(request: Loose, headers: HeaderReader): Promise<string | object | undefined> {
  const { body } = request;
  if (typeof request["arrayBuffer"] === "function") return readFetch(request as unknown as Request);
  if (typeof body === "string") return decoded(request["isBase64Encoded"] === true ? base64(body) : encode(body));
  if (body instanceof Uint8Array) return decoded(body);
  if (typeof body === "object" && body !== null && !isStream(body)) return body;
  if (typeof request["on"] === "function") return readNode(request as unknown as NodeStream, headers);
  return undefined;
}

async function readFetch(request: Request): Promise<string | undefined> {
  if (request.bodyUsed) throw consumed();
  const { body } = request;
  if (body == null) return undefined;
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.byteLength;
      if (length > BODY_LIMIT) throw tooLong();
      chunks.push(part.value);
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error instanceof CrossmintAuthenticationError ? error : brokenOff(error);
  }
  return decoded(joined(chunks, length));
}

interface NodeStream {
  readableEnded?: boolean;
  destroyed?: boolean;
  complete?: boolean;
  readableFlowing?: boolean | null;
  on(event: string, listener: (value: never) => void): void;
  off(event: string, listener: (value: never) => void): void;
  pause?(): void;
}

function readNode(stream: NodeStream, headers: HeaderReader): Promise<string | undefined> {
  if (stream.readableEnded) {
    // Without a body there was nothing to lose.
    const empty = headers("transfer-encoding") === undefined && Number(headers("content-length") ?? 0) === 0;
    return empty ? Promise.resolve(undefined) : Promise.reject(consumed());
  }
  if (stream.destroyed) return Promise.reject(brokenOff());
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const settle = (act: () => void) => {
      for (const [event, listener] of Object.entries(listeners)) stream.off(event, listener as (value: never) => void);
      act();
    };
    const listeners = {
      data: (chunk: Uint8Array | string) => {
        const bytes = typeof chunk === "string" ? encode(chunk) : chunk;
        length += bytes.byteLength;
        if (length > BODY_LIMIT) {
          settle(() => reject(tooLong()));
          stream.pause?.();
        } else chunks.push(bytes);
      },
      end: () =>
        settle(() => {
          try {
            resolve(decoded(joined(chunks, length)));
          } catch (error) {
            reject(error);
          }
        }),
      error: (error: unknown) => settle(() => reject(brokenOff(error))),
      close: () => settle(() => reject(brokenOff())),
    };
    for (const [event, listener] of Object.entries(listeners)) stream.on(event, listener as (value: never) => void);
  });
}

function isStream(value: object): boolean {
  return typeof (value as Loose)["getReader"] === "function" || typeof (value as Loose)["pipe"] === "function";
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** Decoded once and whole: a character may lie across two chunks. */
function decoded(bytes: Uint8Array): string {
  if (bytes.byteLength > BODY_LIMIT) throw tooLong();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw fault("request_invalid", "its body is not UTF-8");
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function base64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fault("request_invalid", "its body is not the JSON that this route takes");
  }
}

const tooLong = () => fault("request_invalid", `its body is longer than ${BODY_LIMIT / 1024} KiB`, 413);
const brokenOff = (cause?: unknown) => fault("request_invalid", "its body broke off", 400, cause);
const consumed = () =>
  fault("body_consumed", "its body was read before: call this first, or let a parser leave it in `req.body`", 500);

function fault(code: ErrorCode, what: string, status = 400, cause?: unknown): CrossmintAuthenticationError {
  const message = `the request is not understood: ${what}`;
  return new CrossmintAuthenticationError({ code, message, status, ...(cause === undefined ? {} : { cause }) });
}
