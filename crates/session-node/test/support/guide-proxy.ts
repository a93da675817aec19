// A proxy as apps that come from the vendor's guide have it, cookie by cookie, with nothing of this package's own proxy. The
// tests of Next.js put it in the example's place.

import { CrossmintAuthenticationError, getAuthCookieNames } from "authmint";
import { type NextRequest, NextResponse } from "next/server";
import { sdk } from "./auth";

export async function proxy(request: NextRequest) {
  const response = NextResponse.next();
  // The browser SDK's pair if it signed the user in, else the pair that this server set.
  const apiKey = process.env.AUTHMINT_SERVER_KEY ?? "";
  const pairs = [getAuthCookieNames({ apiKey }), getAuthCookieNames()];
  const names = pairs.find((pair) => request.cookies.has(pair.refreshToken));
  if (!names) return response;

  const jwt = request.cookies.get(names.jwt)?.value;
  const refreshToken = request.cookies.get(names.refreshToken)?.value;
  try {
    const session = await sdk().getSession({ jwt, refreshToken });
    const secure = !["localhost", "127.0.0.1"].includes(request.nextUrl.hostname);
    const attributes = { path: "/", sameSite: "lax", secure } as const;
    if (session.jwt !== jwt) response.cookies.set(names.jwt, session.jwt, attributes);
    if (session.refreshToken.secret !== refreshToken) {
      const expires = new Date(session.refreshToken.expiresAt);
      response.cookies.set(names.refreshToken, session.refreshToken.secret, { ...attributes, expires });
    }
  } catch (error) {
    // While nobody can tell who it is, nobody is signed out.
    if (error instanceof CrossmintAuthenticationError && error.retryable) return response;
    response.cookies.delete(names.jwt);
    response.cookies.delete(names.refreshToken);
  }
  return response;
}

export const config = { matcher: ["/((?!_next/|favicon.ico).*)"] };
