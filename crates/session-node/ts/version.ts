// Names and versions that the service and apps are told.

/** The version of this package; the build holds it against package.json. */
export const SDK_VERSION = "0.1.0";
export const SDK_NAME = "authmint";
/** The version of the wire that existing Crossmint clients speak. */
export const CROSSMINT_API_VERSION = "2024-09-26";
