// Holds the guard's conversations: sends what it asks for, joins calls that are one, follows the revocation feed.

import type { Core, CoreCall, CoreOutcome, CoreStep } from "./core";
import { type Outgoing, type Reply, type Send, type Settled, drive, outgoing, quietSend, rest } from "./network";

/** How a guard reaches the outside. */
export interface Surroundings {
  send: Send;
  /** Headers that name the app and this SDK. */
  headers: Record<string, string>;
  /** The app's own route for refreshes, where it wants them to go. */
  refreshRoute?: string | undefined;
  warn: (message: string) => void;
}

/** The end of a conversation, and what the network said last if that is why it ended so. */
export interface Ended {
  outcome: CoreOutcome;
  cause?: unknown;
}

/** So often is what is due beside the requests looked for. */
const UPKEEP_EVERY = 1000;

export class Guard {
  readonly core: Core;
  readonly #surroundings: Surroundings;
  readonly #flights = new Map<string, Promise<Settled>>();
  #following = false;
  #keptUpAt = 0;

  constructor(core: Core, surroundings: Surroundings) {
    this.core = core;
    this.#surroundings = surroundings;
  }

  /** Holds a conversation to its end; `direct` sends refreshes to the service, whatever route the app set. */
  async converse(step: CoreStep, direct = false): Promise<Ended> {
    let next = step;
    let cause: unknown;
    while (!next.outcome) {
      const { call, waiting } = next;
      if (!call || !waiting) throw new Error("the guard neither ended nor asked");
      const settled = await this.answer(call, direct);
      cause = settled.cause;
      next = waiting.receive(settled.answer, Date.now()) ?? next;
    }
    this.keepUp(Date.now());
    return { outcome: next.outcome, cause };
  }

  /** The answer to a call: of the same call under way, if there is one. */
  answer(call: CoreCall, direct = false): Promise<Settled> {
    const send = (call: CoreCall, limit: number) => this.#send(call, limit, direct);
    const { key } = call;
    if (key === null) return drive(call, send);
    const flight = direct ? `direct ${key}` : key;
    const underWay = this.#flights.get(flight);
    if (underWay) return underWay;
    const known = call.known(Date.now());
    if (known) return Promise.resolve({ answer: known });
    // The guard has noted the answer before the flight is over: who comes then finds it there.
    const begun = drive(call, send).finally(() => this.#flights.delete(flight));
    this.#flights.set(flight, begun);
    return begun;
  }

  /** Does what is due beside the requests; called on every request, it looks once a second. */
  keepUp(now: number): void {
    if (Math.abs(now - this.#keptUpAt) < UPKEEP_EVERY) return;
    this.#keptUpAt = now;
    if (!this.#following) {
      this.#following = true;
      follow(new WeakRef(this), this.#surroundings).catch(ignore);
    }
    const call = this.core.upkeep(now);
    if (call) {
      const told = this.answer(call).then(({ answer: { error } }) => {
        if (error) this.#surroundings.warn(`the key set could not be renewed; the old one serves on: ${error.message}`);
      });
      told.catch(ignore);
    }
  }

  async #send(call: CoreCall, limit: number, direct: boolean): Promise<Reply> {
    const { send, headers, refreshRoute } = this.#surroundings;
    const request = outgoing(call, headers);
    if (refreshRoute === undefined || direct || !call.key?.startsWith("refresh ")) return send(request, limit);
    return translated(await send(rerouted(request, refreshRoute), limit));
  }
}

/** What happens beside the requests ends no process; the requests notice by themselves. */
function ignore(): void {}

/** To the app's own route goes the token and nothing else of ours: least of all the API key. */
function rerouted({ method, body }: Outgoing, url: string): Outgoing {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return { method, url, headers, ...(body === undefined ? {} : { body }) };
}

/** The app's own route answers `refreshToken` where the service answers `refresh`. */
function translated(reply: Reply): Reply {
  if (reply.status !== 200) return reply;
  try {
    const { refreshToken, ...rest } = JSON.parse(Buffer.from(reply.body).toString("utf8")) as Record<string, unknown>;
    const body = Buffer.from(JSON.stringify({ refresh: refreshToken, ...rest }));
    return { ...reply, body };
  } catch {
    return reply;
  }
}

/**
 * Follows the revocation feed for as long as someone holds the guard. Each poll waits on the service, on a socket and
 * timers that let the process end.
 */
async function follow(guard: WeakRef<Guard>, { headers, warn }: Surroundings): Promise<void> {
  let deaf = false;
  const send = (call: CoreCall, limit: number) => quietSend(outgoing(call, headers), limit);
  for (;;) {
    const call = guard.deref()?.core.follow(Date.now());
    if (!call) return;
    const { answer } = await drive(call, send, rest);
    // Told once, however long it lasts.
    if (answer.error && !deaf) {
      warn(
        "the revocation feed cannot be followed; ended sessions may be served until their JWTs end: " +
          answer.error.message,
      );
    }
    deaf = answer.error != null;
  }
}
