// Issuers of others, as an app names them: by a preset, or by hand. What a preset means is decided in the core.

import { CrossmintAuthenticationError } from "./errors";

/** What may be said of every issuer; with a preset it takes the place of what the preset says. */
export interface IssuerRules {
  /** For whom its JWTs must be: one of these must stand there. */
  audience?: string | readonly string[];
  /** Accepts JWTs that the issuer made for anybody. Only for an issuer that serves no other app. Default: false. */
  anyAudience?: boolean;
  /** The `iss` of its JWTs, to the letter. */
  issuer?: string;
  /** Where its key set is; else its discovery document says so. */
  jwksUri?: string;
  /** The claim that names the user. Default: `"sub"`. */
  userIdClaim?: string;
  /** What it signs with, of `"ES256"`, `"RS256"` and `"EdDSA"`. */
  algorithms?: readonly string[];
  /** How many seconds its clock may differ. Default: 5. */
  leeway?: number;
  /** How many seconds after it was issued a JWT is accepted at most. Default: until its `exp`. */
  maxAge?: number;
}

/** An issuer that an app trusts. */
export interface IssuerOptions extends IssuerRules {
  /** Set by the functions below. */
  preset?: string;
  /** What the preset asks for. */
  fields?: Readonly<Record<string, string>>;
}

/** Auth0. `domain` is the tenant's (or its custom domain), `audience` the identifier of your API. */
export const auth0 = ({ domain, ...rules }: { domain: string; audience: string | readonly string[] } & IssuerRules) =>
  preset("auth0", { domain }, rules);

/** Firebase Authentication: its ID tokens. */
export const firebase = ({ projectId, ...rules }: { projectId: string } & IssuerRules) =>
  preset("firebase", { project_id: projectId }, rules);

/** Supabase Auth with asymmetric signing keys. `projectRef` is the first part of the project's URL. */
export const supabase = ({ projectRef, ...rules }: { projectRef: string } & IssuerRules) =>
  preset("supabase", { project_ref: projectRef }, rules);

/** Stytch: the session JWTs of its consumer product; for B2B give its `jwksUri`, too. */
export const stytch = ({ projectId, ...rules }: { projectId: string } & IssuerRules) =>
  preset("stytch", { project_id: projectId }, rules);

/** Amazon Cognito: access tokens and ID tokens of one app client. */
export const cognito = ({
  region,
  userPoolId,
  clientId,
  ...rules
}: { region: string; userPoolId: string; clientId: string } & IssuerRules) =>
  preset("cognito", { region, user_pool_id: userPoolId, client_id: clientId }, rules);

/** Kinde. `audience` is the audience of your API, or the client ID where there is none. */
export const kinde = ({ domain, ...rules }: { domain: string; audience: string | readonly string[] } & IssuerRules) =>
  preset("kinde", { domain }, rules);

/** Privy: its access tokens. */
export const privy = ({ appId, ...rules }: { appId: string } & IssuerRules) => preset("privy", { app_id: appId }, rules);

/** Dynamic. `audience` is what stands in `aud` of your environment's JWTs: your app's origin. */
export const dynamic = ({
  environmentId,
  ...rules
}: { environmentId: string; audience: string | readonly string[] } & IssuerRules) =>
  preset("dynamic", { environment_id: environmentId }, rules);

/** Clerk: its session tokens. `domain` is the Frontend API's, `audience` the origins of your app (`azp`). */
export const clerk = ({ domain, ...rules }: { domain: string; audience: string | readonly string[] } & IssuerRules) =>
  preset("clerk", { domain }, rules);

/** Crossmint's hosted service. It publishes its keys and not its claims: read `issuer` off a JWT of your project. */
export const crossmint = ({
  projectId,
  environment,
  ...rules
}: { projectId: string; environment: "development" | "staging" | "production"; issuer: string } & IssuerRules) =>
  preset("crossmint", { project_id: projectId, environment }, rules);

function preset(name: string, fields: Record<string, string>, rules: IssuerRules): IssuerOptions {
  return { preset: name, fields, ...rules };
}

/** The names under which the core knows them. */
const NAMES: Readonly<Record<keyof IssuerOptions, string>> = {
  preset: "preset",
  fields: "fields",
  issuer: "issuer",
  jwksUri: "jwks_uri",
  audience: "audience",
  anyAudience: "any_audience",
  userIdClaim: "user_id_claim",
  algorithms: "algorithms",
  leeway: "leeway",
  maxAge: "max_age",
};

/** The issuers in the form that the core reads. */
export function termsOf(issuers: readonly IssuerOptions[] | undefined): object[] | undefined {
  if (issuers === undefined) return undefined;
  if (!Array.isArray(issuers)) throw invalid("issuers must be an array: one entry for each issuer that is trusted");
  return issuers.map((issuer: IssuerOptions) => {
    const terms: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(issuer ?? {})) {
      const known = Object.hasOwn(NAMES, name) ? NAMES[name as keyof IssuerOptions] : undefined;
      if (known === undefined) throw invalid(`an issuer has no option ${name}; there are ${Object.keys(NAMES).join(", ")}`);
      if (value !== undefined) terms[known] = known === "audience" && typeof value === "string" ? [value] : value;
    }
    return terms;
  });
}

function invalid(message: string): CrossmintAuthenticationError {
  return new CrossmintAuthenticationError({ code: "option_invalid", message, status: 500 });
}
