// Writes dist: the extension, its client, the pages of its views, and whose code is in them.
import { build } from "esbuild";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { licencesOf } from "./licences.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const common = { absWorkingDir: here, outdir: "dist", bundle: true, minify: true, legalComments: "none", metafile: true, logLevel: "warning" };
const host = { ...common, platform: "node", format: "cjs", target: "node20" };
const page = { ...common, platform: "browser", format: "iife", target: "es2022" };

const made = await Promise.all([
  // The client is loaded when there is something to serve, which keeps the activation short.
  build({ ...host, entryPoints: { extension: "src/extension.ts" }, external: ["vscode", "./client.js"], supported: { "dynamic-import": false } }),
  build({ ...host, entryPoints: { client: "src/client.ts" }, external: ["vscode"] }),
  build({
    ...page,
    entryPoints: {
      page: "src/outputs/page/main.ts",
      rich: "src/outputs/page/rich.ts",
      plots: "src/plots/page/main.ts",
      table: "src/table/page/main.ts",
    },
  }),
  build({
    ...page,
    entryPoints: ["src/outputs/widgets/main.ts", "src/outputs/widgets/widgets.css"],
    entryNames: "widgets",
    assetNames: "[name]",
    alias: { "sanitize-html": "./src/outputs/widgets/harmlessHtml.ts" },
    loader: { ".woff2": "file", ".woff": "empty", ".ttf": "empty", ".eot": "empty", ".svg": "empty" },
  }),
]);
writeFileSync(`${here}dist/third-party-licences.txt`, licencesOf(made.map(({ metafile }) => metafile), here));
