// Renews sessions before anything renders. Next.js 15 knows this file as middleware.ts, and its function as `middleware`.

export { proxy } from "./auth";

export const config = { matcher: ["/((?!_next/|favicon.ico).*)"] };
