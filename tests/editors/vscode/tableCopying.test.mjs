// What is copied of a table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { between, blocksOf, countOf, tabSeparated } from "../../../editors/vscode/src/table/page/copying.ts";

const at = (row, column) => ({ row, column });

test("cells are marked from either end", () => {
  const marked = between(at(7, 1), at(3, 4));
  assert.deepEqual(marked, { first: at(3, 1), last: at(7, 4) });
  assert.deepEqual(between(at(3, 4), at(7, 1)), marked);
  assert.equal(countOf(marked), 20);
});

test("every block with a marked cell is asked for, and no other", () => {
  assert.deepEqual(blocksOf(between(at(99, 0), at(100, 0)), 100, 50), [at(0, 0), at(100, 0)]);
  assert.deepEqual(blocksOf(between(at(5, 49), at(5, 50)), 100, 50), [at(0, 0), at(0, 50)]);
  assert.deepEqual(blocksOf(between(at(9_999_999, 3), at(9_999_999, 3)), 100, 50), [at(9_999_900, 0)]);
});

test("rows are lines, and a cell stays one cell", () => {
  const text = tabSeparated(between(at(0, 0), at(1, 1)), (row, column) => (row ? "a\tb\r\nc" : `${column}`));
  assert.equal(text, "0\t1\na b c\ta b c");
});
