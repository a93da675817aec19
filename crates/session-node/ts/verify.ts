// Verifies a JWT by a key set that the caller names.

import type { CoreVerified } from "./core";
import { CrossmintAuthenticationError } from "./errors";
import { core } from "./load";
import { fetchSend } from "./network";
import { refuse } from "./options";
import { signatureHolds } from "./webcrypto";

/** The address of a key set, or the set itself. */
export type JWKSInput = string | { keys: readonly object[] };

/** The claims of a JWT. */
export interface JWTPayload {
  iss?: string;
  sub?: string;
  aud?: string | string[];
  jti?: string;
  nbf?: number;
  exp?: number;
  iat?: number;
  [claim: string]: unknown;
}

/** For how long a fetched key set is used, and how soon a failed fetch is tried again. */
const FRESH = 300_000;
const FETCH_LIMIT = 3000;

interface Held {
  body: Promise<Uint8Array>;
  until: number;
}

const held = new Map<string, Held>();

/**
 * Verifies signature, time and subject of a JWT by a key set. Whose project and service it is of, only
 * `CrossmintAuth.verifyCrossmintJwt` can know.
 */
export async function verifyCrossmintJwt(token: string, jwks: JWKSInput): Promise<JWTPayload> {
  const keySet = await keySetOf(jwks);
  return claimsOf(core().verifyJwt(String(token), keySet, Date.now()));
}

/** The claims of what was verified, once its signature was checked where that takes a while. */
export async function claimsOf(verified: CoreVerified): Promise<JWTPayload> {
  const { check, resume } = verified;
  const { claims, error } = check && resume ? resume(await signatureHolds(check), Date.now()) : verified;
  refuse(error);
  return JSON.parse(claims as string) as JWTPayload;
}

/** The key set as bytes: fetched once for many, or written out. */
export async function keySetOf(jwks: JWKSInput): Promise<Uint8Array> {
  if (typeof jwks === "object" && jwks !== null) return new TextEncoder().encode(JSON.stringify(jwks));
  const uri = String(jwks);
  const known = held.get(uri);
  if (known && Date.now() < known.until) return known.body;
  const fetched: Held = { body: fetchKeySet(uri), until: Date.now() + FRESH };
  held.set(uri, fetched);
  try {
    return await fetched.body;
  } catch (error) {
    // The old set serves on; without one the next call asks again.
    if (known) held.set(uri, known);
    else held.delete(uri);
    if (known) return known.body;
    throw error;
  }
}

async function fetchKeySet(uri: string): Promise<Uint8Array> {
  const request = { method: "GET", url: uri, headers: { accept: "application/json" } };
  let cause: unknown;
  try {
    const { status, body } = await fetchSend()(request, FETCH_LIMIT);
    if (status === 200) return body;
    cause = new Error(`it answered with status ${status}`);
  } catch (error) {
    cause = error;
  }
  throw new CrossmintAuthenticationError({
    code: "unavailable",
    message: "the key set cannot be fetched; see that its URL is right, and try again",
    status: 503,
    retryable: true,
    cause,
  });
}
