// Native notebooks in a real workbench: cells of an .ipynb run in vivo's sessions, what they show stands
// in the notebook and in its file. The tests go on from each other.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Notebook, ipynb } from "./notebook.mjs";
import { ROOT, Workbench } from "./workbench.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));

const CELLS = [
  "x = 20\nprint('hello', end=' ')\nprint('world')\nx + 1",
  `from vivo.core import display, HTML
import sys
for n in range(4):
    print(f"\\r{n * 25 + 25}%", end="")
print()
print("oh", file=sys.stderr)
display(HTML("<b id=bold>bold</b>"), display_id="mark")
display({"image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "text/plain": "a picture"}, raw=True)`,
  `from vivo.core import clear_output, update_display
print("gone")
clear_output()
update_display(HTML("<i id=changed>changed</i>"), display_id="mark")
print("kept")`,
  "1 / 0",
  "'not reached'",
];

let workbench, page, notebook;
// The notebook draws the cells that are in sight alone.
const tall = () => page.setViewportSize({ width: 1280, height: 2000 });

before(async () => {
  workbench = await Workbench.start({ "work.ipynb": ipynb(...CELLS), "beside.py": "# %%\nx\n" });
  page = await workbench.open("beside.py");
  await tall();
  notebook = await new Notebook(workbench, "work.ipynb").open();
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

test("a cell runs by vivo's kernel, and shows what it printed and its value below it", async () => {
  await notebook.run(0);
  await notebook.output("hello world").waitFor({ timeout: 60000 });
  await notebook.output("21").waitFor();
  await notebook.count(0).filter({ hasText: "[1]" }).waitFor();
  await page.locator(".kernel-label").filter({ hasText: /vivo \(Python 3\.\d+\.\d+\)/ }).waitFor();
});

test("what stands below a cell does not stand beside its code too", async () => {
  assert.doesNotMatch(await notebook.cell(0).locator(".view-lines").innerText(), /⟶/);
});

test("shift+enter runs a cell and goes on to the next; alt+enter would add one", async () => {
  await notebook.focus(1);
  await page.keyboard.press("Shift+Enter");
  await notebook.outputs.locator("#bold").waitFor();
  await notebook.cell(2).locator("xpath=self::*[contains(@class,'focused')]").waitFor();
});

test("every kind of output is written: bars, errors' stream, HTML, pictures", async () => {
  await notebook.output("100%").waitFor();
  assert.equal(await notebook.outputs.filter({ hasText: "25%" }).count(), 0, "an overwritten line is gone");
  await notebook.output("oh").waitFor();
  await notebook.outputs.locator("img").first().waitFor();
});

test("cleared output goes, and a display is changed in the cell that shows it", async () => {
  await notebook.run(2);
  await notebook.output("kept").waitFor();
  assert.equal(await notebook.outputs.filter({ hasText: "gone" }).count(), 0);
  await notebook.outputs.locator("#changed").waitFor();
  assert.equal(await notebook.outputs.locator("#bold").count(), 0);
});

test("all cells run in their order, and those behind an error do not run", async () => {
  await workbench.command("Notebook: Run All");
  await notebook.output("ZeroDivisionError").waitFor();
  await notebook.count(3).filter({ hasText: "[7]" }).waitFor();
  assert.match(await notebook.count(4).innerText(), /\[ \]/);
  assert.deepEqual(
    await Promise.all([0, 1, 2, 3].map((at) => notebook.count(at).innerText())), ["[4]", "[5]", "[6]", "[7]"],
  );
  await notebook.cell(3).locator(".squiggly-error").first().waitFor();
});

test("the file has the outputs once it is saved", async () => {
  await notebook.save();
  const [first, second, third, fourth] = notebook.onDisk().cells;
  assert.deepEqual(first.outputs.map(({ output_type, text, data }) => [output_type, text ?? data["text/plain"]]), [
    ["stream", ["hello world\n"]], ["execute_result", ["21"]],
  ]);
  assert.equal(first.execution_count, 4);
  assert.deepEqual(second.outputs.map((each) => each.name ?? Object.keys(each.data).sort()), [
    "stdout", "stderr", ["text/html", "text/plain"], ["image/png", "text/plain"],
  ]);
  assert.deepEqual(second.outputs[0].text, ["100%\n"]);
  assert.match(second.outputs[2].data["text/html"].join(""), /changed/);
  assert.deepEqual(third.outputs.map((each) => each.text), [["kept\n"]]);
  assert.equal(fourth.outputs[0].ename, "ZeroDivisionError");
});

test("files of the folder share the session: one namespace", async () => {
  await page.locator(".tab").filter({ hasText: "beside.py" }).first().click();
  await workbench.lens("Run Cell").first().click();
  await workbench.value("⟶ 20").waitFor();
  await workbench.run("y = 'from the file'\ny");
  await workbench.value("⟶ 'from the file'").waitFor();
  await page.locator(".tab").filter({ hasText: "work.ipynb" }).first().click();
  await notebook.replace(4, "y.upper()");
  await page.keyboard.press("Control+Enter");
  await notebook.output("FROM THE FILE").waitFor();
  assert.equal(JSON.parse(workbench.vivo("sessions", "--json")).length, 1);
});

test("completion and hover in a cell know the live namespace", async () => {
  await notebook.replace(4, "y.sta");
  await page.keyboard.press("Control+Space");
  await page.locator(".suggest-widget .monaco-list-row").filter({ hasText: "startswith" }).first().waitFor();
  await page.keyboard.press("Escape");
  await notebook.replace(4, "x");
  await page.keyboard.press("Home");
  await workbench.command("Show or Focus Hover");
  await page.locator(".monaco-hover").filter({ hasText: "live" }).first().waitFor();
  await page.keyboard.press("Escape");
});

test("input() asks in the editor", async () => {
  await notebook.replace(4, "input('who? ') * 2");
  await page.keyboard.press("Control+Enter");
  await page.locator(".quick-input-widget").filter({ hasText: "who?" }).waitFor();
  await page.keyboard.type("ab");
  await page.keyboard.press("Enter");
  await notebook.output("abab").waitFor();
});

test("a cell that runs is stopped by its button", async () => {
  await notebook.replace(4, "import time\nprint('begun')\nwhile True: time.sleep(0.01)");
  await page.keyboard.press("Control+Enter");
  await notebook.output("begun").waitFor();
  await notebook.cell(4).hover();
  await notebook.cell(4).getByRole("button", { name: /Stop/ }).first().click();
  await notebook.output("KeyboardInterrupt").waitFor();
});

test("a window that is reloaded while a cell runs gets all of its output", async () => {
  const flag = path.join(workbench.state, "flag");
  const code = `import os\nprint('before')\nwhile not os.path.exists(${JSON.stringify(flag)}): time.sleep(0.01)\nprint('after')\n'done'`;
  await notebook.replace(4, code);
  await notebook.save();
  await notebook.focus(4);
  await page.keyboard.press("Control+Enter");
  await notebook.output("before").waitFor();
  await workbench.closePage();
  fs.writeFileSync(flag, "");
  page = await workbench.open("beside.py");
  await tall();
  if (!(await notebook.cells.first().isVisible())) await notebook.open();
  await notebook.output("done").waitFor({ timeout: 60000 });
  const text = await notebook.outputs.filter({ hasText: "before" }).first().innerText();
  assert.match(text, /before\s+after/);
  await notebook.save();
  assert.deepEqual(notebook.onDisk().cells[4].outputs.map((each) => each.text ?? each.data["text/plain"]), [
    ["before\n", "after\n"], ["'done'"],
  ]);
});

test("a server that is lost while a cell runs is started again, and nothing is missing", async () => {
  const flag = path.join(workbench.state, "flag2");
  await notebook.replace(4, `print('lost')\nwhile not os.path.exists(${JSON.stringify(flag)}): time.sleep(0.01)\nprint('two')`);
  await page.keyboard.press("Control+Enter");
  await notebook.output("lost").waitFor();
  const servers = workbench.processes().filter(({ command }) => / lsp( |$)/.test(command));
  // The window of before may still have one: a workbench waits a while for those that come back.
  process.kill(Math.max(...servers.map(({ pid }) => pid)), "SIGKILL");
  fs.writeFileSync(flag, "");
  await notebook.outputs.filter({ hasText: /lost\s+two/ }).first().waitFor({ timeout: 60000 });
});

test("what another editor runs in the notebook is shown here too", async () => {
  const code = "times = globals().get('times', 0) + 1\nprint('ran', times)";
  await notebook.replace(4, code);
  await page.keyboard.press("Control+Enter");
  await notebook.output("ran 1").waitFor();
  const python = path.join(ROOT, ".venv/bin/python");
  const words = [path.join(HERE, "other_client.py"), path.join(workbench.workspace, "work.ipynb"), code];
  await promisify(execFile)(python, words, { env: workbench.env });
  await notebook.output("ran 2").waitFor();
  assert.equal(await notebook.outputs.filter({ hasText: "ran 1" }).count(), 0);
});

test("restart gives a fresh engine; a session of its own shares no names", async () => {
  // The bar is drawn anew as the session comes to rest: a click may meet a button that goes.
  for (let tries = 3; tries > 0; tries--) {
    await page.getByRole("button", { name: "Restart Session" }).first().click();
    await notebook.replace(4, "print('x' in globals())");
    await page.keyboard.press("Control+Enter");
    const seen = notebook.output("False").waitFor({ timeout: 15000 });
    if (await seen.then(() => true, (error) => tries === 1 ? Promise.reject(error) : false)) break;
  }
  await workbench.command("vivo Notebook: Choose Session…");
  await page.locator(".quick-input-widget .monaco-list-row").filter({ hasText: "of its own" }).click();
  await page.waitForFunction(() => !document.querySelector(".quick-input-widget:not([style*='display: none'])"));
  await notebook.replace(4, "print('own', 'session')");
  await page.keyboard.press("Control+Enter");
  await notebook.output("own session").waitFor({ timeout: 60000 });
  assert.equal(JSON.parse(workbench.vivo("sessions", "--json")).length, 2);
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
