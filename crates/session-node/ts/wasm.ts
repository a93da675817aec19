// The guard as WebAssembly behind the same face as the addon: questions and replies are JSON in its memory.

import type {
  Core,
  CoreAnswer,
  CoreCall,
  CoreCheck,
  CoreCookies,
  CoreError,
  CoreModule,
  CoreOutcome,
  CoreStep,
  CoreVerified,
  CoreWaiting,
  Head,
  Recognised,
} from "./core";
import { fromLatin1, latin1 } from "./bytes";

/** What the module exports. */
interface Exports {
  memory: WebAssembly.Memory;
  authmint_room(length: number): number;
  authmint_answer(): number;
  authmint_reply(): number;
}

/** Its members are told in `src/wasm/message.rs`. */
type Question = { op: string } & Record<string, unknown>;

interface RawCall {
  call: number;
  key: string | null;
  background: boolean;
  pause: number;
}

interface RawStep {
  outcome?: CoreOutcome;
  call?: RawCall;
  check?: CoreCheck;
  waiting?: number;
}

interface About {
  projectId: string;
  baseUrl: string;
  jwksUri: string;
  cookieNames: string[];
}

/** One instance of the module. */
class Machine {
  readonly #exports: Exports;
  /** A trap leaves its memory in the middle of something: it answers no more. */
  dead = false;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
  }

  ask<T>(question: Question): T {
    const text = encoder.encode(JSON.stringify(question));
    const { memory, authmint_room, authmint_answer, authmint_reply } = this.#exports;
    try {
      const room = authmint_room(text.byteLength);
      new Uint8Array(memory.buffer, room, text.byteLength).set(text);
      const length = authmint_answer();
      const reply = JSON.parse(decoder.decode(new Uint8Array(memory.buffer, authmint_reply(), length))) as T;
      const fault = (reply as { fault?: string } | null)?.fault;
      if (fault !== undefined) throw new Error(`authmint's WebAssembly and TypeScript are of different builds: ${fault}`);
      return reply;
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) this.dead = true;
      throw error;
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The core on a compiled module. */
export function wasmCore(module: WebAssembly.Module): CoreModule {
  let machine: Machine | undefined;
  const current = (): Machine => {
    if (!machine || machine.dead) machine = new Machine(module);
    return machine;
  };
  const ask = <T>(question: Question) => current().ask<T>(question);
  return {
    makeGuard(options, seed) {
      const guard = new WasmGuard(current, options, latin1(seed));
      const { error } = guard;
      return error ? { error } : { guard };
    },
    checkApiKey: (key, usage) => ask<CoreError | null>({ op: "checkApiKey", text: key, usage }),
    verifyJwt: (jwt, keySet, now) => {
      const machine = current();
      return verified(machine, machine.ask({ op: "verifyJwt", jwt, bytes: latin1(keySet), now }));
    },
    errorCodes: () => ask<string[]>({ op: "errorCodes" }),
  };
}

/** Ends guards that nobody holds any more, where the host tells. */
const ends =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<{ machine: Machine; guard: number }>(({ machine, guard }) => {
        if (!machine.dead) machine.ask({ op: "dropGuard", guard });
      });

class WasmGuard implements Core {
  readonly error: CoreError | undefined;
  readonly #current: () => Machine;
  readonly #options: string;
  readonly #seed: string;
  #machine: Machine;
  #guard = 0;
  #about: About | undefined;

  constructor(current: () => Machine, options: string, seed: string) {
    [this.#current, this.#options, this.#seed] = [current, options, seed];
    this.#machine = current();
    this.error = this.#make();
  }

  #make(): CoreError | undefined {
    const made = this.#machine.ask<{ guard?: number; about?: About; error?: CoreError }>({
      op: "makeGuard",
      text: this.#options,
      bytes: this.#seed,
    });
    if (made.guard === undefined) return made.error;
    [this.#guard, this.#about] = [made.guard, made.about];
    ends?.register(this, { machine: this.#machine, guard: made.guard }, this);
    return undefined;
  }

  release(): void {
    ends?.unregister(this);
    if (!this.#machine.dead) this.#machine.ask({ op: "dropGuard", guard: this.#guard });
  }

  /** After a trap the guard is made anew; it has forgotten what it had verified, and nothing else of worth. */
  #ask<T>(op: string, members: Record<string, unknown>): T {
    if (this.#machine.dead) {
      this.#machine = this.#current();
      this.#make();
    }
    return this.#machine.ask<T>({ op, guard: this.#guard, ...members });
  }

  #step(name: string, members: Record<string, unknown>): CoreStep {
    return step(this.#machine, this.#ask<RawStep>(name, members));
  }

  recognise(cookies: string, now: number): Recognised | null {
    return this.#ask("recognise", { bytes: cookies, now });
  }
  begin(head: Head, peek: boolean, now: number): CoreStep {
    return this.#step("begin", { head, flag: peek, now });
  }
  beginWith(jwt: string | null, refreshToken: string | null, now: number): CoreStep {
    return this.#step("beginWith", { jwt, refreshToken, now });
  }
  beginRenewal(head: Head, presented: string | null, now: number): CoreStep {
    return this.#step("beginRenewal", { head, refreshToken: presented, now });
  }
  beginExchange(head: Head, secret: string, now: number): CoreStep {
    return this.#step("beginExchange", { head, text: secret, now });
  }
  beginSignIn(head: Head, target: string, drawn: Uint8Array, now: number): CoreOutcome {
    return this.#ask("beginSignIn", { head, text: target, bytes: latin1(drawn), now });
  }
  beginCallback(head: Head, target: string, now: number): CoreStep {
    return this.#step("beginCallback", { head, text: target, now });
  }
  returnTo(target: string): string {
    return this.#ask("returnTo", { text: target });
  }
  beginStore(head: Head, material: string, now: number): CoreStep | null {
    const raw = this.#ask<RawStep | null>("beginStore", { head, text: material, now });
    return raw && step(this.#machine, raw);
  }
  storeUnverified(head: Head, material: string, jwtEnds: number, now: number): CoreCookies | null {
    return this.#ask("storeUnverified", { head, text: material, jwtEnds, now });
  }
  signOut(head: Head, now: number): { values: string[]; calls: CoreCall[] } {
    const { values, calls } = this.#ask<{ values: string[]; calls: RawCall[] }>("signOut", { head, now });
    return { values, calls: calls.map((raw) => new WasmCall(this.#machine, raw)) };
  }
  signOutWith(refreshToken: string, now: number): CoreCall {
    return new WasmCall(this.#machine, this.#ask<RawCall>("signOutWith", { refreshToken, now }));
  }
  callUser(userId: string, now: number): { call?: CoreCall; error?: CoreError } {
    const { call, error } = this.#ask<{ call?: RawCall; error?: CoreError }>("callUser", { text: userId, now });
    return call ? { call: new WasmCall(this.#machine, call) } : { error: error as CoreError };
  }
  follow(now: number): CoreCall | null {
    return this.#maybeCall("follow", now);
  }
  upkeep(now: number): CoreCall | null {
    return this.#maybeCall("upkeep", now);
  }
  #maybeCall(name: string, now: number): CoreCall | null {
    const raw = this.#ask<RawCall | null>(name, { now });
    return raw && new WasmCall(this.#machine, raw);
  }
  verifyWith(jwt: string, keySet: Uint8Array, now: number): CoreVerified {
    return verified(this.#machine, this.#ask("verifyWith", { jwt, bytes: latin1(keySet), now }));
  }
  projectId(): string {
    return (this.#about as About).projectId;
  }
  baseUrl(): string {
    return (this.#about as About).baseUrl;
  }
  jwksUri(): string {
    return (this.#about as About).jwksUri;
  }
  cookieNames(): string[] {
    return (this.#about as About).cookieNames;
  }
}

/** What a step waits for is a call or a signature. */
function step(machine: Machine, raw: RawStep): CoreStep {
  const { outcome, call, check, waiting } = raw;
  if (outcome) return { outcome };
  return {
    ...(call ? { call: new WasmCall(machine, call) } : {}),
    ...(check ? { check } : {}),
    waiting: new WasmWaiting(machine, waiting as number),
  };
}

class WasmWaiting implements CoreWaiting {
  readonly #machine: Machine;
  readonly #waiting: number;

  constructor(machine: Machine, waiting: number) {
    [this.#machine, this.#waiting] = [machine, waiting];
  }
  receive(answer: CoreAnswer, now: number): CoreStep | null {
    return this.#go({ op: "answered", waiting: this.#waiting, answer: (answer as WasmAnswer).number, now });
  }
  checked(holds: boolean, now: number): CoreStep | null {
    return this.#go({ op: "checked", waiting: this.#waiting, flag: holds, now });
  }
  #go(question: Question): CoreStep | null {
    const raw = this.#machine.ask<RawStep | null>(question);
    return raw && step(this.#machine, raw);
  }
}

interface WasmAnswer extends CoreAnswer {
  readonly number: number;
}

type RawTried = { answer: number; error: CoreError | null; user: string | null } | { pause: number } | null;

class WasmCall implements CoreCall {
  readonly key: string | null;
  readonly background: boolean;
  pause: number;
  readonly #machine: Machine;
  readonly #call: number;

  constructor(machine: Machine, { call, key, background, pause }: RawCall) {
    [this.#machine, this.#call, this.key, this.background, this.pause] = [machine, call, key, background, pause];
  }
  limit(now: number): number {
    return this.#machine.ask<number | null>({ op: "limit", call: this.#call, now }) ?? 0;
  }
  known(now: number): CoreAnswer | null {
    return this.#tried({ op: "known", call: this.#call, now });
  }
  request(): ReturnType<CoreCall["request"]> {
    return this.#machine.ask({ op: "request", call: this.#call });
  }
  receive(
    status: number,
    cacheControl: string | null,
    retryAfter: string | null,
    body: Uint8Array,
    now: number,
  ): CoreAnswer | null {
    const reply = { status, cacheControl, retryAfter, bytes: latin1(body) };
    return this.#tried({ op: "receive", call: this.#call, ...reply, now });
  }
  failed(timedOut: boolean, text: string, now: number): CoreAnswer | null {
    return this.#tried({ op: "failed", call: this.#call, flag: timedOut, text, now });
  }
  #tried(question: Question): CoreAnswer | null {
    const raw = this.#machine.ask<RawTried>(question);
    if (raw === null) return null;
    if ("pause" in raw) {
      this.pause = raw.pause;
      return null;
    }
    const { answer: number, error, user } = raw;
    return { number, error, user } as WasmAnswer;
  }
}

type RawVerified = { claims?: string; error?: CoreError; check?: CoreCheck; waiting?: number };

function verified(machine: Machine, { check, waiting, ...known }: RawVerified): CoreVerified {
  if (!check) return known;
  const resume = (holds: boolean, now: number) => machine.ask<CoreVerified>({ op: "verified", waiting, flag: holds, now });
  return { check, resume };
}

/** The module from the text in which it lies beside the code, where no file of it can be imported. */
export function moduleOf(base64: string, inflate: (bytes: Uint8Array) => Uint8Array): WebAssembly.Module {
  return new WebAssembly.Module(inflate(fromLatin1(atob(base64))));
}
