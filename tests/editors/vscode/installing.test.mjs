// Where vivo is not installed: a click installs it, here from a wheel of this checkout, and a cell runs; the walkthrough
// and the palette before and after. The tests go on from each other.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

let workbench, page, wheels;

before(async () => {
  wheels = fs.mkdtempSync("/tmp/vivo-wheel-");
  const words = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check", "-w", wheels, ROOT];
  execFileSync(path.join(ROOT, ".venv/bin/python"), words, { stdio: ["ignore", "ignore", "inherit"] });
  const [wheel] = fs.readdirSync(wheels).map((name) => path.join(wheels, name));
  // What is undefined is not in the settings: the command is the extension's own default.
  const settings = { "vivo.server.command": undefined, "vivo.python": "", "vivo.server.package": wheel };
  workbench = await Workbench.start({ "one.py": "# %%\n6 * 7\n", "notes.txt": "no Python\n" }, { settings });
  page = await workbench.open("one.py", { hasServer: false });
});

after(async () => {
  fs.rmSync(wheels, { recursive: true, force: true });
  assert.deepEqual(await workbench.stop(), [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

// The commands of vivo that the palette offers.
async function offered() {
  await page.keyboard.press("F1");
  const input = page.locator(".quick-input-widget input[type=text]").first();
  await input.waitFor({ state: "visible" });
  await input.fill(">vivo: ");
  const rows = page.locator(".quick-input-widget .monaco-list-row");
  await rows.filter({ hasText: "vivo: " }).first().waitFor();
  const found = new Set();
  for (let pages = 0; pages < 15; pages++) {
    const labels = await rows.evaluateAll((all) => all.map((row) => row.getAttribute("aria-label") ?? ""));
    for (const label of labels) found.add(label.split(",")[0]);
    await page.keyboard.press("PageDown");
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }
  await page.keyboard.press("Escape");
  await input.waitFor({ state: "hidden" });
  return [...found];
}
const step = (title) => page.locator(".gettingStartedContainer .getting-started-step").filter({ hasText: title }).first();

test("without a server the palette has no command that needs one", async () => {
  await workbench.toast("was not found").waitFor({ timeout: 60000 });
  await workbench.focus();
  const found = await offered();
  assert.ok(found.includes("vivo: Run Cell"), `${found}`); // it says what is missing
  for (const title of ["Interrupt", "Restart Session", "Empty the Queue", "End Session…"]) {
    assert.ok(!found.includes(`vivo: ${title}`), title);
  }
});

test("the walkthrough opens, and its first step offers to install", async () => {
  await workbench.command("vivo: Open Walkthrough");
  await step("Have the server").getByRole("button", { name: "Install vivo" }).or(step("Have the server").getByText("Install vivo")).first().waitFor();
  await step("Choose the interpreter").waitFor();
});

test("one click installs vivo into an environment of the extension's own, with progress", async () => {
  await workbench.toast("was not found").getByRole("button", { name: "Install vivo" }).click();
  await workbench.toast("Installing vivo").waitFor();
  await workbench.status("no server").waitFor({ state: "detached", timeout: 240000 });
  await workbench.toast("Installing vivo").waitFor({ state: "detached" });
  const server = workbench.processes().find(({ command }) => /vivo\.vivo\/server\/bin\/\S+ lsp/.test(command));
  assert.ok(server, "the server is the one that was installed");
});

test("then a cell runs, with no other setting", async () => {
  await workbench.show("one.py");
  await workbench.lens("Run Cell").first().waitFor();
  await workbench.goTo(2);
  await page.keyboard.press("Control+Enter");
  await workbench.value("⟶ 42").waitFor({ timeout: 60000 });
});

test("the palette has them now, and none of a cell where there is no Python", async () => {
  const all = await offered();
  assert.ok(all.includes("vivo: Interrupt"), `${all}`);
  await workbench.show("notes.txt");
  const found = await offered();
  for (const title of ["Run Cell", "Run All Cells", "Send Cell to Cluster", "Debug Cell"]) {
    assert.ok(!found.includes(`vivo: ${title}`), title);
  }
  assert.ok(found.includes("vivo: Choose Session…"), `${found}`);
});

test("nothing is asked of any other host", () => assert.deepEqual(workbench.refused, []));
