// The extension in a real workbench, with the real server and real sessions: one reader's way through
// bessel.py. The tests go on from each other.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

const BESSEL = fs.readFileSync(path.join(ROOT, "docs/examples/bessel.py"), "utf8");
const LINES = BESSEL.split("\n");
const lineOf = (text) => LINES.findIndex((line) => line.includes(text)) + 1;
const IMAGE = path.join(ROOT, "docs/images/vscode.png");
const VIEW = {
  "editor.fontSize": 12,
  "editor.stickyScroll.enabled": false,
  "editor.occurrencesHighlight": "off",
  "editor.scrollbar.vertical": "hidden",
  "editor.scrollbar.horizontal": "hidden",
  "breadcrumbs.enabled": false,
};

let workbench, page;
const last = (locator) => locator.last();

before(async () => {
  // The deadline is for people who type; a machine that does much else takes longer.
  workbench = await Workbench.start({ "bessel.py": BESSEL }, { settings: { ...VIEW, "vivo.deadline": 5 } });
  page = await workbench.open("bessel.py");
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

test("each cell has its lenses, and one that is clicked runs its cell", async () => {
  await workbench.lens("Run Above").first().waitFor();
  await workbench.lens("Run Cell").first().click();
  await workbench.value("⟶ 0.765197").waitFor({ timeout: 60000 });
  await workbench.status("vivo 3.").waitFor();
});

test("shift+enter runs the cell, shows its value, and goes to the next", async () => {
  await workbench.goTo(lineOf("j0(1.0)"));
  await page.keyboard.press("Shift+Enter");
  await workbench.value("⟶ np.float64(0.765197").waitFor();
  await page.keyboard.press("Shift+Enter");
  await workbench.value("⟶ np.float64(2.4").waitFor();
});

test("the plot is in the panel beside the code", async () => {
  for (let count = 0; count < 2; count++) await page.keyboard.press("Shift+Enter");
  const plot = workbench.panel.locator("img").first();
  await plot.waitFor({ timeout: 60000 });
  await page.keyboard.press("Control+KeyB"); // the sidebar goes: more room for the code
  await workbench.goTo(LINES.length - 1);
  await workbench.value("⟶ ((32, 32)").waitFor();
  await page.waitForFunction(() => !document.querySelector(".notification-toast"));
  const { naturalWidth, bottom, height } = await plot.evaluate((image) => ({
    naturalWidth: image.naturalWidth,
    bottom: image.getBoundingClientRect().bottom,
    height: window.innerHeight,
  }));
  assert.ok(naturalWidth > 300, `the picture is ${naturalWidth} pixels wide`);
  assert.ok(bottom <= height, "the panel shows the whole of its newest output");
  fs.mkdirSync(path.dirname(IMAGE), { recursive: true });
  await workbench.scrollUpTo(workbench.value("return value")); // as much as there is room for
  await page.screenshot({ path: IMAGE });
});

test("hover tells of the live object", async () => {
  await workbench.goTo(lineOf("noise.shape"), 2);
  await workbench.command("Show or Focus Hover");
  const hover = page.locator(".monaco-hover").filter({ hasText: "numpy.ndarray" }).first();
  await hover.waitFor();
  assert.match(await hover.innerText(), /shape \(32, 32\)[\s\S]*live/);
  await page.keyboard.press("Escape");
});

test("completion knows the live namespace, also while a cell runs", async () => {
  await workbench.run("while True: pass\n");
  await workbench.status("busy").waitFor();
  await workbench.append("\n# %%\nintegr");
  await page.keyboard.press("Control+Space");
  const row = page.locator(".suggest-widget .monaco-list-row").filter({ hasText: "integrals" });
  await row.first().waitFor();
  await page.keyboard.press("Escape");
});

test("interrupt ends the cell, and the error stands on its line", async () => {
  await workbench.command("vivo: Interrupt");
  await workbench.status("idle").waitFor();
  await workbench.editor.locator(".squiggly-error").first().waitFor();
  await last(workbench.panel.locator(".traceback")).filter({ hasText: "KeyboardInterrupt" }).waitFor();
});

test("a cell that lasts is a progress, and cancelling it interrupts the cell", async () => {
  await workbench.run("import time\ntime.sleep(600)\n");
  await page.locator(".statusbar-item").filter({ hasText: "Running [" }).first().click();
  await page.locator(".notifications-center").getByRole("button", { name: "Cancel" }).first().click();
  await workbench.status("idle").waitFor();
  await page.keyboard.press("Escape");
});

test("an error is a problem on the failing line of the file", async () => {
  await workbench.run("x = 1\nx / 0");
  await last(workbench.panel.locator(".traceback")).filter({ hasText: "ZeroDivisionError" }).waitFor();
  await page.locator("[id='status.problems']").filter({ hasText: "3" }).waitFor(); // with the two interrupts
  await page.keyboard.press("Shift+F8"); // from the end back to the last problem
  await page.locator(".marker-widget").filter({ hasText: "ZeroDivisionError" }).first().waitFor();
  await page.keyboard.press("Escape");
});

test("input() and getpass() ask in the editor", async () => {
  await workbench.run('name = input("who? ")\nname * 2');
  const box = page.locator(".quick-input-widget");
  await box.filter({ hasText: "who?" }).waitFor();
  await page.keyboard.type("ab");
  await page.keyboard.press("Enter");
  await workbench.value("⟶ 'abab'").waitFor();
  await workbench.run('from getpass import getpass\nsecret = getpass("key: ")\nlen(secret)');
  await box.filter({ hasText: "key:" }).locator("input[type=password]").waitFor();
  await page.keyboard.type("hunter");
  await page.keyboard.press("Enter");
  await workbench.value("⟶ 6").waitFor();
});

test("the panel shows colours and bars as a terminal does", async () => {
  await workbench.run('import sys\nprint("\\x1b[31mred\\x1b[0m", end="")\nprint("\\r\\x1b[32mRED")\nprint("oh", file=sys.stderr)\n');
  const cell = last(workbench.panel.locator(".cell"));
  await cell.locator("pre.stderr").filter({ hasText: "oh" }).waitFor();
  const printed = cell.locator("pre.stdout");
  assert.equal((await printed.innerText()).trim(), "RED");
  const style = await printed.locator("span span").first().getAttribute("style");
  assert.match(style, /ansiGreen/);
});

test("HTML stands in a frame where no script runs and nothing is loaded", async () => {
  const html =
    "<table id=t><tr><td>cell</table><script>document.title='ran'</script><img src=http://127.0.0.1:9/x>";
  await workbench.run(`class Page:\n_repr_html_ = lambda self: """${html}"""\n\nPage()`.replace("\n_repr", "\n    _repr"));
  const frame = last(workbench.panel.locator("iframe"));
  const inside = last(workbench.panel.locator(".cell")).frameLocator("iframe");
  await inside.locator("#t").waitFor();
  assert.equal(await frame.getAttribute("sandbox"), "allow-same-origin");
  assert.equal(await frame.evaluate((element) => element.contentDocument.title), "");
  assert.equal(await inside.locator("img").evaluate((image) => image.naturalWidth), 0);
});

test("a display is updated in its place, and cleared output goes", async () => {
  await workbench.run(
    'from vivo.core import clear_output, display\nh = display("first", display_id=True)\nh.update("second")\nprint("gone")\nclear_output()\nh = display("third", display_id=True)\n',
  );
  const cell = last(workbench.panel.locator(".cell"));
  await cell.filter({ hasText: "third" }).waitFor();
  assert.doesNotMatch(await last(cell.locator(".output")).innerText(), /first|second|gone/);
  await workbench.run('h.update("fourth")');
  await workbench.panel.locator(".output").filter({ hasText: "fourth" }).first().waitFor();
  assert.equal(await workbench.panel.locator(".output").filter({ hasText: "third" }).count(), 0);
});

test("the selection, the cells above, and the file run", async () => {
  await workbench.append("\n\n# %%\n40 + 2");
  await page.keyboard.press("Shift+Home");
  await page.keyboard.press("Shift+Enter");
  await workbench.value("⟶ 42").waitFor();
  await workbench.goTo(lineOf("j0(1.0)"));
  const ran = (count) => workbench.panel.locator(".cell:not(.running) pre.code").filter({ hasText: "from math import pi" }).nth(count);
  await workbench.command("vivo: Run Cells Above");
  await ran(1).waitFor();
  assert.equal(await workbench.toast("vivo").count(), 0);
});

test("values that are cleared go, and come back with a run", async () => {
  await workbench.command("vivo: Clear Values");
  await workbench.value("⟶").waitFor({ state: "detached" });
  await workbench.goTo(lineOf("j0(1.0)"));
  await page.keyboard.press("Control+Enter");
  await workbench.value("⟶ np.float64(0.765197").waitFor();
});

test("a new window finds the session, its values, its variables and its plot", async () => {
  await workbench.command("File: Save");
  const session = JSON.parse(workbench.vivo("sessions", "--json"))[0].session_id;
  await workbench.closePage();
  page = await workbench.open("bessel.py");
  await workbench.goTo(lineOf("j0(1.0)"));
  await workbench.value("⟶ np.float64(0.765197").waitFor({ timeout: 60000 });
  await workbench.panel.locator("img").first().waitFor();
  await workbench.run("noise.sum() > 0, name");
  await workbench.value("'ab')").waitFor();
  assert.equal(JSON.parse(workbench.vivo("sessions", "--json"))[0].session_id, session);
});

test("a server that is started anew shows each cell once", async () => {
  // Those in sight alone are drawn; each says of how many it is.
  const cells = Number(await last(workbench.panel.locator("[aria-setsize]")).getAttribute("aria-setsize"));
  await workbench.command("vivo: Restart Language Server");
  await workbench.run('"after the restart of the server"');
  await workbench.value("⟶ 'after").waitFor();
  await workbench.panel.locator(`[aria-posinset="${cells + 1}"][aria-setsize="${cells + 1}"]`).filter({ hasText: "after the restart of the server" }).waitFor();
});

test("restart gives a fresh engine in the same session", async () => {
  await workbench.command("vivo: Restart Session");
  await workbench.run('"noise" in globals()');
  await workbench.value("⟶ False").waitFor();
});

test("the file runs as a program, and its results are in the session", async () => {
  fs.writeFileSync(path.join(workbench.workspace, "program.py"), 'answer = 42\nprint("program", __name__)\n');
  await workbench.closePage();
  page = await workbench.open("program.py", { hasServer: false });
  await workbench.status("vivo 3.").waitFor();
  await workbench.focus();
  await workbench.command("vivo: Run File");
  await workbench.status("idle").waitFor();
  await workbench.command("vivo: Show Output");
  await workbench.panel.locator("pre.stdout").filter({ hasText: "program __main__" }).first().waitFor();
  await workbench.run("answer");
  await workbench.value("⟶ 42").waitFor();
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
