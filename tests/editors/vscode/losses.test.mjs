// What is lost, and comes back with nothing missing: the server, the extension host, the window. A cell runs
// through each. The tests go on from each other.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Workbench } from "./workbench.mjs";

let workbench, page;

before(async () => {
  workbench = await Workbench.start(
    { "cells.py": "# %%\nimport time\n'first'\n" },
    { settings: { "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" } } },
  );
  page = await workbench.open("cells.py");
  await workbench.goTo(3);
  await page.keyboard.press("Control+Enter");
  await workbench.value("⟶ 'first'").waitFor({ timeout: 60000 });
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const kill = (name) => {
  const found = workbench.processes().filter(({ command }) => command.includes(name));
  assert.ok(found.length, `there is no process ${name}`);
  for (const { pid } of found) process.kill(pid, "SIGKILL");
};
const session = () => JSON.parse(workbench.vivo("sessions", "--json"))[0].session_id;

test("a server that is killed while a cell runs comes back with all it showed", async () => {
  const before = session();
  await workbench.run("time.sleep(4)\n'through the server'");
  await workbench.status("busy").waitFor();
  kill("vivo lsp");
  await workbench.value("⟶ 'through the server'").waitFor({ timeout: 60000 });
  await workbench.value("⟶ 'first'").waitFor();
  assert.equal(session(), before);
});

test("so does an extension host", async () => {
  await workbench.run("time.sleep(8)\n'through the host'");
  await workbench.status("busy").waitFor();
  kill("--type=extensionHost");
  await workbench.value("⟶ 'through the host'").waitFor({ timeout: 90000 });
  await workbench.value("⟶ 'through the server'").waitFor();
  await workbench.run("'and on'");
  await workbench.value("⟶ 'and on'").waitFor();
});

test("and a window", async () => {
  await workbench.command("File: Save");
  await workbench.run("time.sleep(8)\n'through the window'");
  await workbench.command("File: Save");
  await page.locator(".tab.active:not(.dirty)").filter({ hasText: "cells.py" }).waitFor(); // the window is read from the file
  await workbench.status("busy").waitFor();
  await workbench.closePage();
  page = await workbench.open("cells.py");
  await workbench.value("⟶ 'through the window'").waitFor({ timeout: 90000 });
  await workbench.value("⟶ 'and on'").waitFor();
});
