// Answers the guard's signature checks where no addon does it in place.

import type { webcrypto } from "node:crypto";
import { fromBase64Url, toUtf8 } from "./bytes";
import type { CoreCheck } from "./core";
import { host } from "./host";

type Imported = webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams;

/** What WebCrypto calls our algorithms, to import a key and to verify with it. */
const ALGORITHMS: Record<string, { imported: Imported; verify: webcrypto.EcdsaParams | webcrypto.Algorithm }> = {
  ES256: { imported: { name: "ECDSA", namedCurve: "P-256" }, verify: { name: "ECDSA", hash: "SHA-256" } },
  RS256: { imported: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, verify: { name: "RSASSA-PKCS1-v1_5" } },
};

/** Imported keys, by their JWK; a service has a handful. */
const keys = new Map<string, Promise<webcrypto.CryptoKey>>();
const MOST_KEYS = 64;

/** Whether the signature holds. A host that cannot tell says no: nothing passes that was not verified. */
export async function signatureHolds({ algorithm, key, message, signature }: CoreCheck): Promise<boolean> {
  const names = ALGORITHMS[algorithm];
  if (!names) return false;
  try {
    const imported = await importKey(key, names.imported);
    const bytes = fromBase64Url(signature);
    return await host.subtle().verify(names.verify, imported, bytes, toUtf8(message));
  } catch {
    return false;
  }
}

function importKey({ kty, crv, x, y, n, e }: CoreCheck["key"], algorithm: Imported): Promise<webcrypto.CryptoKey> {
  const members = { kty, crv, x, y, n, e };
  const name = JSON.stringify(members);
  const known = keys.get(name);
  if (known) return known;
  if (keys.size >= MOST_KEYS) keys.delete(keys.keys().next().value as string);
  const imported = host.subtle().importKey("jwk", JSON.parse(name) as webcrypto.JsonWebKey, algorithm, false, ["verify"]);
  keys.set(name, imported);
  imported.catch(() => keys.delete(name));
  return imported;
}
