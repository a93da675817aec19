// Who may call what changes state: the app's own pages, and programs that are no browser.

import { CrossmintAuthenticationError } from "./errors";
import type { HeaderReader } from "./request";

/** Where a request comes from, as far as a browser says: no word at all is no browser. */
function origin(headers: HeaderReader, trusted: ReadonlySet<string>): "own" | "foreign" | "unsaid" {
  const from = headers("origin");
  if (from !== undefined && trusted.has(from)) return "own";
  const site = headers("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" ? "own" : "foreign";
  if (from === undefined) return "unsaid";
  const host = headers("host");
  const authority = /^https?:\/\/(.*)$/.exec(from)?.[1];
  return host !== undefined && authority?.toLowerCase() === host.toLowerCase() ? "own" : "foreign";
}

/**
 * Refuses what a page of another site can send with the user's cookies: forms, simple requests, other origins. A form
 * always has a content type, and JSON cannot be sent across origins without a preflight.
 */
export function requireOwnPage(headers: HeaderReader, hasBody: boolean, trusted: ReadonlySet<string>): void {
  const from = origin(headers, trusted);
  const type = headers("content-type");
  const json = type?.split(";")[0]?.trim().toLowerCase() === "application/json";
  if (from === "foreign") throw refused("it comes from another origin; list yours in the option trustedOrigins");
  if (json || (!hasBody && (from === "own" || type === undefined))) return;
  throw refused("its content type must be application/json");
}

/** Refuses only what another site caused: for a sign-out that the app itself reaches by link or form. */
export function refuseOtherSites(headers: HeaderReader, trusted: ReadonlySet<string>): void {
  const site = headers("sec-fetch-site");
  if (site === "same-site" || site === "none") return;
  if (origin(headers, trusted) === "foreign") throw refused("another site caused it");
}

function refused(why: string): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({
    code: "request_refused",
    message: `the request was refused: ${why}`,
    status: 403,
  });
}
