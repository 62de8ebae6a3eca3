// Text of cells as a terminal would show it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TerminalText } from "../../../editors/vscode/src/outputs/page/terminalText.ts";

const shown = (...pieces) => {
  const text = new TerminalText();
  for (const piece of pieces) text.write(piece);
  return text.rows.map((row) => row.map((run) => run.text).join(""));
};
const styles = (text) => {
  const terminal = new TerminalText();
  terminal.write(text);
  return terminal.rows[0].map(({ text: piece, style }) => [piece, style]);
};

test("lines are rows, and the last one is open", () => {
  assert.deepEqual(shown("a\nb"), ["a", "b"]);
  assert.deepEqual(shown("a\n", "b", "c\n"), ["a", "bc", ""]);
});

test("a progress bar is drawn over itself", () => {
  assert.deepEqual(shown(" 10%\r", " 50%\r", "100%\n"), ["100%", ""]);
  assert.deepEqual(shown("longer\rab"), ["abnger"]);
  assert.deepEqual(shown("longer\r\x1b[Kab"), ["ab"]);
  assert.deepEqual(shown("abc\b\bX"), ["aXc"]);
  assert.deepEqual(shown("abc\x1b[2K\rX"), ["X"]);
});

test("bars below each other move up and down", () => {
  assert.deepEqual(shown("one\ntwo\x1b[A\rONE\n\rTWO"), ["ONE", "TWO"]);
});

test("colours come from the theme, from 256, or from any", () => {
  assert.deepEqual(styles("\x1b[31mred\x1b[0m no"), [["red", { colour: 1 }], [" no", {}]]);
  assert.deepEqual(styles("\x1b[1;92mok"), [["ok", { isBold: true, colour: 10 }]]);
  assert.deepEqual(styles("\x1b[38;5;9;4mx"), [["x", { colour: 9, isUnderlined: true }]]);
  assert.deepEqual(styles("\x1b[38;5;196mx"), [["x", { colour: "rgb(255, 0, 0)" }]]);
  assert.deepEqual(styles("\x1b[38;5;232mx"), [["x", { colour: "rgb(8, 8, 8)" }]]);
  assert.deepEqual(styles("\x1b[48;2;1;2;3;1mx"), [["x", { background: "rgb(1, 2, 3)", isBold: true }]]);
  assert.deepEqual(styles("\x1b[31;44;7m\x1b[39;27mx"), [["x", { colour: undefined, background: 4, isInverse: false }]]);
});

test("text cut anywhere is the same text", () => {
  const text = "a\x1b[38;5;196mred\x1b[0m\r\x1b[Kb\nlink \x1b]8;;http://x\x07here\x1b]8;;\x07\x1b(Bend";
  const whole = new TerminalText();
  whole.write(text);
  const pieces = new TerminalText();
  for (const letter of text) pieces.write(letter);
  assert.deepEqual(pieces.rows.map((row) => row.map((run) => run.text).join("")), ["b", "link hereend"]);
  assert.deepEqual(pieces.rows, whole.rows);
});

test("it says which rows changed", () => {
  const text = new TerminalText();
  assert.equal(text.write("a\nb"), 0);
  assert.equal(text.write("c\nd"), 1);
  assert.equal(text.write("\x1b[2AX"), 0);
});

test("a flood keeps its last thousands of rows", () => {
  const text = new TerminalText();
  for (let piece = 0; piece < 30; piece++) text.write("x\n".repeat(1000));
  text.write("end");
  assert.ok(text.rows.length >= 5000 && text.rows.length <= 6000, `${text.rows.length} rows`);
  assert.equal(text.rows.at(-1)[0].text, "end");
});
