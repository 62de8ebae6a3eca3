// The views of variables, tables, sessions and the cluster in a real workbench. The tests go on from each other.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

const CELLS = `# %%
import numpy as np
number = 42
words = {"one": [1, 2], "two": "zwei"}
huge = np.arange(20_000_000.0).reshape(10_000_000, 2)
# %%
number += 1
`;
let workbench, page;

before(async () => {
  workbench = await Workbench.start({ "cells.py": CELLS }, { settings: { "vivo.cluster": { engines: 2 } } });
  page = await workbench.open("cells.py");
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const row = (text) => page.locator(".pane-body .monaco-list-row").filter({ hasText: text }).first();
const answer = async (title, text) => {
  const box = page.locator(".quick-input-widget").filter({ hasText: title });
  await box.waitFor();
  await box.locator("input[type=text]").first().fill(text);
  await page.keyboard.press("Enter");
};
const action = async (text, title) => {
  await row(text).hover();
  await row(text).getByRole("button", { name: title }).first().click();
};
const menu = async (text, title) => {
  await row(text).click({ button: "right" });
  await page.locator(".monaco-menu").getByText(title).hover();
  await page.keyboard.press("Enter"); // a click right after the menu has opened counts as part of that
};
// The menu may give the focus back to the view when the list of what can be chosen is there, which closes it.
const fromMenu = async (text, title, choice) => {
  for (let tries = 5; ; tries--) {
    await menu(text, title);
    try {
      return await workbench.rows(choice).first().click({ timeout: 5000 });
    } catch (error) {
      if (!tries) throw error;
    }
  }
};
const table = () => page.frameLocator("iframe.webview.ready >> nth=-1").frameLocator("iframe#active-frame");

test("a newcomer is shown the way on", async () => {
  await page.getByRole("tab", { name: "vivo" }).first().click();
  await page.locator(".welcome-view-content").getByText("No variables yet").waitFor();
  await page.locator(".welcome-view-content").getByText("No session runs").waitFor();
  await page.locator(".welcome-view-content").getByRole("button", { name: "Run Cell" }).first().waitFor();
});

test("the variables of a cell are listed with type, form and value", async () => {
  await workbench.goTo(3);
  await page.keyboard.press("Control+Enter");
  await row("number").waitFor({ timeout: 60000 });
  assert.match(await row("number").innerText(), /int · 42/);
  assert.match(await row("huge").innerText(), /ndarray \(10000000, 2\) float64/);
});

test("values open to what they hold", async () => {
  await row("words").click();
  await page.keyboard.press("ArrowRight");
  await row("['one']").waitFor();
  await row("['two']").filter({ hasText: "zwei" }).waitFor();
});

test("what the last cell changed is marked", async () => {
  await workbench.goTo(7);
  await page.keyboard.press("Control+Enter");
  await row("number").filter({ hasText: "int · 43" }).waitFor();
  await row("number").locator(".highlight").waitFor();
  assert.equal(await row("words").locator(".highlight").count(), 0);
});

test("they are filtered", async () => {
  await workbench.command("vivo: Filter Variables…");
  await answer("show which variables", "hug");
  await row("number").waitFor({ state: "detached" });
  await row("huge").waitFor();
});

test("ten million rows are seen from the first to the last, while a cell runs", async () => {
  await action("huge", "View as Table");
  const grid = table().locator("#grid");
  await table().locator("td").filter({ hasText: /^1(\.0)?$/ }).first().waitFor({ timeout: 30000 });
  assert.match(await table().locator("#form").innerText(), /10,000,000 rows × 2 columns/);
  await workbench.goTo(7);
  await workbench.append("\n# %%\nwhile True: pass");
  await page.keyboard.press("Control+Enter");
  await workbench.status("busy").waitFor();
  await grid.click();
  await page.keyboard.press("Control+End");
  await table().locator("td").filter({ hasText: /^19999999(\.0)?$/ }).first().waitFor({ timeout: 30000 });
  await table().locator("#goto").fill("5000000");
  await page.keyboard.press("Enter");
  await table().locator("td").filter({ hasText: /^10000000(\.0)?$/ }).first().waitFor({ timeout: 30000 });
  assert.ok((await table().locator("tr").count()) < 100, "only rows in sight are drawn");
  await page.screenshot({ path: path.join(fs.mkdtempSync("/tmp/vivo-shot-"), "table.png") });
  await workbench.command("vivo: Interrupt");
  await workbench.status("idle").waitFor();
});

test("marked cells are copied whole, and too many are refused", async () => {
  const grid = table().locator("#grid");
  const state = table().locator("#state");
  await grid.focus();
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowRight");
  assert.equal(await table().locator("[role=gridcell][aria-selected=true]").count(), 4);
  await table().locator("#cursor").filter({ hasText: /^3\.0$/ }).waitFor({ state: "attached" });
  await page.keyboard.press("Control+c");
  await state.filter({ hasText: "copied 2 rows" }).waitFor();
  await page.keyboard.press("Control+Shift+End");
  await page.keyboard.press("Control+c");
  await state.filter({ hasText: "20,000,000 cells are too many to copy" }).waitFor();
});

test("sessions are listed, and one is renamed", async () => {
  await row("idle").waitFor();
  assert.match(await row("idle").innerText(), /3\.\d+.*MiB/);
  await menu("idle", "Rename…");
  await answer("new name", "renamed here");
  await row("renamed here").waitFor();
});

test("a session's transcript is shown, and the stack of a cell that runs", async () => {
  await menu("renamed here", "Show Transcript");
  const text = page.locator(".editor-instance .view-line");
  await page.getByRole("tab", { name: /^renamed here transcript/, selected: true }).waitFor();
  await text.filter({ hasText: "import numpy as np" }).nth(1).waitFor(); // beside the cell itself
  await page.getByRole("tab", { name: /^cells\.py/ }).first().click();
  await workbench.goTo(10);
  await page.keyboard.press("Control+Enter");
  await workbench.status("busy").waitFor();
  await menu("renamed here", "Show Stack");
  await page.getByRole("tab", { name: /^renamed here stack/, selected: true }).waitFor();
  await text.filter({ hasText: "MainThread" }).first().waitFor();
  await page.keyboard.press("Control+Alt+KeyC"); // the page in front is of a session
  await workbench.status("idle").waitFor();
});

test("a new session is started for the file, and the file goes back to the other", async () => {
  await workbench.command("vivo: Start New Session…");
  await answer("the name of the new session", "second one");
  await row("second one").waitFor({ timeout: 60000 });
  await row("second one").locator(".highlight").waitFor();
  await fromMenu("renamed here", "Attach File…", "cells.py");
  await row("renamed here").locator(".highlight").waitFor();
  await row("second one").locator(".highlight").waitFor({ state: "detached" });
});

test("a cluster is started, grows and is stopped", async () => {
  await workbench.command("vivo: Start Cluster");
  await row("Engine 1").waitFor({ timeout: 90000 });
  await row("Cluster").filter({ hasText: "2 engines" }).waitFor();
  await action("Cluster", "Add Engines…");
  await answer("how many more engines", "1");
  await row("Engine 2").waitFor({ timeout: 90000 });
  await menu("Engine 1", "Show Transcript");
  await page.getByRole("tab", { name: "engine 1 transcript" }).waitFor();
  await page.getByRole("tab", { name: /^cells\.py/ }).first().click();
  await workbench.command("vivo: Attach to Running Cluster…");
  await workbench.rows("work").first().click();
  await row("Cluster").filter({ hasText: "3 engines" }).waitFor();
  await action("Cluster", "Stop Cluster");
  await row("Engine 2").waitFor({ state: "detached", timeout: 60000 });
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
