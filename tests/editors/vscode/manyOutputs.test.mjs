// A hundred thousand outputs in the panel of a real workbench: any of them is reached, few are elements.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Workbench } from "./workbench.mjs";

const MANY = 100_000;
const MOST_ELEMENTS = 2_500;
const CELLS = `# %%
class Entry:
    def __init__(self, number):
        self.number = number
    def __repr__(self):
        return f"entry {self.number:,}"
for number in range(${MANY - 1}):
    display(Entry(number))
"that was all"
`;
let workbench, page, panel;

before(async () => {
  workbench = await Workbench.start({ "cells.py": CELLS }, { settings: { "vivo.output.reveal": "always" } });
  page = await workbench.open("cells.py");
  panel = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
});

after(async () => {
  const left = await workbench.stop();
  assert.deepEqual(left, [], "processes outlived the test");
});

afterEach(async (context) => workbench.picture(context));

const inSight = async (text) => {
  const found = panel.getByText(text, { exact: true }).first();
  await found.waitFor({ timeout: 60000 });
  await found.evaluate(
    (element) =>
      new Promise((resolve) => {
        new IntersectionObserver((entries, observer) => {
          if (entries.some(({ isIntersecting }) => isIntersecting)) {
            observer.disconnect();
            resolve();
          }
        }).observe(element);
      }),
  );
};
const elements = () => panel.locator("body").evaluate((body) => body.querySelectorAll("*").length);
const scrollTo = (share) =>
  panel.locator("body").evaluate((body, share) => window.scrollTo(0, share * (body.scrollHeight - window.innerHeight)), share);

test("a cell shows a hundred thousand outputs, and the panel follows to the last", { timeout: 240000 }, async () => {
  await workbench.goTo(3);
  await page.keyboard.press("Control+Enter");
  await panel.getByText("that was all").waitFor({ timeout: 200000 });
  await inSight(`entry ${(MANY - 2).toLocaleString("en")}`);
  const count = await elements();
  assert.ok(count < MOST_ELEMENTS, `${count} elements`);
});

test("the first one is scrolled to", async () => {
  await scrollTo(0);
  await inSight("entry 0");
  assert.ok((await elements()) < MOST_ELEMENTS);
});

test("so is the middle, and every entry between has its place", async () => {
  await scrollTo(0.5);
  const shown = await panel.locator("body").evaluate(
    (body) =>
      new Promise((resolve) => {
        const look = () => {
          const middle = document.elementFromPoint(window.innerWidth / 2, window.innerHeight / 2);
          const text = /entry ([\d,]+)/.exec(middle?.textContent ?? "")?.[1];
          text ? resolve(Number(text.replaceAll(",", ""))) : requestAnimationFrame(look);
        };
        look();
      }),
  );
  assert.ok(shown > MANY * 0.4 && shown < MANY * 0.6, `entry ${shown} stands in the middle`);
  assert.ok((await elements()) < MOST_ELEMENTS);
});

test("and the end again", async () => {
  await scrollTo(1);
  await inSight(`entry ${(MANY - 2).toLocaleString("en")}`);
});
