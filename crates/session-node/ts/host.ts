// What Node.js gives the package: the addon or its stand-in, chance, and sockets that let the process end. A build for
// the edge has `host-edge.ts` in the place of this file.

import { randomFillSync, webcrypto } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { CoreModule } from "./core";
import { CrossmintAuthenticationError } from "./errors";
import { loadNative } from "./native";
import { quietSend } from "./quiet";
import type { Send } from "./network";
import { moduleOf, wasmCore } from "./wasm";

/** A runtime, as far as the package depends on which it is. */
export interface Host {
  loadCore(): CoreModule;
  random(bytes: number): Uint8Array;
  /** WebCrypto, for signatures that the core does not check in place. */
  subtle(): Pick<webcrypto.SubtleCrypto, "importKey" | "verify">;
  /** Whether what one request began may serve another: flights are joined, and a follower runs beside the requests. */
  readonly lasting: boolean;
  /** Sends the polls of the revocation feed. */
  readonly quietSend: Send;
}

export const host: Host = {
  lasting: true,
  quietSend,
  // Not a global yet in every Node that is served.
  subtle: () => webcrypto.subtle,
  random: (bytes) => randomFillSync(new Uint8Array(bytes)),
  loadCore() {
    const { AUTHMINT_CORE } = process.env;
    const native = AUTHMINT_CORE === "wasm" ? undefined : loadNative();
    if (native) return native;
    if (AUTHMINT_CORE === "native") {
      throw new CrossmintAuthenticationError({
        code: "core_missing",
        message: "AUTHMINT_CORE asks for the addon, and there is none for this platform; build it with `npm run build`",
        status: 500,
      });
    }
    // Required here, so that who has the addon never reads it.
    const { base64 } = require("./inline") as { base64: string };
    return wasmCore(moduleOf(base64, gunzipSync));
  },
};
