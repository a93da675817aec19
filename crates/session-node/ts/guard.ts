// Holds the guard's conversations: sends what it asks for, joins calls that are one, follows the revocation feed.

import { toUtf8, utf8 } from "./bytes";
import type { Core, CoreCall, CoreOutcome, CoreStep } from "./core";
import { host } from "./host";
import { type Outgoing, type Reply, type Send, type Settled, drive, outgoing, rest } from "./network";
import { type Weakly, weakly } from "./weak";
import { CrossmintAuthenticationError } from "./errors";
import { signatureHolds } from "./webcrypto";

/** How a guard reaches the outside. */
export interface Surroundings {
  send: Send;
  /** Headers that name the app and this SDK. */
  headers: Record<string, string>;
  /** The app's own route for refreshes, where it wants them to go. */
  refreshRoute?: string | undefined;
  /** Whether the app insists on the revocation feed. */
  required: boolean;
  warn: (message: string) => void;
}

/** What keeps a runtime of the edge alive beyond the answer: a worker's context, Next.js's event. */
export interface Lifetime {
  waitUntil(work: Promise<unknown>): void;
}

/** The end of a conversation, and what the network said last if that is why it ended so. */
export interface Ended {
  outcome: CoreOutcome;
  cause?: unknown;
}

/** So often is what is due beside the requests looked for. */
const UPKEEP_EVERY = 1000;
/** So old may be what is known of the revocation feed where it is polled beside the requests. */
const HEARD_WITHIN = 5000;

export class Guard {
  readonly core: Core;
  readonly #surroundings: Surroundings;
  readonly #flights = new Map<string, Promise<Settled>>();
  #following = false;
  #keptUpAt = 0;
  #heardAt = 0;
  #deaf = false;

  constructor(core: Core, surroundings: Surroundings) {
    this.core = core;
    this.#surroundings = surroundings;
  }

  /** Holds a conversation to its end; "direct" sends refreshes to the service, whatever route the app set. */
  async converse(step: CoreStep, how?: Lifetime | "direct"): Promise<Ended> {
    const [direct, lifetime] = how === "direct" ? [true] : [false, how];
    let next = step;
    let cause: unknown;
    while (!next.outcome) {
      const { call, check, waiting } = next;
      if (check && waiting?.checked) {
        next = waiting.checked(await signatureHolds(check), Date.now()) ?? lost();
        continue;
      }
      if (!call || !waiting) throw new Error("the guard neither ended nor asked");
      const settled = await this.answer(call, direct);
      cause = settled.cause;
      next = waiting.receive(settled.answer, Date.now()) ?? lost();
    }
    this.keepUp(Date.now(), lifetime);
    return { outcome: next.outcome, cause };
  }

  /** The answer to a call: of the same call under way, if there is one. */
  answer(call: CoreCall, direct = false): Promise<Settled> {
    const send = (call: CoreCall, limit: number) => this.#send(call, limit, direct);
    const { key } = call;
    if (key === null) return drive(call, send);
    if (!host.lasting) {
      // What one request awaits no other may: the runtime ends it with its own request.
      const known = call.known(Date.now());
      return known ? Promise.resolve({ answer: known }) : drive(call, send);
    }
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
  keepUp(now: number, lifetime?: Lifetime): void {
    if (Math.abs(now - this.#keptUpAt) < UPKEEP_EVERY) return;
    this.#keptUpAt = now;
    if (!host.lasting) beside(this.hear(now), lifetime);
    else if (!this.#following) {
      this.#following = true;
      follow(weakly(this), this.#surroundings).catch(ignore);
    }
    const call = this.core.upkeep(now);
    if (call) beside(this.#renewKeys(call), lifetime);
  }

  async #renewKeys(call: CoreCall): Promise<void> {
    const { error } = (await this.answer(call)).answer;
    if (error) this.#surroundings.warn(`the key set could not be renewed; the old one serves on: ${error.message}`);
  }

  /** What must be heard before a request is served, where nothing follows the feed and the app insists on it. */
  overdue(): Promise<void> | undefined {
    return host.lasting || !this.#surroundings.required ? undefined : this.hear(Date.now());
  }

  /** Asks once what ended meanwhile, where nothing follows the feed and the last word is old. It never rejects. */
  async hear(now: number): Promise<void> {
    if (host.lasting || Math.abs(now - this.#heardAt) < HEARD_WITHIN) return;
    const call = this.core.follow(now);
    if (!call || call.pause > HEARD_WITHIN) return;
    this.#heardAt = now;
    const { headers } = this.#surroundings;
    const send = (call: CoreCall, limit: number) => host.quietSend(atOnce(outgoing(call, headers)), Math.min(limit, 3000));
    const { answer } = await drive(call, send, () => Promise.resolve());
    this.#tellOfFeed(answer.error?.message);
  }

  /** Told once, however long it lasts. */
  #tellOfFeed(fault: string | undefined): void {
    if (fault !== undefined && !this.#deaf) this.#surroundings.warn(DEAF + fault);
    this.#deaf = fault !== undefined;
  }

  async #send(call: CoreCall, limit: number, direct: boolean): Promise<Reply> {
    const { send, headers, refreshRoute } = this.#surroundings;
    const request = outgoing(call, headers);
    if (refreshRoute === undefined || direct || !call.key?.startsWith("refresh ")) return send(request, limit);
    return translated(await send(rerouted(request, refreshRoute), limit));
  }
}

const DEAF = "the revocation feed cannot be followed; ended sessions may be served until their JWTs end: ";

/** Lets work go on beside the request. */
function beside(work: Promise<void>, lifetime: Lifetime | undefined): void {
  const quiet = work.catch(ignore);
  lifetime?.waitUntil(quiet);
}

/** A poll that the service is not to hold back: nobody waits here for what has not happened. */
function atOnce({ url, ...rest }: Outgoing): Outgoing {
  return { ...rest, url: url.replace(/([?&]wait_s=)\d+/, "$10") };
}

function lost(): never {
  throw new CrossmintAuthenticationError({
    code: "unavailable",
    message: "too many requests wait at the same time, and this one was dropped; try again",
    status: 503,
    retryable: true,
  });
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
    const { refreshToken, ...rest } = JSON.parse(utf8(reply.body)) as Record<string, unknown>;
    const body = toUtf8(JSON.stringify({ refresh: refreshToken, ...rest }));
    return { ...reply, body };
  } catch {
    return reply;
  }
}

/**
 * Follows the revocation feed for as long as someone holds the guard. Each poll waits on the service, on a socket and
 * timers that let the process end.
 */
async function follow(guard: Weakly<Guard>, { headers, warn }: Surroundings): Promise<void> {
  let deaf = false;
  const send = (call: CoreCall, limit: number) => host.quietSend(outgoing(call, headers), limit);
  for (;;) {
    const call = guard.deref()?.core.follow(Date.now());
    if (!call) return;
    const { answer } = await drive(call, send, rest);
    // Told once, however long it lasts.
    if (answer.error && !deaf) {
      warn(DEAF + answer.error.message);
    }
    deaf = answer.error != null;
  }
}
