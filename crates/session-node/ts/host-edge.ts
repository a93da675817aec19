// What edge runtimes give the package (Next.js's, Cloudflare's): a compiled module, WebCrypto, and nothing that lasts
// beyond a request.

import module from "../authmint.wasm?module";
import type { Host } from "./host";
import { fetchSend } from "./network";
import { wasmCore } from "./wasm";

export const host: Host = {
  lasting: false,
  quietSend: fetchSend(),
  subtle: () => crypto.subtle,
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  loadCore: () => wasmCore(module),
};
