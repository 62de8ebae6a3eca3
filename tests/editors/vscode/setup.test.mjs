// What a newcomer meets before anything runs: a server that is not there, a workspace not trusted.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Workbench } from "./workbench.mjs";

let workbench, page, command;

before(async () => {
  const settings = { "vivo.server.command": ["no-such-vivo", "lsp"] };
  workbench = await Workbench.start({ "one.py": "# %%\n1 + 1\n" }, { settings, isTrusting: false });
  const folder = path.join(workbench.workspace, ".vscode");
  fs.mkdirSync(folder);
  const hostile = { "vivo.server.command": ["touch", path.join(workbench.workspace, "owned")] };
  fs.writeFileSync(path.join(folder, "settings.json"), JSON.stringify(hostile));
  page = await workbench.open("one.py", { hasServer: false });
  command = workbench.serverCommand;
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

test("a server that is not there is told of once, with a way to its setting", async () => {
  const toast = workbench.toast("no program “no-such-vivo”");
  await toast.waitFor({ timeout: 60000 });
  assert.equal(await page.locator(".notification-toast").count(), 1);
  await workbench.status("vivo: no server").waitFor();
  await toast.getByRole("button", { name: "Open Setting" }).click();
  await page.locator(".settings-editor").getByText("starts vivo's language server").waitFor();
  await workbench.closeDialogue();
});

test("once the setting names it, the server starts without a reload", async () => {
  // An editor that is still busy with its start may not notice that the file has changed.
  for (let tries = 6; tries > 0; tries--) {
    workbench.set({ "vivo.server.command": command });
    const seen = workbench.lens("Run Cell").first().waitFor({ timeout: 10000 });
    if (await seen.then(() => true, (error) => tries === 1 ? Promise.reject(error) : false)) break;
  }
  await workbench.status("no server").waitFor({ state: "detached" });
});

test("in a workspace that is not trusted no cell runs, by key or by lens", async () => {
  const toast = workbench.toast("a workspace that you have not trusted");
  // A lens that is drawn anew under the pointer, or a focus that goes elsewhere, may take a single try.
  const isTold = async (byItsWay) => {
    for (let tries = 3; tries > 0; tries--) {
      await byItsWay();
      const seen = toast.first().waitFor({ timeout: 10000 });
      if (await seen.then(() => true, (error) => tries === 1 ? Promise.reject(error) : false)) break;
    }
  };
  await isTold(async () => {
    await workbench.goTo(2);
    await page.keyboard.press("Control+Enter");
  });
  await toast.hover();
  await toast.getByRole("button", { name: "Clear Notification" }).click();
  await toast.waitFor({ state: "detached" });
  await isTold(() => workbench.lens("Run Cell").first().click());
  assert.deepEqual(JSON.parse(workbench.vivo("sessions", "--json")), []);
});

test("once it is trusted, its cells run", async () => {
  await workbench.toast("not trusted").getByRole("button", { name: "Manage Workspace Trust" }).click();
  await page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).click();
  await page.getByText("You trust this folder").waitFor();
  await workbench.closeDialogue();
  await workbench.goTo(2);
  await page.keyboard.press("Control+Enter");
  await workbench.value("⟶ 2").waitFor({ timeout: 60000 });
});

test("a program that the workspace's settings name has not run", () => {
  assert.equal(fs.existsSync(path.join(workbench.workspace, "owned")), false);
});
