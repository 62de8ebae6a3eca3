// Jupyter widgets in the output panel, in a real workbench with ipywidgets. The tests go on from each other.
import assert from "node:assert/strict";
import fs from "node:fs";
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

# %% button
button = widgets.Button(description="Press", icon="check")
button.on_click(lambda _: print("pressed"))
button

# %% bars
from tqdm.notebook import tqdm
for _ in tqdm(range(20), desc="rows"):
    pass

# %% hostile
widgets.HTML("<b>bold</b><img src=http://192.0.2.1/a.png onerror='document.title=1'><form action=http://192.0.2.1/><input></form><script>document.title=1</script>")

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
const printed = (text) => panel.locator("pre.stdout").filter({ hasText: text }).last().waitFor({ state: "attached", timeout: 60000 });
const handle = (index = 0) => panel.locator(".noUi-handle").nth(index);
const isAt = (index, value) => panel.locator(`.noUi-handle[aria-valuenow="${value}.0"]`).nth(index).waitFor({ state: "attached", timeout: 60000 });

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
