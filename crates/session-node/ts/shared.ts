// Guards of equal options are one: an app that makes the SDK anew for each request still keeps what it knows.

import { randomBytes } from "node:crypto";
import { Guard, type Surroundings } from "./guard";
import { core } from "./load";
import { refuse } from "./options";

const guards = new Map<string, WeakRef<Guard>>();

/** The guard of these options; `alike` are what else must be equal to share one, null if it is never shared. */
export function sharedGuard(options: string, surroundings: Surroundings, alike: object | null): Guard {
  const name = alike && JSON.stringify([options, surroundings.refreshRoute, alike]);
  const known = name === null ? undefined : guards.get(name)?.deref();
  if (known) return known;
  const made = core().makeGuard(options, randomBytes(32));
  refuse(made.error);
  const guard = new Guard(made.guard as NonNullable<typeof made.guard>, surroundings);
  if (name !== null) {
    for (const [other, held] of guards) if (!held.deref()) guards.delete(other);
    guards.set(name, new WeakRef(guard));
  }
  return guard;
}
