// VS Code's own debugger on live sessions, in a real workbench: cells, files, notebooks, and the last
// error after it has happened. The tests go on from each other.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Notebook, ipynb } from "./notebook.mjs";
import { Workbench } from "./workbench.mjs";

const TEXT = `# %%
def share(numbers, by):
    half = sum(numbers) / 2
    return half / by
# %%
numbers = [1, 2, 3]
first = share(numbers, 2)
first
# %%
share(numbers, 0)
`;

let workbench, page, notebook;

before(async () => {
  const files = { "cells.py": TEXT, "book.ipynb": ipynb("def twice(n):\n    doubled = n * 2\n    return doubled", "twice(21)") };
  workbench = await Workbench.start(files, { settings: { "debug.toolBarLocation": "docked" } });
  page = await workbench.open("cells.py");
  await page.setViewportSize({ width: 1280, height: 1000 });
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const rows = (view) => page.locator(`.${view} .monaco-list-row`);
const variable = (text) => rows("debug-variables").filter({ hasText: text }).first();
const frame = (text) => rows("debug-call-stack").filter({ hasText: text }).first();
const running = () => page.locator(".debug-toolbar, .monaco-workbench").getByRole("button", { name: /^(Stop|Disconnect)/ }).first();
const ended = () => running().waitFor({ state: "detached" });

// Ask the debugger's console.
async function evaluate(expression) {
  await workbench.command("Debug Console: Focus on Debug Console View");
  const console_ = page.locator(".repl-input-wrapper .monaco-editor.focused");
  await console_.waitFor();
  await page.keyboard.insertText(expression);
  await page.keyboard.press("Enter");
}
const answer = (text) => page.locator(".repl-tree .monaco-list-row").filter({ hasText: text }).first();

test("a cell that is debugged stops at its first statement", async () => {
  await workbench.goTo(2);
  await page.keyboard.press("Control+Enter");
  await workbench.status("idle").waitFor({ timeout: 60000 });
  await workbench.goTo(4);
  await page.keyboard.press("F9");
  await page.locator(".codicon-debug-breakpoint").first().waitFor();
  await workbench.lens("Debug Cell").nth(1).click();
  await frame(/<module>[\s\S]*6:1/).waitFor({ timeout: 60000 });
});

test("a breakpoint in the real file is hit, with the variables of its frame", async () => {
  await page.keyboard.press("F5");
  await frame(/share[\s\S]*4:/).waitFor();
  await variable("half =").filter({ hasText: "3.0" }).waitFor();
  await variable("numbers =").filter({ hasText: "[1, 2, 3]" }).waitFor();
});

test("the console of the debugger evaluates in the frame", async () => {
  await evaluate("half * 100");
  await answer("300.0").waitFor();
});

test("it steps, and goes on; the cell ends, and the debugger with it", async () => {
  await workbench.focus();
  await page.keyboard.press("F10");
  await frame("share").waitFor({ state: "detached" });
  await frame(/<module>[\s\S]*[78]:1/).waitFor();
  await page.keyboard.press("F5");
  await workbench.value("⟶ 1.5").waitFor();
  await ended();
  await workbench.status("idle").waitFor();
});

test("stopping the debugger interrupts the cell, and the session goes on", async () => {
  await workbench.goTo(6);
  await workbench.command("vivo: Debug Cell");
  await frame(/<module>[\s\S]*6:1/).waitFor();
  await page.keyboard.press("Shift+F5");
  await ended();
  await workbench.status("idle").waitFor();
  await workbench.run("len(numbers)");
  await workbench.value("⟶ 3").waitFor();
});

test("an error is looked at where it was raised: its frames, their variables, expressions", async () => {
  await workbench.goTo(10);
  await page.keyboard.press("Control+Enter");
  await workbench.editor.locator(".squiggly-error").first().waitFor();
  await workbench.command("vivo: Debug Post-Mortem");
  await frame(/share[\s\S]*4:/).waitFor();
  await variable("by =").filter({ hasText: "0" }).waitFor();
  await page.locator(".exception-widget").filter({ hasText: "ZeroDivisionError" }).waitFor();
  await evaluate("half + by + 0.25");
  await answer("3.25").waitFor();
  await evaluate("half / (by - by)");
  await answer("ZeroDivisionError").waitFor();
  await frame("<module>").click();
  await variable("Globals").waitFor();
});

test("other cells run while an error is looked at; letting it go ends it", async () => {
  await workbench.focus();
  await workbench.run("'meanwhile'");
  await workbench.value("⟶ 'meanwhile'").waitFor();
  await evaluate("numbers[-1] * 11");
  await answer("33").waitFor();
  await workbench.focus();
  await page.keyboard.press("Shift+F5");
  await ended();
});

test("an error offers it beside its line", async () => {
  await workbench.goTo(10);
  await page.keyboard.press("End");
  await page.keyboard.type("  # again");
  await workbench.editor.locator(".squiggly-error").first().waitFor({ state: "detached" });
  await page.keyboard.press("Control+Enter");
  await workbench.editor.locator(".squiggly-error").first().waitFor();
  await workbench.status("idle").waitFor();
  await workbench.goTo(10);
  await page.keyboard.press("Control+Period");
  await page.locator(".action-widget .monaco-list-row").filter({ hasText: "Debug post-mortem here" }).first().click();
  await frame(/share[\s\S]*4:/).waitFor();
  await page.keyboard.press("Shift+F5"); // wherever the focus is: the error's own window may have it
  await ended();
});

test("the file in the editor is debugged by F5, and stops at its first line", async () => {
  await workbench.goTo(1);
  await page.keyboard.press("Control+KeyS");
  await page.locator(".tab.active:not(.dirty)").filter({ hasText: "cells.py" }).waitFor();
  await workbench.command("vivo: Debug File");
  await frame(/<module>[\s\S]*2:1/).waitFor();
  await page.keyboard.press("Shift+F5");
  await ended();
  await workbench.status("idle").waitFor();
});

test("breakpoints in cells of a notebook are hit", async () => {
  await page.getByRole("tab", { name: /Explorer/ }).first().click();
  notebook = await new Notebook(workbench, "book.ipynb").open();
  await notebook.run(0);
  await notebook.count(0).filter({ hasText: /\[\d+\]/ }).waitFor();
  await notebook.focus(0);
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("F9");
  await notebook.focus(1);
  await workbench.command("vivo: Debug Cell");
  await frame(/<module>[\s\S]*1:1/).waitFor();
  await page.keyboard.press("F5");
  await frame(/twice[\s\S]*3:/).waitFor();
  await variable("doubled =").filter({ hasText: "42" }).waitFor();
  await page.keyboard.press("F5");
  await ended();
  await notebook.output("42").waitFor();
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
