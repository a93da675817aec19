// Guards of equal options are one: an app that makes the SDK anew for each request still keeps what it knows.

import { Guard, type Surroundings } from "./guard";
import { host } from "./host";
import { core } from "./load";
import { refuse } from "./options";
import { type Weakly, weakly } from "./weak";

const guards = new Map<string, Weakly<Guard>>();

/** The guard of these options; `alike` are what else must be equal to share one, null if it is never shared. */
export function sharedGuard(options: string, surroundings: Surroundings, alike: object | null): Guard {
  const name = alike && JSON.stringify([options, surroundings.refreshRoute, alike]);
  const known = name === null ? undefined : guards.get(name)?.deref();
  if (known) return known;
  const made = core().makeGuard(options, host.random(32));
  refuse(made.error);
  const guard = new Guard(made.guard as NonNullable<typeof made.guard>, surroundings);
  if (name !== null) {
    for (const [other, held] of guards) if (!held.deref()) guards.delete(other);
    guards.set(name, weakly(guard));
  }
  return guard;
}
