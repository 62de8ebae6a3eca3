// The commands, the pickers and the settings in a real workbench; what is left after a server or an
// extension host was killed. The tests go on from each other.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

const CELLS = "# %%\nvalue = 6 * 7\nvalue\n\n# %%\nother = value + 1\nother\n\n# %%\nvalue, other\n";
let workbench, page;

before(async () => {
  workbench = await Workbench.start(
    { "cells.py": CELLS },
    { settings: { "vivo.cluster": { engines: 2 }, "files.simpleDialog.enable": true } },
  );
  page = await workbench.open("cells.py");
  await workbench.context.grantPermissions(["clipboard-read", "clipboard-write"]);
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const rows = (text) => page.locator(".quick-input-widget .monaco-list-row").filter({ hasText: text });
const sessions = () => JSON.parse(workbench.vivo("sessions", "--json"));

test("the extension is small, and is there", async (context) => {
  const { size } = fs.statSync(path.join(ROOT, "editors/vscode/dist/extension.js"));
  assert.ok(size <= 500_000, `the bundle has ${size} bytes`);
  await workbench.command("Developer: Show Running Extensions");
  const row = page.locator(".runtime-extensions-editor .monaco-list-row").filter({ hasText: "vivo" }).first();
  await row.waitFor();
  const [, milliseconds] = /Activation:\s*(\d+)\s*ms/.exec(await row.innerText());
  context.diagnostic(`activated in ${milliseconds} ms`);
  await workbench.closeDialogue();
});

test("alt+enter runs the cell and makes a new one below", async () => {
  await workbench.goTo(2);
  await page.keyboard.press("Alt+Enter");
  await workbench.value("⟶ 42").waitFor({ timeout: 60000 });
  await page.keyboard.type("'between', value");
  await page.keyboard.press("Control+Enter");
  await workbench.value("⟶ ('between', 42)").waitFor();
  await workbench.goTo(5);
  assert.match(await workbench.value("between").innerText(), /'between'/);
});

test("what is below, what is above and the cell, and all afresh", async () => {
  await workbench.goTo(9);
  await workbench.command("vivo: Run Cell and Below");
  await workbench.value("⟶ (42, 43)").waitFor();
  await workbench.command("vivo: Clear Values");
  await workbench.value("⟶").waitFor({ state: "detached" });
  await workbench.goTo(6);
  await workbench.command("vivo: Run to Here");
  await workbench.value("⟶ ('between', 42)").waitFor();
  await workbench.command("vivo: Restart and Run All Cells");
  await workbench.value("⟶ (42, 43)").waitFor({ timeout: 60000 });
});

test("a value is copied, pinned, and goes by itself", async () => {
  await workbench.goTo(3);
  await workbench.command("vivo: Copy Value");
  await workbench.status("vivo: copied 2 characters").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "42");
  await workbench.goTo(3);
  await workbench.command("vivo: Pin Value");
  await workbench.goTo(6);
  await workbench.command("vivo: Clear Value of Cell");
  await workbench.value("⟶ ('between', 42)").waitFor({ state: "detached" });
  await workbench.command("vivo: Clear Values");
  await workbench.value("⟶ (42, 43)").waitFor({ state: "detached" });
  await workbench.value("42").waitFor();
  await workbench.goTo(3);
  await workbench.command("vivo: Unpin Value");
});

test("an object is looked at in a document of its own", async () => {
  await workbench.goTo(2, 2);
  await workbench.command("vivo: Inspect Object");
  const tab = page.locator(".tab").filter({ hasText: "value?" });
  await tab.waitFor();
  await page.locator(".editor-instance .view-lines").filter({ hasText: "int" }).first().waitFor();
  await page.keyboard.press("Control+KeyW");
  await tab.waitFor({ state: "detached" });
});

test("settings are taken up without a restart", async () => {
  const [{ session_id: before }] = sessions();
  workbench.set({ "vivo.values": "assignments" });
  await workbench.goTo(2);
  for (let tries = 10; tries > 0; tries--) {
    await page.keyboard.press("Control+Enter");
    const seen = workbench.value(/=.6.\*.7.*⟶.42/).waitFor({ timeout: 3000 });
    if (await seen.then(() => true, (error) => (tries === 1 ? Promise.reject(error) : false))) break;
  }
  assert.deepEqual(sessions().map((each) => each.session_id), [before]);
  workbench.set({ "vivo.values": "last" });
});

test("sessions are listed with what they do, chosen, made and renamed", async () => {
  await workbench.goTo(2);
  await page.keyboard.press("Control+Alt+KeyS");
  const running = rows("idle").first();
  await running.waitFor();
  assert.match(await running.innerText(), /Python 3\.\d+.*MiB.*started .* ago[\s\S]*used by this file/);
  await rows("New Session for This File").click();
  await workbench.goTo(3);
  await workbench.run("'value' in globals()");
  await workbench.value("⟶ False").waitFor({ timeout: 60000 });
  assert.equal(sessions().length, 2);
  await workbench.command("vivo: Rename Session…");
  await rows("idle").first().click();
  const box = page.locator(".quick-input-widget").filter({ hasText: "its new name" });
  await box.waitFor();
  await box.locator("input[type=text]").first().fill("the second");
  await page.keyboard.press("Enter");
  await workbench.command("vivo: Choose Session…");
  await rows("the second").first().waitFor();
  await page.keyboard.press("Escape");
});

test("interpreters are listed, none of them run, and one is chosen", async () => {
  await workbench.command("vivo: Choose Interpreter…");
  await rows(".venv/bin/python").first().waitFor();
  await rows("Find…").waitFor();
  await rows(".venv/bin/python").first().click();
  await workbench.status("runs the cells of this file").waitFor({ timeout: 60000 });
});

test("the file is exported as a notebook", async () => {
  await workbench.goTo(2);
  await workbench.command("vivo: Export…");
  await rows("Jupyter notebook").click();
  await page.locator(".quick-input-widget input").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".quick-input-widget input")?.value.endsWith("cells.ipynb"));
  await page.keyboard.press("Enter");
  await workbench.toast("exported to").waitFor({ timeout: 60000 });
  const { cells } = JSON.parse(fs.readFileSync(path.join(workbench.workspace, "cells.ipynb"), "utf8"));
  assert.ok(cells.length >= 4, `${cells.length} cells`);
  await workbench.toast("exported to").getByRole("button", { name: "Clear Notification" }).click({ force: true });
});

test("a terminal with a console is offered", async () => {
  await workbench.command("Terminal: Create New Terminal (With Profile)");
  await rows("vivo console").first().waitFor();
  await page.keyboard.press("Escape");
});

test("a cell goes to the engines of a cluster", async () => {
  await workbench.run("6 * 9");
  await workbench.value("⟶ 54").waitFor();
  await workbench.command("vivo: Send Cell to Cluster");
  await workbench.value("⟶ [all] 54").waitFor({ timeout: 90000 });
  await workbench.command("vivo: Send to Engines…");
  await rows("Engine 1").waitFor({ timeout: 30000 });
  await rows("Engine 1").click();
  await workbench.value("⟶ [1] 54").waitFor();
});

const killed = (name) => {
  const found = workbench.processes().filter(({ command }) => command.includes(name));
  assert.ok(found.length, `no process ${name}`);
  for (const { pid } of found) process.kill(pid, "SIGKILL");
};

test("a server that is killed comes back with all it showed, and what ran goes on", async () => {
  await workbench.run("import time\ntime.sleep(3)\n'through'");
  await workbench.status("busy").waitFor();
  killed("vivo.server.cli lsp");
  await workbench.value("⟶ 'through'").waitFor({ timeout: 60000 });
  await workbench.value("⟶ [1] 54").waitFor();
});

test("so does an extension host", async () => {
  await workbench.run("time.sleep(3)\n'through again'");
  await workbench.status("busy").waitFor();
  killed("--type=extensionHost");
  await workbench.value("⟶ 'through again'").waitFor({ timeout: 90000 });
  await workbench.value("⟶ 'through'").waitFor();
  await workbench.run("'and on'");
  await workbench.value("⟶ 'and on'").waitFor();
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
