// All that this app knows of signing in. Base URL and client key come from AUTHMINT_BASE_URL and AUTHMINT_CLIENT_KEY; the
// SDK is made at its first use, so that a build needs no keys.

import { CrossmintAuth, createCrossmint } from "authmint";
import { createNextAuth } from "authmint/next";

/** The SDK: made as often as you like, it is the same one inside. */
export const sdk = () => CrossmintAuth.from(createCrossmint({ apiKey: process.env.AUTHMINT_SERVER_KEY ?? "" }));

export const { auth, proxy, routes } = createNextAuth(sdk);
