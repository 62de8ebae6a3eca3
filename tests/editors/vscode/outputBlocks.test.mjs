// What the page of the output panel draws: blocks, the window of them in sight, batches, and fetched data.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK, Blocks, offsetsOf, windowOf } from "../../../editors/vscode/src/outputs/blocks.ts";
import { BlobStore } from "../../../editors/vscode/src/outputs/blobStore.ts";
import { OutputLog } from "../../../editors/vscode/src/outputs/outputLog.ts";
import { PageQueue } from "../../../editors/vscode/src/outputs/pageQueue.ts";

let sequence = 0;
const output = (id, fields) => ({ type: "output", data: { executionId: id, sessionId: "s", sequence: ++sequence, ...fields } });
const print = (id, text, more = {}) => output(id, { kind: "stream", name: "stdout", text, ...more });
const display = (id, text, displayId) => output(id, { kind: "display", data: { "text/plain": text }, displayId });
const shown = (blocks) => blocks.list.map(({ items }) => items.map(({ output: { text, data } }) => text ?? data["text/plain"]));
const filled = (...entries) => {
  const blocks = new Blocks();
  entries.forEach((entry) => blocks.add(entry));
  return blocks;
};

test("a cell that shows much is several blocks, each bounded", () => {
  const blocks = filled(...Array.from({ length: 2 * BLOCK + 1 }, (_, index) => display("a", `${index}`)), print("b", "b"));
  blocks.add(display("a", "late"));
  assert.deepEqual(blocks.list.map(({ cell, items }) => [cell.id, items.length]), [["a", BLOCK], ["a", BLOCK], ["a", 2], ["b", 1]]);
});

test("printed text is joined, but not that of two engines", () => {
  assert.deepEqual(shown(filled(print("a", "1"), print("a", "2"), print("a", "3", { engine: 1 }))), [["12", "3"]]);
});

test("a display is updated where it stands; what is cleared goes", () => {
  const blocks = filled(display("a", "old", "d"), output("b", { kind: "update", displayId: "d", data: { "text/plain": "new" } }));
  assert.deepEqual(shown(blocks), [["new"]]);
  blocks.add(output("a", { kind: "clear", wait: true }));
  assert.deepEqual(shown(blocks), [["new"]]);
  blocks.add(print("a", "next"));
  assert.deepEqual(shown(blocks), [["next"]]);
});

test("of 100,000 blocks the window holds those in sight and the margin", () => {
  const offsets = offsetsOf(Array.from({ length: 100_000 }, () => ({ height: 10, items: [] })));
  assert.deepEqual(windowOf(offsets, 500_000, 100, 50), [49_995, 50_016]);
  assert.deepEqual(windowOf(offsets, 0, 100, 50), [0, 16]);
  assert.deepEqual(windowOf(offsets, 2_000_000, 100, 50), [99_985, 100_000]);
  assert.deepEqual(windowOf(offsetsOf([]), 0, 100, 50), [0, 0]);
  const guessed = offsetsOf([{ height: 100, items: [1, 2] }, { height: 0, items: [3] }]);
  assert.deepEqual([...guessed], [0, 100, 150], "what was never drawn is taken to be as high as the rest");
});

test("of displays that are gone nothing is kept", () => {
  const blocks = filled(display("a", "1", "d"), display("b", "2", "d"), display("b", "3", "e"));
  blocks.drop(["b"]);
  assert.equal(blocks.open, 1);
  blocks.add(output("b", { kind: "update", data: { "text/plain": "9" }, displayId: "d" }));
  assert.deepEqual(shown(blocks), [["9"]]);
  blocks.add(output("a", { kind: "clear", wait: false }));
  assert.equal(blocks.open, 0);
});

test("a pinned output stays at clear, all others go", () => {
  const log = new OutputLog();
  const [first, second] = [display("a", "1"), display("a", "2")];
  [first, second, display("b", "3")].forEach((entry) => log.add(entry));
  assert.deepEqual(log.togglePin(`s:${second.data.sequence}`), [`s:${second.data.sequence}`]);
  log.clear();
  assert.deepEqual(log.entries().map(({ data }) => data.data["text/plain"]), ["2"]);
});

test("what was pinned before is pinned again, up to a bound", () => {
  const log = new OutputLog(undefined, ["s:1", "s:2"]);
  assert.deepEqual(log.togglePin("s:2"), ["s:1"]);
  assert.equal(new OutputLog(undefined, Array.from({ length: 2000 }, (_, at) => `s:${at}`)).pins().length, 1000);
});

test("the page gets batches, the next when it has drawn the last; a flood makes it start anew", async () => {
  const sent = [];
  const queue = new PageQueue((message) => sent.push(message), () => ({ type: "all", entries: [], pinned: [] }));
  const turn = () => new Promise((resolve) => setTimeout(resolve)); // its own timer is older, and comes first
  [print("a", "1"), print("a", "2"), display("a", "3")].forEach((entry) => queue.add(entry, []));
  await turn();
  assert.deepEqual(sent.map(({ entries }) => entries.length), [2]);
  for (let index = 0; index <= 20_000; index++) queue.add(display("a", "x"), []);
  await turn();
  assert.equal(sent.length, 1, "it waits for the page");
  queue.drawn();
  await turn();
  assert.equal(sent[1].type, "all");
});

test("data is fetched once, and kept within the bound", async () => {
  const asked = [];
  const store = new BlobStore(async ({ id }) => (asked.push(id), { id, data: "x".repeat(6), size: 6 }), 12);
  await Promise.all([store.get({ id: "a" }), store.get({ id: "a" })]);
  await store.get({ id: "b" });
  await store.get({ id: "a" });
  await store.get({ id: "c" });
  await store.get({ id: "a" });
  await store.get({ id: "b" });
  assert.deepEqual(asked, ["a", "b", "c", "b"]);
});

test("what could not be fetched may be asked for again", async () => {
  let times = 0;
  const store = new BlobStore(async () => {
    times += 1;
    throw new Error("gone");
  });
  await assert.rejects(store.get({ id: "a" }));
  await assert.rejects(store.get({ id: "a" }));
  assert.equal(times, 2);
});
