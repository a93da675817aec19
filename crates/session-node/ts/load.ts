// Chooses the core: loaded once, at its first use, so that importing the package costs nothing and fails nowhere.

import type { CoreModule } from "./core";
import { loadNative } from "./native";

let loaded: CoreModule | undefined;

/** The core of this process. */
export function core(): CoreModule {
  loaded ??= loadNative();
  return loaded;
}
