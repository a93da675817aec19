// The SDK, made at its first use: a build needs no keys.

import { CrossmintAuth, createCrossmint } from "authmint";
import { createNextAuth } from "authmint/next";

/** Who this app is to the service; the base URL comes from AUTHMINT_BASE_URL. */
export const crossmint = () => createCrossmint({ apiKey: process.env.AUTHMINT_SERVER_KEY ?? "" });

/** The SDK: made as often as you like, it is the same one inside. */
export const crossmintAuth = () => CrossmintAuth.from(crossmint());

export const { auth, proxy, routes } = createNextAuth(crossmintAuth);
