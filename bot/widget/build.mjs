// Bundles the widget into one classic script, dist/widget.js, and refuses one that grew too large for a phone.
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const LIMIT = 25 * 1024;
const out = "dist/widget.js";

await build({
  entryPoints: ["src/index.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2021"],
  charset: "utf8",
  loader: { ".css": "text" },
  plugins: [{ name: "small-css", setup: (host) => host.onLoad({ filter: /\.css$/ }, smallCss) }],
  outfile: out,
  legalComments: "none",
  logLevel: "warning",
});

const size = gzipSync(readFileSync(out), { level: 9 }).length;
console.log(`[widget] ${out}: ${(size / 1024).toFixed(1)} KB gzipped`);
if (size > LIMIT) {
  console.error(`[widget] more than ${LIMIT / 1024} KB gzipped`);
  process.exit(1);
}

/** The style travels inside the script, without its comments and spaces. */
async function smallCss({ path }) {
  const done = await build({ entryPoints: [path], minify: true, write: false, charset: "utf8", logLevel: "warning" });
  return { contents: done.outputFiles[0].text, loader: "text" };
}
