// The core of this process: loaded once, at its first use, so that importing the package costs nothing and fails nowhere.

import type { CoreModule } from "./core";
import { host } from "./host";

let loaded: CoreModule | undefined;

/** The core: the addon where there is one for the platform, else WebAssembly. */
export function core(): CoreModule {
  loaded ??= host.loadCore();
  return loaded;
}
