// Which rows are in sight, on a bar that cannot be as high as the table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inSight, lastTop, scrolledTo, spaceOf, topOf } from "../../../editors/vscode/src/table/page/window.ts";

for (const rows of [0, 1, 5, 40, 1000, 10_000_000]) {
  test(`${rows} rows are reached from the first to the last`, () => {
    const extent = { rows, height: 600 };
    assert.ok(spaceOf(extent) <= 8_000_000);
    assert.equal(topOf(extent, 0), 0);
    const room = Math.max(0, spaceOf(extent) - extent.height);
    assert.equal(topOf(extent, room), lastTop(extent));
    assert.ok(lastTop(extent) + inSight(extent) >= rows);
    for (const share of [0.1, 0.5, 0.77, 0.999]) {
      const top = Math.floor(lastTop(extent) * share);
      const back = topOf(extent, scrolledTo(extent, top));
      assert.ok(Math.abs(back - top) <= 1, `${top} became ${back}`);
    }
  });
}
