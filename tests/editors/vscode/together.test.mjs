// Others in the session, and sessions of other hosts, in a real workbench. The tests go on from each other.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { FarHost } from "./farHost.mjs";
import { ROOT, Workbench } from "./workbench.mjs";

const CELLS = `# %%
import os
os.environ["HOME"].endswith("/there"), os.path.basename(os.getcwd())
`;
const SERVER = [path.join(ROOT, ".venv/bin/vivo"), "lsp"];
let far, workbench, page, beside;

before(async () => {
  far = await FarHost.start();
  // The workbench takes its own PATH from a login shell.
  const command = ["/usr/bin/env", `PATH=${far.bin}:${process.env.PATH}`, ...SERVER];
  workbench = await Workbench.start({ "cells.py": CELLS }, { settings: { "vivo.server.command": command } });
  page = await workbench.open("cells.py");
});

after(async () => {
  beside?.kill();
  const left = await workbench.stop();
  await far.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const row = (text) => page.locator(".pane-body .monaco-list-row").filter({ hasText: text }).first();
const runCell = async () => {
  await workbench.goTo(3);
  await page.keyboard.press("Control+Enter");
};
const choose = async (what, address) => {
  await workbench.focus();
  await workbench.command("vivo: Choose Session…");
  await workbench.rows(what).first().click();
  if (address === undefined) return;
  const box = page.locator(".quick-input-widget").filter({ hasText: "as your ssh knows it" });
  await box.waitFor();
  await box.locator("input[type=text]").first().fill(address);
  await page.keyboard.press("Enter");
};

test("who else is in the session is told in the list and in the status bar", async () => {
  await runCell();
  await workbench.value("(False, 'work')").waitFor({ timeout: 60000 });
  await page.getByRole("tab", { name: "vivo" }).first().click();
  await row("idle").waitFor();
  assert.doesNotMatch(await row("idle").innerText(), /here/, "who is alone knows it");
  const [{ session_id: session }] = workbench.sessions();
  beside = spawn(SERVER[0], ["console", "--simple", "--session", session], {
    env: workbench.env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  await row("2 here").waitFor();
  await workbench.status("idle").hover();
  await page.locator(".monaco-hover").filter({ hasText: /Also here: .*console/ }).waitFor();
  beside.stdin.end();
  await row("2 here").waitFor({ state: "detached" });
});

test("a session is started on another host, for this file, and its cells run there", async () => {
  await choose("New Session on Another Host…", "alpha");
  await row("on alpha").waitFor({ timeout: 60000 });
  await row("on alpha").locator(".highlight").waitFor();
  await runCell();
  await workbench.value("(True, 'work')").waitFor({ timeout: 60000 });
});

test("one that runs there is found again by its host", async () => {
  await choose("As the Settings Say");
  await row("on alpha").locator(".highlight").waitFor({ state: "detached" });
  await runCell();
  await workbench.value("(False, 'work')").waitFor({ timeout: 60000 });
  await choose("Session on Another Host…", "ssh://alpha");
  await row("on alpha").locator(".highlight").waitFor();
  await runCell();
  await workbench.value("(True, 'work')").waitFor({ timeout: 60000 });
});

test("why a host cannot be reached is said, and the file keeps its session", async () => {
  await choose("New Session on Another Host…", "nowhere.invalid");
  await workbench.toast("nowhere.invalid").first().waitFor({ timeout: 60000 });
  await row("on alpha").locator(".highlight").waitFor();
  workbench.vivo("session", "end", workbench.sessions().find(({ host }) => host === "alpha").session_id);
  await row("on alpha").waitFor({ state: "detached" });
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
