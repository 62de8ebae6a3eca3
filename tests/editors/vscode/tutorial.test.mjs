// docs/tutorial.md in a real workbench, from an empty folder: its code is read from the page itself. With
// VIVO_PICTURES=1 the pictures of the page are taken anew. The tests go on from each other.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

const ENVIRONMENT = path.join(ROOT, ".venv-tutorial");
const PAGE = fs.readFileSync(path.join(ROOT, "docs/tutorial.md"), "utf8");
const STEPS = PAGE.split(/^## \d+\. .*$/m).slice(1);
const code = (step) => /^```python\n([^]*?)^```$/m.exec(STEPS[step - 1])[1].trimEnd();
const VIEW = {
  "vivo.python": "", // the folder's own is found
  "editor.fontSize": 12,
  "editor.lineNumbersMinChars": 3,
  "editor.cursorSurroundingLines": 3,
  "editor.stickyScroll.enabled": false,
  "editor.occurrencesHighlight": "off",
  "files.watcherExclude": { "**/.venv/**": true },
  "breadcrumbs.enabled": false,
};

let workbench, page, session;

before(async () => {
  execFileSync("bash", [path.join(ROOT, "tests/editors/tutorial-environment.sh")], { stdio: "inherit" });
  workbench = await Workbench.start({}, { settings: VIEW });
  fs.symlinkSync(ENVIRONMENT, path.join(workbench.workspace, ".venv"));
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

async function picture(step) {
  if (!process.env.VIVO_PICTURES) return;
  const whole = path.join(workbench.state, "picture.png");
  await page.mouse.move(366, 675); // off everything that shows more below the mouse
  await page.locator(".workbench-hover-container").waitFor({ state: "hidden" });
  await page.screenshot({ path: whole });
  const wanted = path.join(ROOT, `docs/images/tutorial/vscode-${step}.png`);
  execFileSync(path.join(ENVIRONMENT, "bin/python"), [path.join(ROOT, "tests/editors/small_picture.py"), whole, wanted]);
}

let written = "";
// Put the code of a step at the end of the file; the cursor is in its last line.
async function write(step) {
  const text = (written ? "\n\n" : "") + code(step);
  written += text;
  await workbench.focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText(text);
}
const run = () => page.keyboard.press("Control+Enter");
const place = (text) => {
  const line = written.split("\n").findIndex((each) => each.includes(text));
  return [line + 1, written.split("\n")[line].indexOf(text) + 1];
};
const row = (text) => page.locator(".pane-body .monaco-list-row").filter({ hasText: text }).first();
const tab = (name) => page.locator(".activitybar").getByRole("tab", { name }).first().click();

test("an empty folder gets a file", async () => {
  page = await workbench.openFolder();
  await page.setViewportSize({ width: 1100, height: 720 });
  await page.locator(".explorer-folders-view").hover();
  await page.getByRole("button", { name: "New File..." }).first().click();
  await page.locator(".explorer-folders-view input").fill("tutorial.py");
  await page.keyboard.press("Enter");
  await page.locator(".tab.active").filter({ hasText: "tutorial.py" }).waitFor();
  await page.mouse.move(366, 675);
});

test("1. the value of the first cell stands beside it, and the folder's own Python has run it", async () => {
  await write(1);
  await workbench.lens("Run Cell").first().waitFor({ timeout: 60000 });
  await run();
  await workbench.value("⟶ np.float64(25.0)").waitFor({ timeout: 60000 });
  await workbench.status("idle").waitFor();
  [session] = workbench.sessions();
  assert.equal(session.python, path.join(workbench.workspace, ".venv/bin/python"));
  await picture(1);
});

test("2. a hover shows the rows of the live frame", async () => {
  await workbench.goTo(...place("days"));
  await page.keyboard.press("Control+KeyK");
  await page.keyboard.press("Control+KeyI");
  const hover = page.locator(".monaco-hover").filter({ hasText: "DataFrame" }).first();
  await hover.locator("td").filter({ hasText: "Oslo" }).first().waitFor();
  await picture(2);
  await page.keyboard.press("Escape");
});

test("3. an error stands on its line with the values of its frame", async () => {
  await write(3);
  await run();
  await workbench.editor.locator(".squiggly-error").first().waitFor();
  await workbench.value("city = 'Paris'").waitFor();
  await picture(3);
});

test("4. its frames are looked at after it has happened, and the mistake is mended", async () => {
  await workbench.goTo(...place("return"));
  await page.keyboard.press("Control+Period");
  await page.locator(".action-widget .monaco-list-row").filter({ hasText: "Debug post-mortem here" }).first().click();
  await page.locator(".debug-variables .monaco-list-row").filter({ hasText: "'Paris'" }).first().waitFor();
  await workbench.command("Debug Console: Focus on Debug Console View");
  await page.locator(".repl-input-wrapper .monaco-editor.focused").waitFor();
  await page.keyboard.insertText(code(4));
  await page.keyboard.press("Enter");
  await page.locator(".repl-tree .monaco-list-row").filter({ hasText: "['Oslo', 'Rome']" }).first().waitFor();
  await picture(4);
  await page.keyboard.press("Shift+F5");
  await page.locator(".debug-toolbar").waitFor({ state: "hidden" });
  await workbench.goTo(...place("Paris"));
  await page.keyboard.press("Control+Shift+ArrowRight");
  await page.keyboard.insertText("Oslo");
  written = written.replace("Paris", "Oslo");
  await run();
  await workbench.value("⟶ (15.06").waitFor();
  await workbench.editor.locator(".squiggly-error").first().waitFor({ state: "detached" });
  await page.keyboard.press("Control+KeyJ"); // the debug console goes
});

test("5. the plot is in the panel beside the code", async () => {
  await tab("Explorer");
  await write(5);
  await run();
  const figure = workbench.panel.locator("img").first();
  await figure.waitFor({ timeout: 60000 });
  assert.ok((await figure.evaluate(({ naturalWidth }) => naturalWidth)) > 300);
  await picture(5);
});

test("6. the variables are listed, and the frame opens as a table", async () => {
  await tab("vivo");
  await row("pandas.DataFrame (6, 3)").filter({ hasText: "days" }).waitFor();
  await picture(6);
  await row("pandas.DataFrame (6, 3)").hover();
  await row("pandas.DataFrame (6, 3)").getByRole("button", { name: "View as Table" }).first().click();
  const table = page.frameLocator("iframe.webview.ready >> nth=-1").frameLocator("iframe#active-frame");
  await table.locator("td").filter({ hasText: "18.2" }).first().waitFor({ timeout: 30000 });
  const tableTab = page.locator(".tab").filter({ hasText: "days" }).first();
  await tableTab.click(); // the key closes what has the focus
  await page.keyboard.press("Control+KeyW");
  await tableTab.waitFor({ state: "detached" });
});

test("7. a cell is sent to a cluster, and each engine's value stands beside it", async () => {
  await write(7);
  await workbench.command("vivo: Send Cell to Cluster");
  await workbench.value(/3\.1.*3\.1/).waitFor({ timeout: 90000 });
  await picture(7);
});

test("8. the editor is closed, and everything is there when it comes back", async () => {
  await workbench.command("File: Save");
  await page.locator(".tab.active:not(.dirty)").filter({ hasText: "tutorial.py" }).waitFor();
  await workbench.closePage();
  assert.equal(workbench.sessions()[0].session_id, session.session_id);
  page = await workbench.open("tutorial.py");
  await page.setViewportSize({ width: 1100, height: 720 });
  await workbench.goTo(...place("degrees.max"));
  await workbench.value("⟶ np.float64(25.0)").waitFor({ timeout: 60000 });
  await write(8);
  await run();
  await workbench.value("⟶ (6, 3)").waitFor();
  await workbench.panel.locator("img").first().waitFor({ state: "attached" });
  assert.equal(workbench.sessions()[0].session_id, session.session_id);
  await page.keyboard.press("Escape"); // what is offered to complete
  await picture(8);
  await tab("vivo");
  await row("Engine 1").waitFor();
  await workbench.command("vivo: Stop Cluster");
  await row("Engine 1").waitFor({ state: "detached", timeout: 60000 });
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
