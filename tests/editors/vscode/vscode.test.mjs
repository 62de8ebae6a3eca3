// The extension in a real workbench, with the real server and real sessions.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

const BESSEL = fs.readFileSync(path.join(ROOT, "docs/examples/bessel.py"), "utf8");
const LINES = BESSEL.split("\n");
const lineOf = (text) => LINES.findIndex((line) => line.includes(text)) + 1;
const SHOTS = path.join(ROOT, "tests/editors/shots");
const IMAGES = path.join(ROOT, "docs/images");

let workbench, page, editor;

before(async () => {
  workbench = await Workbench.start({ "bessel.py": BESSEL });
  page = await workbench.open("bessel.py");
  editor = workbench.editor;
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => {
  if (context.passed === false && workbench.context) {
    fs.mkdirSync(SHOTS, { recursive: true });
    const name = context.name.replaceAll(/\W+/g, "-");
    await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }
});

const value = (text) => editor.locator(".view-line").filter({ hasText: text }).first();
const status = (text) => page.locator(".statusbar-item").filter({ hasText: text }).first();

test("each cell has its lenses", async () => {
  await editor.locator(".codelens-decoration a").filter({ hasText: "Run Cell" }).first().waitFor();
  await editor.locator(".codelens-decoration a").filter({ hasText: "Run Above" }).first().waitFor();
});

test("shift+enter runs the cell, shows its value, and goes to the next", async () => {
  await workbench.goTo(lineOf("from math import pi"));
  await page.keyboard.press("Shift+Enter");
  await value("⟶ 0.765197").waitFor({ timeout: 60000 });
  await status("vivo 3.").waitFor();
  await page.keyboard.press("Shift+Enter");
  await value("⟶ np.float64(0.765197").waitFor();
});

test("the plot is in the panel beside the code", async () => {
  for (let count = 0; count < 3; count++) await page.keyboard.press("Shift+Enter");
  await workbench.panel.locator("img").first().waitFor({ timeout: 60000 });
  const width = await workbench.panel.locator("img").first().evaluate((image) => image.naturalWidth);
  assert.ok(width > 300, `the picture is ${width} pixels wide`);
  await page.keyboard.press("Control+KeyB"); // more room for the code
  await workbench.goTo(lineOf("noise.shape"));
  await value("⟶ ((32, 32)").waitFor();
  fs.mkdirSync(IMAGES, { recursive: true });
  await page.screenshot({ path: path.join(IMAGES, "vscode.png") });
});

test("hover tells of the live object", async () => {
  await workbench.goTo(lineOf("noise.shape"), 2);
  await workbench.command("Show or Focus Hover");
  const hover = page.locator(".monaco-hover").filter({ hasText: "numpy.ndarray" }).first();
  await hover.waitFor();
  assert.match(await hover.innerText(), /shape \(32, 32\)[\s\S]*live/);
  await page.keyboard.press("Escape");
});

test("completion knows the live namespace, also while a cell runs", async () => {
  await workbench.append("\n\n# %% busy\nwhile True: pass\n");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Control+Enter");
  await status("busy").waitFor();
  await workbench.append("\n# %% typing\nintegr");
  await page.keyboard.press("Control+Space");
  const row = page.locator(".suggest-widget .monaco-list-row").filter({ hasText: "integrals" }).first();
  await row.waitFor();
  await page.keyboard.press("Escape");
});

test("interrupt ends the cell, and the error stands on its line", async () => {
  await page.locator(".notification-toast, .statusbar-item").filter({ hasText: "Running [" }).first().waitFor();
  await workbench.command("vivo: Interrupt");
  await status("idle").waitFor();
  await editor.locator(".squiggly-error").first().waitFor();
});

test("an error is a problem on the failing line of the file", async () => {
  await page.keyboard.press("Control+End");
  await workbench.append("\n\n# %% fails\nx = 1\nx / 0");
  await page.keyboard.press("Control+Enter");
  await workbench.panel.locator("pre").filter({ hasText: "ZeroDivisionError" }).first().waitFor();
  await editor.locator(".squiggly-error").first().waitFor();
  await page.keyboard.press("Shift+F8"); // from the end back to the last problem
  await page.locator(".marker-widget").filter({ hasText: "ZeroDivisionError" }).first().waitFor();
  await page.keyboard.press("Escape");
});

test("input() asks in the editor", async () => {
  await workbench.append('\n\n# %% asks\nname = input("who? ")\nname * 2');
  await page.keyboard.press("Control+Enter");
  const box = page.locator(".quick-input-widget").filter({ hasText: "who?" });
  await box.waitFor();
  await page.keyboard.type("ab");
  await page.keyboard.press("Enter");
  await value("⟶ 'abab'").waitFor();
});

test("a new window finds the session, its values and its variables", async () => {
  await workbench.command("File: Save");
  const session = JSON.parse(workbench.vivo("sessions", "--json"))[0].session_id;
  await workbench.closePage();
  page = await workbench.open("bessel.py");
  editor = workbench.editor;
  await workbench.goTo(lineOf("j0_integral(1.0)"));
  await value("⟶ 0.765197").waitFor({ timeout: 60000 });
  await workbench.append("\n\n# %% again\nnoise.sum() > 0, name");
  await page.keyboard.press("Control+Enter");
  await value("'ab')").waitFor();
  assert.equal(JSON.parse(workbench.vivo("sessions", "--json"))[0].session_id, session);
});

test("restart gives a fresh engine in the same session", async () => {
  await workbench.command("vivo: Restart Session");
  await status("idle").waitFor();
  await workbench.append('\n\n# %% fresh\n"noise" in globals()');
  await page.keyboard.press("Control+Enter");
  await value("⟶ False").waitFor();
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
