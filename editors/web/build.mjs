// Writes server/web/static: the page's own scripts, those of the VS Code panels that it shows in frames, their
// styles, and the pages. What is there is what is served, and part of the wheel: a checkout needs no Node.
import { build } from "esbuild";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { licencesOf } from "../vscode/licences.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const vscode = `${here}../vscode`;
const target = process.argv[2] ?? `${here}../../server/web/static`;

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const common = {
  absWorkingDir: here,
  outdir: target,
  bundle: true,
  minify: true,
  legalComments: "none",
  platform: "browser",
  format: "iife",
  target: "es2022",
  metafile: true,
  nodePaths: [`${here}node_modules`], // for what the panels' sources import
  logLevel: "warning",
};
const pages = await build({
  ...common,
  entryPoints: {
    app: `${here}src/app.ts`,
    frame: `${here}src/frame.ts`,
    outputs: `${vscode}/src/outputs/page/main.ts`,
    rich: `${vscode}/src/outputs/page/rich.ts`,
    plots: `${vscode}/src/plots/page/main.ts`,
    table: `${vscode}/src/table/page/main.ts`,
  },
});
// What draws widgets: as the VS Code panel's, and like there loaded with the first of them.
const widgets = await build({
  ...common,
  entryPoints: [`${vscode}/src/outputs/widgets/main.ts`, `${vscode}/src/outputs/widgets/widgets.css`],
  entryNames: "widgets",
  assetNames: "[name]",
  alias: { "sanitize-html": `${vscode}/src/outputs/widgets/harmlessHtml.ts` },
  loader: { ".woff2": "file", ".woff": "empty", ".ttf": "empty", ".eot": "empty", ".svg": "empty" },
});
for (const name of await readdir(`${here}pages`)) {
  await cp(`${here}pages/${name}`, `${target}/${name}`);
}
await cp(`${here}node_modules/uplot/dist/uPlot.min.css`, `${target}/uplot.css`);
await cp(`${vscode}/media/page.css`, `${target}/outputs.css`);
await cp(`${vscode}/media/plots.css`, `${target}/plots.css`);
await cp(`${vscode}/media/table.css`, `${target}/table.css`);
await cp(`${vscode}/media/vivo.svg`, `${target}/vivo.svg`);
await writeFile(`${target}/third-party-licences.txt`, licencesOf([pages.metafile, widgets.metafile], here));
