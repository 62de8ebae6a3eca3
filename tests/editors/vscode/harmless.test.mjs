// What is left of a cell's HTML, in the browser that would act on the rest.
import assert from "node:assert/strict";
import fs from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const SOURCE = new URL("../../../editors/vscode/src/outputs/page/harmless.ts", import.meta.url);
const MODULE = `data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(fs.readFileSync(SOURCE, "utf8")))}`;

let browser, page;
const asked = [];

before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu"], timeout: 60000 });
  page = await browser.newPage();
  await page.route("**/*", (route) => (asked.push(route.request().url()), route.abort()));
});

after(async () => browser?.close());

const harmless = (html) => page.evaluate(async ([module, given]) => (await import(module)).harmless(given), [MODULE, html]);

test("hints to other hosts, pages in the page and scripts are taken out", async () => {
  const kept = await harmless(
    `<link rel="dns-prefetch" href="//host.invalid"><link rel="preconnect" href="//host.invalid">
     <meta http-equiv="refresh" content="0;url=//host.invalid"><base href="//host.invalid">
     <script>window.ran = 1</script><iframe src="//host.invalid"></iframe><object data="//host.invalid"></object>
     <a href="#here" ping="//host.invalid">link</a><form action="//host.invalid"><button formaction="//host.invalid">b</button></form>`,
  );
  assert.doesNotMatch(kept, /host\.invalid|script|window\.ran/);
  assert.match(kept, /<a href="#here">link<\/a>/);
});

test("handlers and script links go, however they are written", async () => {
  const kept = await harmless(
    `<p onclick="ran=1" ONMOUSEOVER=ran=1>text</p><a href=" java\tscript:ran=1">a</a><svg onload="ran=1"><a xlink:href="javascript:ran=1">b</a></svg>`,
  );
  assert.doesNotMatch(kept, /ran=1/);
  assert.match(kept, /<p>text<\/p>/);
});

test("a table of a data frame is as it was, with its style", async () => {
  const table = '<style scoped="">.frame td { text-align: right; }</style><table class="frame" border="1"><tbody><tr><td>1</td></tr></tbody></table>';
  const kept = await harmless(`<div>${table}</div>`);
  for (const part of ["text-align: right", '<table class="frame" border="1">', "<td>1</td>"]) assert.ok(kept.includes(part), part);
});

test("cleaning asks no host for anything", () => {
  assert.deepEqual(asked, []);
});
