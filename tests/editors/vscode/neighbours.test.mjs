// Beside the extensions that most users of Python have. Theirs are stood in for by small ones with their
// names, their keys, lenses, completions and interface. The tests go on from each other.
import assert from "node:assert/strict";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOT, Workbench } from "./workbench.mjs";

const NEIGHBOURS = path.join(path.dirname(fileURLToPath(import.meta.url)), "neighbours");
const FIRST = "/usr/bin/python3";
const OTHER = path.join(ROOT, ".venv/bin/python");
const SOURCE = "# %%\nimport math\ntotal_weight = 6\ntotal_weight * 7\n\n# %%\ntotal_weight + 1\n";

let workbench, page;
const lenses = (title) => workbench.lens(new RegExp(`^${title}$`));

before(async () => {
  workbench = await Workbench.start(
    { "one.py": SOURCE },
    {
      settings: { "vivo.python": "", "python.standIn.interpreters": [FIRST, OTHER], "editor.quickSuggestions": { other: "off" } },
      isTrusting: false,
      neighbours: ["python", "pylance", "jupyter"].map((name) => path.join(NEIGHBOURS, name)),
    },
  );
  page = await workbench.open("one.py");
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

async function trust() {
  await workbench.command("Workspaces: Manage Workspace Trust");
  await page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).click();
  await page.getByText("You trust this folder").waitFor();
  await workbench.closeDialogue();
}

// The rows of the suggestions at the cursor that say a name.
async function suggested(name) {
  await page.keyboard.press("Control+Space");
  const rows = page.locator(".suggest-widget .monaco-list-row");
  await rows.filter({ hasText: name }).first().waitFor();
  const found = await rows.locator(".label-name").allInnerTexts();
  await page.keyboard.press("Escape");
  return found.filter((each) => each === name);
}

test("until the user has chosen, Jupyter's extension keeps its lenses, and vivo adds none", async () => {
  await lenses("Run Cell").nth(1).waitFor();
  await workbench.command("vivo: Choose Session…"); // answered by the server, which has its lenses then
  await workbench.rows("As the Settings Say").waitFor();
  await page.keyboard.press("Escape");
  await workbench.counted(lenses("Run Cell"), 2);
  assert.equal(await lenses("Run Above").count(), 0);
});

test("it keeps its keys too", async () => {
  await trust();
  await workbench.goTo(4);
  await page.keyboard.press("Shift+Enter");
  await workbench.status("jupyter's runcurrentcelladvance ran").waitFor();
  assert.deepEqual(workbench.sessions(), []);
});

test("asked once, the user lets vivo run the cells: each has one lens, and shift+enter is vivo's", async () => {
  await workbench.command("Notifications: Show Notifications"); // its toast may have gone by itself
  const question = page.locator(".notifications-center .notification-list-item").filter({ hasText: "Shall vivo run them" });
  await question.getByRole("button", { name: "Let vivo" }).click();
  await lenses("Run Above").first().waitFor();
  await workbench.counted(lenses("Run Cell"), 2);
  await workbench.goTo(4);
  await page.keyboard.press("Shift+Enter");
  await workbench.value("⟶ 42").waitFor({ timeout: 60000 });
  await page.keyboard.press("Control+Enter");
  await workbench.value("⟶ 7").waitFor();
});

test("the interpreter that was chosen in the Python extension runs the cells", async () => {
  const [session] = workbench.sessions();
  assert.equal(session.python, FIRST);
});

test("a selection runs by shift+enter here, not in Python's terminal", async () => {
  await workbench.goTo(7);
  await page.keyboard.press("Shift+End");
  await page.keyboard.press("Shift+Enter");
  await workbench.status("idle").waitFor();
  assert.equal(await workbench.status("python's terminal").count(), 0);
});

test("a name that Pylance and the session know is completed once", async () => {
  await workbench.append("\n# %%\ntotal_w");
  assert.deepEqual(await suggested("total_weight"), ["total_weight"]);
  await workbench.append("\nmath.sq");
  assert.deepEqual(await suggested("sqrt"), ["sqrt"]);
  await workbench.append("\nmath.is"); // what the session alone knows is there
  assert.deepEqual(await suggested("isclose"), ["isclose"]);
});

test("another interpreter that is chosen there is that of the next session", async () => {
  await workbench.command("Python: Choose the Other Interpreter");
  await workbench.command("vivo: Choose Session…");
  await workbench.rows("New Session for This File").click();
  await workbench.goTo(7);
  for (const end = Date.now() + 60000; ; ) {
    const found = workbench.sessions().map(({ python }) => python).sort();
    if (found.length === 2) {
      assert.deepEqual(found, [FIRST, OTHER].sort());
      break;
    }
    assert.ok(Date.now() < end, "no second session");
  }
});

test("nothing is asked of any other host", () => {
  assert.deepEqual(workbench.refused, []);
});
