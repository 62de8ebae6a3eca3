// What the page draws, as a list of blocks: the unit that is drawn or left out as the reader scrolls.
//
// 1. A cell is one block, or several where it shows much: none holds more than BLOCK outputs.
// 2. It follows the same rules of joining, updating and clearing as the log; it knows no page.
import { BOUNDS, isContinued, keyOf, type Entry } from "./outputLog.ts";
import type { ExecutionFinished, ExecutionStarted, Output } from "../protocol";

export const BLOCK = 40;
export const GUESSED_HEIGHT = 20; // of an output that was never drawn, in pixels

export interface Item {
  readonly key: string;
  output: Output;
}

export interface Cell {
  readonly id: string;
  started?: ExecutionStarted;
  finished?: ExecutionFinished;
  isToClear: boolean;
  blocks: Block[];
}

export interface Block {
  readonly cell: Cell;
  readonly isFirst: boolean;
  items: Item[];
  /** In pixels; 0 if it was never drawn. */
  height: number;
}

export class Blocks {
  list: Block[] = [];
  private readonly cells = new Map<string, Cell>();
  private readonly displays = new Map<string, Item[]>();

  add(entry: Entry): void {
    switch (entry.type) {
      case "started":
        this.cell(entry.data.executionId).started = entry.data;
        return;
      case "finished":
        this.cell(entry.data.executionId).finished = entry.data;
        return;
      case "output":
        this.output(entry.data);
    }
  }

  drop(ids: string[]): void {
    const gone = new Set(ids);
    this.list = this.list.filter(({ cell }) => !gone.has(cell.id));
    for (const id of ids) {
      this.cells.get(id)?.blocks.forEach(({ items }) => this.forget(items));
      this.cells.delete(id);
    }
  }

  clear(): void {
    this.list = [];
    this.cells.clear();
    this.displays.clear();
  }

  /** Where the first block of an execution is; -1 where there is none. */
  indexOf(id: string): number {
    const first = this.cells.get(id)?.blocks[0];
    return first ? this.list.indexOf(first) : -1;
  }

  private cell(id: string): Cell {
    let cell = this.cells.get(id);
    if (!cell) {
      cell = { id, isToClear: false, blocks: [] };
      this.cells.set(id, cell);
      this.grow(cell);
    }
    return cell;
  }

  private grow(cell: Cell): Block {
    const before = cell.blocks.at(-1);
    const block = { cell, isFirst: !before, items: [], height: 0 };
    cell.blocks.push(block);
    if (!before || before === this.list.at(-1)) {
      this.list.push(block);
    } else {
      this.list.splice(this.list.indexOf(before) + 1, 0, block);
    }
    return block;
  }

  private output(output: Output): void {
    if (output.kind === "update") {
      for (const item of this.displays.get(output.displayId ?? "") ?? []) {
        item.output = { ...item.output, data: output.data ?? null, metadata: output.metadata ?? null };
      }
      return;
    }
    const cell = this.cell(output.executionId);
    if (output.kind === "clear" && output.wait) {
      cell.isToClear = true;
      return;
    }
    if (output.kind === "clear" || cell.isToClear) {
      this.empty(cell);
    }
    if (output.kind === "clear") {
      return;
    }
    const block = cell.blocks.at(-1) ?? this.grow(cell);
    const last = block.items.at(-1);
    if (last && isContinued(last.output, output)) {
      last.output = { ...last.output, text: (last.output.text ?? "") + (output.text ?? "") };
      return;
    }
    const item = { key: keyOf(output), output };
    (block.items.length < BLOCK ? block : this.grow(cell)).items.push(item);
    if (output.displayId) {
      this.displays.set(output.displayId, [...(this.displays.get(output.displayId) ?? []), item]);
    }
    this.shorten(cell);
  }

  private empty(cell: Cell): void {
    const surplus = new Set(cell.blocks.splice(1));
    if (surplus.size) {
      this.list = this.list.filter((block) => !surplus.has(block));
    }
    surplus.forEach(({ items }) => this.forget(items));
    for (const block of cell.blocks) {
      this.forget(block.items);
      block.items = [];
    }
    cell.isToClear = false;
  }

  // Displays that are gone are updated no more.
  private forget(items: Item[]): void {
    for (const item of items) {
      const { displayId } = item.output;
      const left = displayId ? this.displays.get(displayId)?.filter((shown) => shown !== item) : undefined;
      if (displayId && left?.length) {
        this.displays.set(displayId, left);
      } else if (displayId) {
        this.displays.delete(displayId);
      }
    }
  }

  /** How many displays may still be updated. */
  get open(): number {
    return this.displays.size;
  }

  private shorten(cell: Cell): void {
    const [first, second] = cell.blocks;
    if (first && second && cell.blocks.length * BLOCK > BOUNDS.outputsOfACell + BLOCK) {
      this.forget(first.items);
      first.items = second.items;
      cell.blocks.splice(1, 1);
      this.list.splice(this.list.indexOf(second), 1);
    }
  }
}

/**
 * Where each block begins, and after the last one, where all end; in pixels. One that was never drawn is
 * taken to have outputs as high as those that were, so that the bar stands where the reader is.
 */
export function offsetsOf(blocks: readonly { height: number; items: readonly unknown[] }[]): Float64Array {
  let drawn = 0;
  let outputs = 0;
  for (const { height, items } of blocks) {
    if (height) {
      drawn += height;
      outputs += Math.max(1, items.length);
    }
  }
  const each = outputs ? drawn / outputs : GUESSED_HEIGHT;
  const offsets = new Float64Array(blocks.length + 1);
  blocks.forEach(({ height, items }, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + (height || each * Math.max(1, items.length));
  });
  return offsets;
}

/**
 * The blocks to be drawn for a view from `top`, `height` pixels high, and `margin` pixels above and below it:
 * from the first to before the last.
 */
export function windowOf(offsets: Float64Array, top: number, height: number, margin: number): [number, number] {
  const count = offsets.length - 1;
  const find = (at: number) => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((offsets[middle + 1] ?? 0) > at) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  };
  const at = Math.max(0, Math.min(top, (offsets[count] ?? 0) - height));
  return [find(Math.max(0, at - margin)), Math.min(count, find(at + height + margin) + 1)];
}
