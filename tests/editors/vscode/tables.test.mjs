// The table viewer in a real workbench: sorted, filtered, sheets of arrays, columns of any width. The tests
// go on from each other.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Workbench } from "./workbench.mjs";

const CELLS = `# %%
import numpy as np
backwards = np.arange(20_000_000.0)[::-1].reshape(10_000_000, 2).copy()
cube = np.arange(60).reshape(3, 4, 5)
# %%
while True: pass
# %%
backwards[5] = -7
`;
let workbench, page;

before(async () => {
  workbench = await Workbench.start({ "cells.py": CELLS });
  page = await workbench.open("cells.py");
  await page.getByRole("tab", { name: "vivo" }).first().click();
  await workbench.goTo(3);
  await page.keyboard.press("Control+Enter");
  await row("cube").waitFor({ timeout: 60000 });
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const row = (text) => page.locator(".pane-body .monaco-list-row").filter({ hasText: text }).first();
const table = () => page.frameLocator("iframe.webview.ready >> nth=-1").frameLocator("iframe#active-frame");
const first = (text) => table().locator("tbody tr").first().locator("td").first().filter({ hasText: text });
const form = (text) => table().locator("#form").filter({ hasText: text });
const view = async (name) => {
  await row(name).hover();
  await row(name).getByRole("button", { name: "View as Table" }).first().click();
};
const filter = async (column, condition) => {
  await table().locator(`[data-filter="${column}"]`).fill(condition);
  await page.keyboard.press("Enter");
};

test("ten million rows are sorted up, down and not at all by a click on a column's name", async () => {
  await view("backwards");
  await first(/^19999999\.0$/).waitFor({ timeout: 30000 });
  await table().locator('[data-sort="0"]').click();
  await first(/^1\.0$/).waitFor({ timeout: 60000 });
  await table().locator('th[aria-sort="ascending"]').filter({ hasText: "▲" }).waitFor();
  assert.equal(await table().locator("tbody th").first().innerText(), "9999999", "a label says where the row stands");
  await table().locator('[data-sort="0"]').click();
  await table().locator('th[aria-sort="descending"]').waitFor();
  await first(/^19999999\.0$/).waitFor({ timeout: 60000 });
  await table().locator('[data-sort="0"]').click();
  await table().locator('th[aria-sort="none"]').first().waitFor();
});

test("its rows are filtered by conditions, and their number is told", async () => {
  await filter(1, "< 20 & >= 10");
  await form(/^5 of 10,000,000 rows/).waitFor({ timeout: 60000 });
  await table().locator('[data-sort="1"]').click();
  await first(/^11\.0$/).waitFor({ timeout: 60000 });
  await filter(1, "< many");
  await table().locator("#state").filter({ hasText: "“many” is no number" }).waitFor();
  assert.equal(await table().locator('[data-filter="1"]').inputValue(), "< many");
  await filter(1, "");
  await form(/^10,000,000 rows/).waitFor({ timeout: 60000 });
});

test("while a cell runs it is sorted all the same, and it says so", async () => {
  await workbench.goTo(6);
  await page.keyboard.press("Control+Enter");
  await workbench.status("busy").waitFor();
  await filter(0, "> 19999990");
  await form(/^5 of 10,000,000 rows/).waitFor({ timeout: 90000 });
  await table().locator("#state").filter({ hasText: "a cell runs" }).waitFor();
  await workbench.command("vivo: Interrupt");
  await workbench.status("idle").waitFor();
});

test("what a cell changed is sorted anew", async () => {
  await filter(0, "< 3");
  await form(/^1 of 10,000,000 rows/).waitFor({ timeout: 60000 });
  await workbench.goTo(8);
  await page.keyboard.press("Control+Enter");
  await form(/^2 of 10,000,000 rows/).waitFor({ timeout: 60000 });
  await first(/^-7\.0$/).waitFor();
});

test("a column is made wider at its edge", async () => {
  const cell = table().locator("thead th").nth(1);
  const before = await cell.boundingBox();
  const edge = await cell.locator(".edge").boundingBox();
  await page.mouse.move(edge.x + 2, edge.y + 5);
  await page.mouse.down();
  await page.mouse.move(edge.x + 82, edge.y + 5, { steps: 4 });
  await page.mouse.up();
  const after = await table().locator("thead th").nth(1).boundingBox();
  assert.ok(Math.abs(after.width - before.width - 80) <= 3, `${before.width} became ${after.width}`);
  const below = await table().locator("tbody td").first().boundingBox();
  assert.equal(Math.round(below.width), Math.round(after.width));
});

test("of an array of three dimensions any sheet is picked", async () => {
  await view("cube");
  await first(/^0$/).waitFor({ timeout: 30000 });
  await table().locator("#sheet").filter({ hasText: "Axis 0" }).waitFor();
  await table().locator('[data-dimension="0"]').fill("2");
  await page.keyboard.press("Enter");
  await first(/^40$/).waitFor();
  await table().locator('[data-sort="0"]').click();
  await table().locator('[data-sort="0"]').click();
  await first(/^55$/).waitFor();
});
