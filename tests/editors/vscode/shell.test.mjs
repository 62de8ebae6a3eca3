// The extension as a whole: its commands, keys and menus, its status, two folders at once.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

const EXTENSION = path.join(ROOT, "editors/vscode");
const SOURCE = "# %%\nfirst = 1\nfirst\n\n# %%\nsecond = first + 1\nsecond\n\n# %%\nthird = second + 1\nthird\n";

let workbench, page;

before(async () => {
  workbench = await Workbench.start(
    { "one/a.py": SOURCE, "two/b.py": "# %%\nwhere = 'two'\nwhere\n", "one/notes.txt": "no Python\n" },
    { folders: ["one", "two"], settings: { "workbench.editor.showTabs": "multiple" } },
  );
  page = await workbench.open("one/a.py");
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const idle = () => workbench.status("idle").waitFor({ timeout: 60000 });
const clipboard = async () => {
  await workbench.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  return page.evaluate(() => navigator.clipboard.readText());
};

test("the bundles of the extension host are small", () => {
  const size = ["extension.js", "client.js"].reduce((sum, name) => sum + fs.statSync(path.join(EXTENSION, "dist", name)).size, 0);
  assert.ok(size <= 500_000, `${size} bytes`);
});

test("before a session runs, the status says so, and a click leads on", async () => {
  await workbench.status("vivo").click();
  await workbench.rows("Run All Cells").first().click();
  await workbench.value("⟶ 3").waitFor({ timeout: 60000 });
});

test("alt+enter runs the cell and makes a new one below", async () => {
  await workbench.goTo(3);
  await page.keyboard.press("Alt+Enter");
  await page.locator(".statusbar-item").filter({ hasText: "Ln 6" }).waitFor();
  await page.keyboard.type("'between'");
  await page.keyboard.press("Control+Enter");
  await workbench.value("⟶ 'between'").waitFor();
  await workbench.command("Undo"); // what was typed
  await workbench.command("Undo"); // the cell
});

test("run to here, below and above; restart and run all and to here", async () => {
  await workbench.goTo(7);
  await workbench.command("vivo: Restart and Run to Here");
  await workbench.value("⟶ 2").waitFor();
  await idle();
  await workbench.run("'third' in globals()");
  await workbench.value("⟶ False").waitFor();
  await workbench.goTo(7);
  await workbench.command("vivo: Run Cell and Below");
  await workbench.value("⟶ True").waitFor();
  await workbench.command("vivo: Restart and Run All Cells");
  await idle();
  await workbench.command("vivo: Run to Here");
  await idle();
  await workbench.command("vivo: Run Cells Above");
  await idle();
  assert.equal(await workbench.toast("vivo").count(), 0);
});

test("a value is copied, pinned, and cleared", async () => {
  await workbench.goTo(7);
  await workbench.command("vivo: Copy Value");
  await workbench.status("copied 1 character").waitFor();
  assert.equal(await clipboard(), "2");
  await workbench.command("vivo: Pin Value");
  await workbench.command("vivo: Clear Values");
  await workbench.value("⟶ 3").waitFor({ state: "detached" });
  await workbench.value("⟶ (pinned) 2").waitFor();
  await workbench.command("vivo: Unpin Value");
  await workbench.command("vivo: Clear Value of Cell");
  await workbench.value("⟶").waitFor({ state: "detached" });
});

test("a traceback is copied", async () => {
  await workbench.run("1 / 0");
  await workbench.editor.locator(".squiggly-error").first().waitFor();
  await workbench.command("vivo: Copy Traceback");
  await workbench.status("vivo: copied").waitFor();
  assert.match(await clipboard(), /Traceback[\s\S]*ZeroDivisionError/);
});

test("what is known of an object is a document beside the code", async () => {
  await workbench.run("import textwrap\ntextwrap.dedent");
  await idle();
  await page.keyboard.press("Control+Alt+KeyI");
  await page.locator(".editor-group-container").filter({ hasText: "Docstring" }).first().waitFor();
  await workbench.focus();
});

test("the queue is in the status, and is emptied", async () => {
  await workbench.run("import time\ntime.sleep(600)");
  await workbench.status("busy").waitFor();
  await workbench.run("'waits'");
  await workbench.status("busy +1").waitFor();
  await workbench.command("vivo: Empty the Queue");
  await workbench.status("busy +1").waitFor({ state: "detached" });
  await workbench.goTo(1);
  await page.keyboard.press("Control+Alt+KeyC");
  await idle();
});

test("each folder has its session, and the status tells that of the file in front", async () => {
  await workbench.command("File: Save");
  await workbench.show("b.py");
  await workbench.goTo(3);
  await page.keyboard.press("Shift+Enter");
  await workbench.value("⟶ 'two'").waitFor({ timeout: 60000 });
  const folders = workbench.sessions().map(({ cwd }) => path.basename(cwd)).sort();
  assert.deepEqual(folders, ["one", "two"]);
});

test("a session is chosen for a file, with its interpreter, memory, age and state", async () => {
  await workbench.command("vivo: Choose Session…");
  const row = workbench.rows(/idle · Python 3\.\d+\S* · [\d.]+ MiB · started .* ago · one/).first();
  await row.waitFor();
  await row.click();
  await workbench.run("first");
  await workbench.value("⟶ 1").waitFor();
  await workbench.command("vivo: Choose Session…");
  await workbench.rows("As the Settings Say").click();
});

test("a session is renamed, and ended after a question", async () => {
  await workbench.command("vivo: Rename Session…");
  await workbench.rows("two").first().click();
  const box = page.locator(".quick-input-widget").filter({ hasText: "its new name" });
  await box.waitFor();
  await box.locator("input[type=text]").first().fill("shed");
  await page.keyboard.press("Enter");
  await workbench.command("vivo: End Session…");
  await workbench.rows("shed").first().click();
  await page.locator(".monaco-dialog-box").getByRole("button", { name: "End It" }).click();
  await page.locator(".monaco-dialog-box").waitFor({ state: "hidden" });
  for (const end = Date.now() + 60000; workbench.sessions().some(({ name }) => name === "shed"); ) {
    assert.ok(Date.now() < end, "the session goes on");
  }
});

test("a script is exported as a notebook", async () => {
  await workbench.show("a.py");
  await workbench.command("vivo: Export…");
  await workbench.rows("Jupyter notebook").click();
  const input = page.locator(".quick-input-widget input[type=text]").first();
  await page.waitForFunction(() => document.querySelector(".quick-input-widget input[type=text]")?.value.endsWith("a.ipynb"));
  await input.press("Enter");
  await workbench.toast("exported to").waitFor();
  const notebook = JSON.parse(fs.readFileSync(path.join(workbench.workspace, "one/a.ipynb"), "utf8"));
  assert.equal(notebook.nbformat, 4);
  await workbench.command("Notifications: Clear All Notifications");
});

test("the interpreters that are there are offered", async () => {
  await workbench.command("vivo: Choose Interpreter…");
  await workbench.rows("Find…").waitFor();
  await workbench.rows(path.join(ROOT, ".venv/bin/python")).first().waitFor();
  await page.keyboard.press("Escape");
});

test("a console in the terminal is on the same session", async () => {
  await workbench.focus();
  await workbench.command("vivo: Open Console");
  await page.locator(".terminal-tab, .single-terminal-tab, .tabs-list .terminal-tabs-entry, .terminal-wrapper").first().waitFor();
  await page.locator(".terminal-wrapper.active .xterm-screen").first().click();
  for (let tries = 6; tries > 0; tries--) {
    await page.locator(".terminal-wrapper.active .xterm-screen").first().click();
    await page.keyboard.type("from_console = first + 41"); // lost, if the console has not begun to read
    await page.keyboard.press("Enter");
    await workbench.status("idle").waitFor();
    await workbench.run("globals().get('from_console')");
    const seen = workbench.value("⟶ 42").waitFor({ timeout: 10000 });
    if (await seen.then(() => true, (error) => (tries === 1 ? Promise.reject(error) : false))) break;
  }
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
