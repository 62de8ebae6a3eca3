// What the output panel keeps of what cells showed.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { OutputLog } from "../../../editors/vscode/src/outputs/outputLog.ts";

let sequence;
beforeEach(() => {
  sequence = 0;
});

const started = (id) => ({ type: "started", data: { executionId: id, sessionId: "s", code: id } });
const finished = (id) => ({ type: "finished", data: { executionId: id, sessionId: "s", status: "ok" } });
const output = (id, fields) => ({
  type: "output",
  data: { executionId: id, sessionId: "s", sequence: ++sequence, ...fields },
});
const print = (id, text, name = "stdout") => output(id, { kind: "stream", name, text });
const display = (id, text, displayId) => output(id, { kind: "display", data: { "text/plain": text }, displayId });
const kept = (log) =>
  log.entries().map(({ type, data }) => (type === "output" ? (data.text ?? data.data?.["text/plain"] ?? data.kind) : `${type} ${data.executionId}`));
const filled = (entries, bounds) => {
  const log = new OutputLog(bounds);
  for (const entry of entries) log.add(entry);
  return log;
};

test("a panel that opens late shows each cell from its start to its end", () => {
  const log = filled([started("a"), print("a", "1"), started("b"), print("b", "2"), print("a", "3"), finished("a")]);
  assert.deepEqual(kept(log), ["started a", "13", "finished a", "started b", "2"]);
});

test("printed text is joined, stdout and stderr apart, in their order", () => {
  const log = filled([print("a", "1"), print("a", "2"), print("a", "!", "stderr"), print("a", "3")]);
  assert.deepEqual(kept(log), ["12", "!", "3"]);
});

test("what a server replays is taken once", () => {
  const events = [started("a"), print("a", "1"), display("a", "2")];
  const log = filled(events);
  assert.deepEqual(events.map((event) => log.add(event).isNew), [false, false, false]);
  assert.deepEqual(kept(log), ["started a", "1", "2"]);
});

test("an updated display shows its last version, in whichever cell it stands", () => {
  const update = output("b", { kind: "update", data: { "text/plain": "new" }, displayId: "d" });
  const log = filled([display("a", "old", "d"), display("a", "other", "e"), { ...update, data: { ...update.data, sequence: 9 } }]);
  assert.deepEqual(kept(log), ["new", "other"]);
});

test("cleared output is gone, at once or when more comes", () => {
  assert.deepEqual(kept(filled([print("a", "1"), output("a", { kind: "clear", wait: false }), print("a", "2")])), ["2"]);
  const waiting = filled([print("a", "1"), output("a", { kind: "clear", wait: true })]);
  assert.deepEqual(kept(waiting), ["1", "clear"]);
  waiting.add(print("a", "2"));
  assert.deepEqual(kept(waiting), ["2"]);
});

test("the oldest cells go first, never the one that shows", () => {
  const log = new OutputLog({ cells: 2, outputsOfACell: 10, characters: 10 });
  assert.deepEqual(["a", "b", "c"].map((id) => log.add(started(id)).dropped), [[], [], ["a"]]);
  assert.deepEqual(log.add(print("c", "x".repeat(50))).dropped, ["b"]);
  assert.deepEqual(kept(log), ["started c", "x".repeat(50)]);
});

test("of a cell that shows too much, the last outputs are kept", () => {
  const bounds = { cells: 9, outputsOfACell: 2, characters: 1000 };
  const log = filled([display("a", "1"), display("a", "2"), display("a", "3")], bounds);
  assert.deepEqual(kept(log), ["2", "3"]);
});

test("cleared by the user, it stays empty when the server replays", () => {
  const events = [started("a"), print("a", "1")];
  const log = filled(events);
  log.clear();
  for (const event of events) log.add(event);
  log.add(print("a", "2"));
  assert.deepEqual(kept(log), ["2"]);
});
