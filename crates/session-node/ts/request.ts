// The shapes in which a request reaches an app, read into the few headers that the guard wants.

import type { IncomingMessage } from "node:http";
import type { Head } from "./core";
import { CrossmintAuthenticationError } from "./errors";

/** A request in any shape: Node's, Express's, Fetch's, or an object that carries headers as one of them does. */
export type RequestLike = IncomingMessage | Request | Headers | HeadersCarrier;

/** An object with headers: a Fetch-like `headers.get`, or a record (Fastify, Koa, serverless events). */
export interface HeadersCarrier {
  headers: { get(name: string): string | null | undefined } | Record<string, string | string[] | undefined>;
}

/** Auth material that did not come as cookies. */
export interface AuthMaterialBasic {
  jwt?: string;
  refreshToken?: string;
}

/** What a caller handed in. */
export type Source = { request: object; headers: HeaderReader } | { material: AuthMaterialBasic };

/** Reads one header; its name is in lower case. */
export type HeaderReader = (name: string) => string | undefined;

/** All headers that bear on a decision, cookies aside. */
const DECIDING = [
  "host",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "sec-fetch-user",
  "sec-purpose",
  "purpose",
  "x-moz",
  "x-purpose",
  "next-router-prefetch",
  "authorization",
];

type Loose = Record<string, unknown>;

/** The cookies of the two commonest shapes, read without ceremony: this runs on every request. */
export function quickCookies(source: unknown): string | undefined {
  const headers = (source as { headers?: Loose } | null | undefined)?.headers;
  if (typeof headers !== "object" || headers === null) return undefined;
  const { get } = headers;
  const cookies = typeof get === "function" ? (get.call(headers, "cookie") as unknown) : headers["cookie"];
  return typeof cookies === "string" ? cookies : undefined;
}

/** Whether a request in one of the two commonest shapes brings an `Authorization` header. */
export function bearsToken(source: unknown): boolean {
  const { headers } = source as { headers: Loose };
  const { get } = headers;
  return (typeof get === "function" ? (get.call(headers, "authorization") as unknown) : headers["authorization"]) != null;
}

/** Finds out what a caller handed in. */
export function readSource(source: unknown): Source {
  try {
    return sourceIn(source);
  } catch (error) {
    if (error instanceof CrossmintAuthenticationError) throw error;
    throw unsupported("an object that cannot be read", error);
  }
}

function sourceIn(source: unknown): Source {
  if (typeof source !== "object" || source === null) {
    throw unsupported(source === null ? "null" : `a value of type ${typeof source}`);
  }
  const request = requestIn(source as Loose);
  if (request) return { request, headers: readerOf(request) };
  if ("refreshToken" in source || "jwt" in source) return { material: readMaterial(source as Loose) };
  throw unsupported("an object without headers");
}

/** The request itself, if the object is one, or holds one as frameworks do (`c.req.raw`, `event.request`). */
function requestIn(source: Loose): Loose | undefined {
  const inner = (value: unknown) => (typeof value === "object" && value !== null ? (value as Loose) : undefined);
  if (inner(source["headers"])) return source;
  const carries = (candidate: Loose | undefined) =>
    candidate && (inner(candidate["headers"]) || isHeaders(candidate)) ? candidate : undefined;
  // In turn, and no further than needed: Next.js's own request throws when it is asked for a `request`.
  return (
    carries(source) ??
    carries(inner(source["raw"])) ??
    carries(inner(inner(source["req"])?.["raw"])) ??
    carries(inner(source["req"])) ??
    carries(inner(source["request"]))
  );
}

function isHeaders(value: Loose): boolean {
  return typeof value["get"] === "function" && typeof value["append"] === "function" && !("headers" in value);
}

function readerOf(request: Loose): HeaderReader {
  const headers = (isHeaders(request) ? request : request["headers"]) as Loose;
  if (typeof headers["get"] === "function") {
    const get = headers["get"] as (name: string) => unknown;
    return (name) => text(get.call(headers, name)) ?? (name === "host" ? hostIn(request["url"]) : undefined);
  }
  return (name) => {
    const found = text(headers[name], name) ?? text(otherCase(headers, name), name);
    if (found !== undefined) return found;
    // Serverless events keep cookies apart; HTTP/2 keeps the host apart.
    if (name === "cookie") return text(request["cookies"], name) ?? undefined;
    return name === "host" ? text(headers[":authority"]) : undefined;
  };
}

/** A Fetch request that no server received has its host in its URL alone. */
function hostIn(url: unknown): string | undefined {
  try {
    return new URL(String(url)).host || undefined;
  } catch {
    return undefined;
  }
}

function otherCase(headers: Loose, name: string): unknown {
  // Node's own headers are in lower case; only foreign records are searched.
  if (Object.getPrototypeOf(headers) === null || "host" in headers) return undefined;
  const key = Object.keys(headers).find((key) => key.toLowerCase() === name);
  return key === undefined ? undefined : headers[key];
}

function text(value: unknown, name?: string): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value) || !value.every((part) => typeof part === "string")) return undefined;
  return name === "cookie" ? value.join("; ") : (value[0] as string | undefined);
}

/** The head for the guard. */
export function headOf(headers: HeaderReader): Head {
  let head = "";
  for (const name of DECIDING) head += line(name, headers(name));
  return head + line("cookie", headers("cookie"));
}

/** A header on its two lines; no header holds a line's end, and what does would be read as another. */
export function line(name: string, value: string | undefined): Head {
  return value === undefined || value.includes("\n") ? "" : `${name}\n${value}\n`;
}

function readMaterial(source: Loose): AuthMaterialBasic {
  const { jwt, refreshToken } = source;
  // Material as a renewal gave it has the token one level deeper.
  const token =
    typeof refreshToken === "object" && refreshToken !== null ? (refreshToken as Loose)["secret"] : refreshToken;
  for (const [name, value] of Object.entries({ jwt, refreshToken: token })) {
    if (value != null && typeof value !== "string") {
      throw new CrossmintAuthenticationError({
        code: "material_invalid",
        message: `the auth material's ${name} must be a string, not ${typeof value}`,
      });
    }
  }
  return { ...(jwt ? { jwt: jwt as string } : {}), ...(token ? { refreshToken: token as string } : {}) };
}

function unsupported(what: string, cause?: unknown): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({
    code: "request_unsupported",
    message:
      `a request was expected, and ${what} came: pass Node's or Express's req, a Fetch Request, ` +
      "an object with `headers`, or `{ jwt, refreshToken }`",
    ...(cause === undefined ? {} : { cause }),
  });
}
