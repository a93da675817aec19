// The server SDK of authmint; a drop-in for `@crossmint/server-sdk`.

export { CrossmintAuth, type User } from "./auth";
export type { AuthMaterial, AuthSession, Checked } from "./checked";
export { CrossmintAuthenticationError, type ErrorCode, type SdkErrorCode, type ServiceErrorCode } from "./errors";
export {
  type ApiKeyExpectations,
  type CookieOptions,
  type Crossmint,
  type CrossmintAuthOptions,
  type CrossmintConfig,
  createCrossmint,
  getAuthCookieNames,
} from "./options";
export type { AuthMaterialBasic, HeadersCarrier, RequestLike } from "./request";
export type { ResponseLike } from "./response";
export { type JWKSInput, type JWTPayload, verifyCrossmintJwt } from "./verify";
export { CROSSMINT_API_VERSION, SDK_NAME, SDK_VERSION } from "./version";
