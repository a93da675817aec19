// Bundles the entry points for the edge: the same code with the edge's host in the place of Node's, as ES modules that
// import the compiled module by the name that edge bundlers know.

import { join } from "node:path";
import { build } from "esbuild";

const edgeHost = {
  name: "edge host",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/host$/ }, ({ resolveDir }) => ({ path: join(resolveDir, "host-edge.ts") }));
  },
};

export async function buildEdge(here, entries) {
  await build({
    absWorkingDir: here,
    entryPoints: entries.map((name) => join("ts", `${name}.ts`)),
    outdir: join("dist", "edge"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["*.wasm?module", "next/*"],
    plugins: [edgeHost],
    logLevel: "warning",
  });
}
