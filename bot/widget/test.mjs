// Bundles the unit tests for node (any version from 18 on understands the result) and runs them with node's own runner.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const out = "dist/test";
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`),
  bundle: true,
  platform: "node",
  format: "esm",
  target: ["node18"],
  outdir: out,
  outExtension: { ".js": ".mjs" },
  loader: { ".css": "text" },
  logLevel: "warning",
});
const files = readdirSync(out).map((name) => `${out}/${name}`);
process.exit(spawnSync(process.execPath, ["--test", "--test-reporter=dot", ...files], { stdio: "inherit" }).status ?? 1);
