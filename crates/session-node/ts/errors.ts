// The one error of the package, and every code that it may carry.

import type { ServiceErrorCode } from "../generated/error-codes";
import type { CoreError } from "./core";

export type { ServiceErrorCode };

/** Codes of the SDK itself, beside those that the service answers. */
export type SdkErrorCode =
  | "not_signed_in"
  | "refresh_needed"
  | "misconfigured"
  | "declined"
  | "unavailable"
  | "user_id_invalid"
  | "cookie_not_writable"
  | "request_refused"
  | "request_invalid"
  | "request_unsupported"
  | "response_unsupported"
  | "body_consumed"
  | "material_invalid"
  | "jwt_malformed"
  | "alg_not_allowed"
  | "type_not_allowed"
  | "key_unknown"
  | "signature_invalid"
  | "issuer_mismatch"
  | "audience_mismatch"
  | "jwt_expired"
  | "jwt_not_yet_valid"
  | "claim_missing"
  | "claim_invalid"
  | "jwks_malformed"
  | "jwks_too_long"
  | "api_key_old_format"
  | "api_key_usage_invalid"
  | "api_key_environment_invalid"
  | "client_key_required"
  | "api_key_signature_invalid"
  | "base_url_missing"
  | "base_url_invalid"
  | "cookie_options_invalid"
  | "limits_invalid"
  | "feed_missing"
  | "issuer_invalid"
  | "refresh_route_invalid"
  | "option_invalid"
  | "layer_missing"
  | "core_missing";

/** Every stable code. */
export type ErrorCode = ServiceErrorCode | SdkErrorCode;

/** What an error is made of. */
export interface ErrorFacts {
  code: ErrorCode;
  message: string;
  status?: number;
  retryable?: boolean;
  retryAfter?: number;
  cause?: unknown;
}

/**
 * Why there is no session, or why an operation failed. `code` is stable, `retryable` says whether the same call may
 * succeed later without anyone changing anything, and the message names the remedy. It never holds a token.
 */
export class CrossmintAuthenticationError extends Error {
  override readonly name = "CrossmintAuthenticationError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** The HTTP status that tells the app's own client the same. */
  readonly status: number;
  /** Milliseconds after which the service wants to be asked again, where it said so. */
  declare readonly retryAfter?: number;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.retryable = facts.retryable ?? false;
    this.status = facts.status ?? 400;
    if (facts.retryAfter !== undefined) this.retryAfter = facts.retryAfter;
  }
}

/** The core's error as a thing to throw; `cause` is what the network said. */
export function errorOf(error: CoreError, cause?: unknown): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({
    code: error.code as ErrorCode,
    message: error.message,
    status: error.status,
    retryable: error.retryable,
    ...(error.retryAfter == null ? {} : { retryAfter: error.retryAfter }),
    ...(cause === undefined ? {} : { cause }),
  });
}
