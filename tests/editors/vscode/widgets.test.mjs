// Jupyter widgets in the output panel, in a real workbench with ipywidgets. The tests go on from each other.
import assert from "node:assert/strict";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ROOT, Workbench } from "./workbench.mjs";

const CELLS = `# %% slider
import ipywidgets as widgets
from IPython.display import display
slider = widgets.IntSlider(value=3, max=10, description="speed")
slider

# %% value
print("it is", slider.value)

# %% set
slider.value = 6

# %% second view
widgets.HBox([slider, widgets.Label("the same")])

# %% interact
@widgets.interact(x=(0, 10))
def double(x=4):
    print("twice is", 2 * x)

# %% plot
import matplotlib.pyplot as plt
@widgets.interact(n=(1, 3))
def plot(n=2):
    plt.figure(figsize=(2, n))
    plt.plot([0, n])
    plt.show()

# %% many
import base64
picture = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
widgets.VBox([widgets.Image(value=picture, width=20), widgets.Label("energy $E=mc^2$"), widgets.Dropdown(options=["one", "two"]),
              widgets.Tab([widgets.Checkbox(description="on"), widgets.Text(value="words")], titles=["first", "second"])])

# %% button
button = widgets.Button(description="Press", icon="check")
button.on_click(lambda _: print("pressed"))
button

# %% bars
from tqdm.notebook import tqdm
for _ in tqdm(range(20), desc="rows"):
    pass

# %% running
bar = widgets.IntProgress(value=2, max=5, description="going")
display(bar)
input("go on?")
print("5 in the cell:", slider.value)

# %% slow
import time
time.sleep(3)
slider.value = 8

# %% hostile
widgets.HTML("<b>bold</b><img src=http://192.0.2.1/a.png onerror='document.title=1'><form action=http://192.0.2.1/><input></form><script>document.title=1</script><style>body{display:none}</style>")

# %% unknown
class Foreign(widgets.DOMWidget):
    from traitlets import Unicode
    _model_name = Unicode("ForeignModel").tag(sync=True)
    _model_module = Unicode("some-package").tag(sync=True)
    _view_name = Unicode("ForeignView").tag(sync=True)
    _view_module = Unicode("some-package").tag(sync=True)
Foreign()
`;
const lineOf = (text) => CELLS.split("\n").findIndex((line) => line.includes(text)) + 1;

let workbench, page, panel;

const runAt = async (mark) => {
  await workbench.goTo(lineOf(`# %% ${mark}`) + 1);
  await page.keyboard.press("Control+Enter");
};
// What is far out of sight is not drawn: the panel follows its end from here on.
const toEnd = () => panel.locator("body").evaluate(() => window.scrollTo(0, document.body.scrollHeight));
const printed = async (text) => {
  await toEnd();
  await panel.locator("pre.stdout").filter({ hasText: text }).last().waitFor({ state: "attached", timeout: 60000 });
};
const handle = (index = 0) => panel.locator(".noUi-handle").nth(index);
const isAt = (index, value) => panel.locator(`.noUi-handle[aria-valuenow="${value}.0"]`).nth(index).waitFor({ state: "attached", timeout: 60000 });
const shot = (name) => workbench.inEachTheme(name);

before(async () => {
  const settings = { "vivo.python": path.join(ROOT, ".venv-widgets/bin/python"), "vivo.output.reveal": "always" };
  workbench = await Workbench.start({ "widgets.py": CELLS }, { settings });
  page = await workbench.open("widgets.py");
  panel = workbench.panel;
});

after(async () => assert.deepEqual(await workbench.stop(), [], "processes outlived the test"));

afterEach(async (context) => workbench.picture(context));

test("a slider that is moved by keys has its value in the session", async () => {
  await runAt("slider");
  await handle().waitFor({ timeout: 60000 });
  await handle().press("ArrowRight");
  await handle().press("ArrowRight");
  await isAt(0, 5);
  await runAt("value");
  await printed("it is 5");
});

test("the mouse moves it too; what Python sets is seen in every view", async () => {
  const box = await handle().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 400, box.y + box.height / 2, { steps: 8 });
  await page.mouse.up();
  await isAt(0, 10);
  await runAt("value");
  await printed("it is 10");
  await runAt("second view");
  await isAt(1, 10);
  await runAt("set");
  await isAt(0, 6);
  await isAt(1, 6);
  await handle(1).press("ArrowLeft");
  await isAt(0, 5);
});

test("interact calls again as its slider moves, and shows the last call alone", async () => {
  await runAt("interact");
  const captured = panel.locator(".widget-captured");
  await captured.filter({ hasText: "twice is 8" }).waitFor({ timeout: 60000 });
  await handle(2).press("ArrowRight");
  await captured.filter({ hasText: "twice is 10" }).waitFor({ timeout: 60000 });
  assert.equal((await captured.innerText()).trim(), "twice is 10");
});

test("a figure that interact draws is that of the last call", async () => {
  await runAt("plot");
  const figure = panel.locator(".widget-captured img");
  const height = async () => {
    await figure.waitFor({ timeout: 60000 });
    return figure.evaluate((image) => image.decode().then(() => image.naturalHeight));
  };
  const before = await height();
  await handle(3).press("ArrowRight");
  for (const end = Date.now() + 60000; (await height()) <= before; ) assert.ok(Date.now() < end, "it has not grown");
  assert.equal(await figure.count(), 1);
});

test("pictures, mathematics, tabs and choices", async () => {
  await runAt("many");
  await panel.locator(".widget-label math").waitFor({ state: "attached", timeout: 60000 });
  const image = panel.locator(".widget-image").first();
  assert.equal(await image.evaluate((shown) => shown.decode().then(() => shown.naturalWidth)), 1);
  await panel.getByRole("tab", { name: "second" }).click();
  assert.equal(await panel.locator(".widget-text input").inputValue(), "words");
  assert.equal(await panel.locator(".widget-dropdown select").inputValue(), "one");
});

test("a button's callback prints into its cell, and progress bars run", async () => {
  await runAt("button");
  await panel.getByRole("button", { name: "Press" }).click({ timeout: 60000 });
  await printed("pressed");
  await runAt("bars");
  await panel.locator(".widget").filter({ hasText: "20/20" }).waitFor({ timeout: 60000 });
  await panel.locator(".progress-bar-success").waitFor({ state: "attached" });
  await shot("widgets");
});

test("HTML of a widget is cleaned, and a package's own widgets are told of in a sentence", async () => {
  await runAt("hostile");
  await panel.locator(".widget-html b").filter({ hasText: "bold" }).waitFor({ timeout: 60000 });
  await runAt("unknown");
  await panel.locator(".widget-note").filter({ hasText: "needs code of some-package" }).waitFor({ timeout: 60000 });
  const found = await panel.locator("body").evaluate(() => ({
    title: document.title,
    acting: document.querySelectorAll(".widget form, .widget script, .widget style, .widget [onerror]").length,
  }));
  assert.deepEqual(found, { title: "vivo output", acting: 0 });
});

test("a window that is reloaded has its widgets as they were, and they go on", async () => {
  await workbench.command("File: Save");
  await workbench.closePage();
  page = await workbench.open("widgets.py");
  panel = workbench.panel;
  await isAt(0, 5);
  await panel.locator(".widget-captured").filter({ hasText: "twice is 10" }).waitFor({ state: "attached", timeout: 60000 });
  await handle(1).press("ArrowRight");
  await isAt(0, 6);
  await runAt("value");
  await printed("it is 6");
});

test("a window that is reloaded while a cell runs has its widgets; what they send waits for the cell", async () => {
  const going = '.widget .progress-bar[style*="width: 40%"]';
  await runAt("running");
  await panel.locator(going).waitFor({ state: "attached", timeout: 60000 });
  await workbench.closePage();
  page = await workbench.open("widgets.py");
  panel = workbench.panel;
  await panel.locator(going).waitFor({ state: "attached", timeout: 60000 });
  await page.locator(".quick-input-widget").filter({ hasText: "go on?" }).waitFor({ timeout: 60000 });
  await isAt(0, 6);
  await handle().press("ArrowLeft");
  await isAt(1, 5);
  await page.locator(".quick-input-widget input[type=text]").first().press("Enter");
  await printed("5 in the cell: 6");
  await runAt("value");
  await printed("it is 5");
});

test("a server that is killed comes back, and the widgets go on", async () => {
  await runAt("slow");
  await workbench.status("busy").waitFor();
  const servers = workbench.processes().filter(({ command }) => command.includes("vivo lsp"));
  assert.ok(servers.length, "there is a server");
  servers.forEach(({ pid }) => process.kill(pid, "SIGKILL"));
  await isAt(0, 8);
  await handle().press("ArrowRight");
  await isAt(1, 9);
  await runAt("value");
  await printed("it is 9");
});

test("a restart leaves the widgets grey, with a sentence", async () => {
  await workbench.command("vivo: Restart Session");
  await panel.locator(".widget-gone .widget-note").filter({ hasText: "run its cell again" }).first().waitFor({ state: "attached", timeout: 60000 });
  assert.equal(await panel.locator(".widget-gone .widget-slider").first().evaluate((view) => view.inert || view.closest("[inert]") !== null), true);
  await toEnd();
  await runAt("slider");
  await workbench.counted(panel.locator(".widget:not(.widget-gone) .noUi-handle"), 1);
});

test("nothing is asked of any other host", () => assert.deepEqual(workbench.refused, []));
