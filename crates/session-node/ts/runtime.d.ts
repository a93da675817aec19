// What the types of Node.js leave out, as far as this package uses it. Nothing that is published names these.

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: object);
    readonly exports: Record<string, unknown>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  class RuntimeError extends Error {}
}

// Next.js is the app's, and four hundred megabytes: what is used of it is written out here. Apps get its own types.

declare module "next/headers" {
  export function headers(): Promise<Pick<Headers, "get">>;
  export function cookies(): Promise<{ getAll(): { name: string; value: string }[] }>;
}

declare module "next/server" {
  export class NextRequest extends Request {
    constructor(input: Request, init?: { headers?: Headers });
  }
  export class NextResponse extends Response {
    constructor(body?: ReadableStream | null, init?: ResponseInit);
    static next(init?: { request?: { headers?: Headers } }): NextResponse;
  }
  export interface NextFetchEvent {
    waitUntil(work: Promise<unknown>): void;
  }
}
