// The output panel and the plots, in a real workbench with the real server. The tests go on from each other.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Workbench } from "./workbench.mjs";

const SHOWN = `# %% helpers
import os, struct, zlib
class Shown:
    def __init__(self, data):
        self.data = data
    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.data
def png(width, height):
    rows = b"".join(b"\\0" + os.urandom(3 * width) for _ in range(height))
    part = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
class Figure:
    def __init__(self, width):
        self.width = width
    def _repr_png_(self):
        return png(self.width, 200)

# %% markdown
Shown({"text/markdown": "# Title\\n\\nan **equation** $e^{i\\\\pi}$\\n\\n| a | b |\\n|-|-|\\n| 1 | 2 |", "text/plain": "md"})

# %% latex
Shown({"text/latex": r"$\\frac{a}{b}$", "text/plain": "a/b"})

# %% json
Shown({"application/json": {"name": {"inner": [1, 2, None]}}, "text/plain": "json"})

# %% hostile
bad = "<img src=http://192.0.2.1/a.png onerror=\\"document.title='ran'\\"><script>document.title='ran'</script>"
for data in (
    {"text/markdown": bad + "\\n\\n[go](javascript:alert(1)) ![x](http://192.0.2.1/b.png)"},
    {"text/html": bad + "<a href='javascript:alert(1)'>go</a>"},
    {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='document.title=1'><script>document.title=1</script><image href='http://192.0.2.1/c.png'/></svg>"},
    {"application/json": {bad: bad}},
    {"text/latex": r"\\href{javascript:alert(1)}{x} \\includegraphics{http://192.0.2.1/d.png}"},
):
    __import__("vivo.core").core.display(Shown(data))
print("the end of it")

# %% figure
Figure(401)

# %% second figure
Figure(402)

# %% error
def fails():
    return 1 / 0
fails()
`;
const lineOf = (text) => SHOWN.split("\n").findIndex((line) => line.includes(text)) + 1;

let workbench, page, panel;

const runAt = async (mark) => {
  await workbench.goTo(lineOf(`# %% ${mark}`) + 1);
  await page.keyboard.press("Control+Enter");
};
const cursor = (line) => workbench.status(`Ln ${line},`);
const shot = (name) => workbench.inEachTheme(name);

before(async () => {
  workbench = await Workbench.start({ "shown.py": SHOWN }, { settings: { "vivo.output.reveal": "always" } });
  page = await workbench.open("shown.py");
  panel = workbench.panel;
  await runAt("helpers");
  await workbench.status("idle").waitFor({ timeout: 60000 });
});

after(async () => assert.deepEqual(await workbench.stop(), [], "processes outlived the test"));

afterEach(async (context) => workbench.picture(context));

test("Markdown, LaTeX and JSON are drawn as what they are", async () => {
  await runAt("markdown");
  await panel.locator(".markdown h1").filter({ hasText: "Title" }).waitFor({ timeout: 60000 });
  await panel.locator(".markdown math").waitFor({ state: "attached" });
  await panel.locator(".markdown td").first().waitFor();
  await runAt("latex");
  await panel.locator(".latex mfrac").waitFor({ state: "attached" });
  await runAt("json");
  await panel.locator(".json summary").filter({ hasText: "name" }).click();
  await panel.locator(".json summary").filter({ hasText: "inner" }).waitFor();
});

test("a picture comes by reference, and is zoomed", async () => {
  await runAt("figure");
  const image = panel.locator(".picture img").last();
  await image.waitFor({ timeout: 60000 });
  await panel.locator("body").evaluate(() => document.querySelector(".picture img").decode());
  assert.equal(await image.evaluate(({ naturalWidth }) => naturalWidth), 401);
  const before = await image.evaluate(({ clientWidth }) => clientWidth);
  await panel.getByRole("button", { name: "Zoom in" }).last().click();
  assert.ok((await image.evaluate(({ clientWidth }) => clientWidth)) > before, "it has grown");
});

test("an error names its frames, and each opens its place", async () => {
  await runAt("error");
  const frame = panel.locator(".frames button").filter({ hasText: `shown.py:${lineOf("return 1 / 0")}` });
  await frame.click({ timeout: 60000 });
  await cursor(lineOf("return 1 / 0")).waitFor();
  await shot("outputs");
});

test("an output leads to its cell, and the cell to its output", async () => {
  const cell = panel.locator(".cell").filter({ has: panel.locator(".markdown") });
  await cell.locator("button.label").first().click();
  await cursor(lineOf("# %% markdown")).or(cursor(lineOf("# %% markdown") + 1)).waitFor();
  await workbench.goTo(lineOf("# %% latex") + 1);
  await workbench.command("vivo: Show Output of Cell");
  await panel.locator(".cell:focus .latex, .cell.shown .latex").first().waitFor();
});

test("nothing of hostile outputs runs or is fetched", async () => {
  await runAt("hostile");
  await panel.locator("pre.stdout").filter({ hasText: "the end of it" }).waitFor({ timeout: 60000 });
  await panel.locator(".markdown a, .markdown img").first().waitFor({ state: "attached" });
  const found = await panel.locator("body").evaluate(() => ({
    title: document.title,
    scripts: [...document.querySelectorAll("#cells script")].length,
    handlers: [...document.querySelectorAll("#cells *")].filter((node) => [...node.attributes].some(({ name }) => name.startsWith("on"))).length,
    links: [...document.querySelectorAll("#cells a")].filter(({ href }) => href.startsWith("javascript:")).length,
    sandboxes: [...document.querySelectorAll("#cells iframe")].map((frame) => frame.getAttribute("sandbox")),
    inside: [...document.querySelectorAll("#cells iframe")].map((frame) => frame.contentDocument.title),
  }));
  assert.deepEqual(found, { title: "vivo output", scripts: 0, handlers: 0, links: 0, sandboxes: ["allow-same-origin"], inside: [""] });
  assert.deepEqual(workbench.refused, []);
});

test("the plots are thumbnails, the newest is large; keys go through them", async () => {
  await runAt("second figure");
  await panel.locator(".picture img").nth(1).waitFor({ state: "attached", timeout: 60000 });
  await workbench.command("vivo: Show Plots");
  const plots = workbench.viewPage;
  const width = (wanted) =>
    plots.locator("body").evaluate(
      (_, expected) =>
        new Promise((resolve) => {
          const look = () =>
            document.querySelector(".view img")?.naturalWidth === expected ? resolve(true) : requestAnimationFrame(look);
          look();
        }),
      wanted,
    );
  await plots.locator(".thumbnail.selected img").waitFor({ timeout: 60000 });
  await width(402);
  await shot("plots");
  const count = await plots.locator(".thumbnail").count();
  await plots.locator("#thumbnails").press("Home");
  await plots.locator(".thumbnail").first().and(plots.locator(".selected")).waitFor();
  await width(401);
  await plots.getByRole("button", { name: "Next figure" }).click();
  await plots.locator(".thumbnail").nth(1).and(plots.locator(".selected")).waitFor();
  await plots.locator("#thumbnails").press("Delete");
  await plots.locator(".thumbnail").nth(count - 1).waitFor({ state: "detached" });
});

test("a window that is reloaded has its panel again, with all the session showed", async () => {
  await workbench.command("File: Save");
  await workbench.closePage();
  page = await workbench.open("shown.py");
  panel = workbench.panel;
  await panel.locator(".markdown h1").filter({ hasText: "Title" }).waitFor({ state: "attached", timeout: 60000 });
  await panel.locator(".traceback").filter({ hasText: "ZeroDivisionError" }).first().waitFor({ state: "attached", timeout: 60000 });
});

test("what is pinned stays when the panel is cleared", async () => {
  const output = panel.locator(".output").filter({ has: panel.locator(".latex mfrac") });
  await output.locator("button.pin").evaluate((pin) => pin.click());
  await output.and(panel.locator(".pinned")).waitFor({ state: "attached" });
  await workbench.command("vivo: Clear Output");
  await panel.locator(".markdown").first().waitFor({ state: "detached" });
  assert.equal(await panel.locator(".output").count(), 1);
  await output.locator("mfrac").waitFor({ state: "attached" });
});

test("it is pinned again when the window has been reloaded", async () => {
  await workbench.closePage();
  page = await workbench.open("shown.py");
  panel = workbench.panel;
  const pinned = panel.locator(".output.pinned");
  await pinned.locator(".latex mfrac").waitFor({ state: "attached", timeout: 60000 });
  assert.equal(await pinned.count(), 1);
});

test("the output of a cell is found also where its text was edited", async () => {
  await workbench.goTo(lineOf("# %% json") + 1);
  await page.keyboard.press("End");
  await page.keyboard.type("  # edited");
  await workbench.command("vivo: Show Output of Cell");
  await panel.locator(".cell:focus .json, .cell:focus details").first().waitFor({ state: "attached" });
});

test("nothing is asked of any other host", () => assert.deepEqual(workbench.refused, []));
