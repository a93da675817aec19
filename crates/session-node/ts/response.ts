// Puts cookies on an app's answer: beside the app's own, never after it has been sent.

import type { ServerResponse } from "node:http";
import { CrossmintAuthenticationError } from "./errors";

/** An answer in any shape: Node's, Express's, Fetch's, or its headers alone. */
export type ResponseLike = ServerResponse | Response | Headers;

/** What came of it: `sealed` means a Fetch answer that does not let itself be changed. */
export type Applied = "done" | "sealed" | "late";

/** Whose word counts where an answer sets a cookie already: the app's, or that of the operation that it called. */
export type Precedence = "app" | "ours";

const PRIVATE = "private, no-store";

export function isNodeResponse(response: unknown): response is ServerResponse {
  const candidate = response as Partial<ServerResponse> | null | undefined;
  return typeof candidate?.setHeader === "function" && typeof candidate.getHeader === "function";
}

/** The headers of a Fetch answer, or the headers that were handed in themselves. */
function fetchHeaders(response: unknown): Headers | undefined {
  const candidate = response as { headers?: Headers } | null | undefined;
  const headers = candidate?.headers ?? (response as Headers | null | undefined);
  return typeof headers?.append === "function" && typeof headers.get === "function" ? headers : undefined;
}

/** Refuses what is no answer, before anything else is done. */
export function requireResponse(response: unknown): void {
  if (response == null || isNodeResponse(response) || fetchHeaders(response)) return;
  throw new CrossmintAuthenticationError({
    code: "response_unsupported",
    message: "a response was expected: pass Node's or Express's res, a Fetch Response, or Headers",
    status: 500,
  });
}

/** Adds `Set-Cookie` values, with the headers that keep such an answer out of shared caches. */
export function applyCookies(response: unknown, values: readonly string[], precedence: Precedence): Applied {
  if (values.length === 0) return "done";
  if (isNodeResponse(response)) return applyToNode(response, values, precedence);
  const headers = fetchHeaders(response);
  return headers ? applyToFetch(headers, values, precedence) : "done";
}

function applyToNode(response: ServerResponse, values: readonly string[], precedence: Precedence): Applied {
  if (response.headersSent) return "late";
  const before = [response.getHeader("set-cookie") ?? []].flat().map(String);
  response.setHeader("Set-Cookie", joined(before, values, precedence));
  response.setHeader("Cache-Control", PRIVATE);
  const vary = [response.getHeader("vary") ?? []].flat().join(", ");
  if (!varies(vary)) response.setHeader("Vary", vary ? `${vary}, Cookie` : "Cookie");
  return "done";
}

function applyToFetch(headers: Headers, values: readonly string[], precedence: Precedence): Applied {
  const before = headers.getSetCookie?.() ?? [];
  const after = joined(before, values, precedence);
  try {
    headers.set("cache-control", PRIVATE);
    if (!varies(headers.get("vary") ?? "")) headers.append("vary", "Cookie");
    headers.delete("set-cookie");
    for (const value of after) headers.append("set-cookie", value);
    return "done";
  } catch {
    // Headers of an answer that came over the network, or of a redirect, refuse the first change.
    return "sealed";
  }
}

function joined(before: readonly string[], values: readonly string[], precedence: Precedence): string[] {
  const [first, second] = precedence === "ours" ? [values, before] : [before, values];
  const named = new Set(first.map(cookieName));
  const rest = second.filter((value) => !named.has(cookieName(value)));
  return precedence === "ours" ? [...rest, ...first] : [...first, ...rest];
}

function cookieName(value: string): string {
  const end = value.indexOf("=");
  return value.slice(0, end < 0 ? undefined : end).trim();
}

function varies(vary: string): boolean {
  return vary.split(",").some((name) => ["*", "cookie"].includes(name.trim().toLowerCase()));
}

/** The same answer as one that can be changed; without its body if somebody reads that already. */
export function unsealed(response: Response): Response {
  const { status, statusText, headers } = response;
  const body = response.bodyUsed || response.body?.locked ? null : response.body;
  // An answer that stands for a failure of the network has no status of its own.
  const sound = status >= 200 && status <= 599;
  return new Response(body, { status: sound ? status : 502, statusText, headers: new Headers(headers) });
}

/** What the pages of this package may load and do. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/** Answers with JSON. */
export function answerJson<R>(response: R, status: number, body: unknown, cookies: readonly string[]): R | Response {
  return end(response, status, { "content-type": "application/json" }, JSON.stringify(body), cookies);
}

/** Answers a person: sends them on, or shows a page. */
export function answerPerson<R>(
  response: R,
  answer: { status: number } & ({ location: string } | { page: string }),
  cookies: readonly string[],
): R | Response {
  const headers: Record<string, string> = { "referrer-policy": "no-referrer" };
  if ("location" in answer) return end(response, answer.status, { ...headers, location: answer.location }, "", cookies);
  headers["content-type"] = "text/html; charset=utf-8";
  headers["content-security-policy"] = PAGE_POLICY;
  return end(response, answer.status, headers, answer.page, cookies);
}

/** Ends Node's answer, or makes a Fetch one with the headers of the given. */
function end<R>(
  response: R,
  status: number,
  own: Record<string, string>,
  text: string,
  cookies: readonly string[],
): R | Response {
  if (isNodeResponse(response)) {
    if (response.headersSent) return response;
    response.statusCode = status;
    for (const [name, value] of Object.entries(own)) response.setHeader(name, value);
    response.setHeader("Cache-Control", PRIVATE);
    applyCookies(response, cookies, "ours");
    response.end(text);
    return response;
  }
  const headers = new Headers(fetchHeaders(response));
  headers.delete("content-length");
  for (const [name, value] of Object.entries(own)) headers.set(name, value);
  headers.set("cache-control", PRIVATE);
  const answer = new Response(text === "" ? null : text, { status, headers });
  applyCookies(answer, cookies, "ours");
  return answer;
}
