// What cells showed, kept so that a panel which opens late, or again, shows it all. No editor, no page.
//
// 1. It holds the state, not the story: cleared output is gone, an updated display is its last version.
// 2. It is bounded in cells, in outputs of a cell, and in characters; the oldest go first.
// 3. A server that attaches again replays what it knows: an event is taken once, by its sequence.
import type { ExecutionFinished, ExecutionStarted, Output } from "./protocol";

export type Entry =
  | { type: "started"; data: ExecutionStarted }
  | { type: "output"; data: Output }
  | { type: "finished"; data: ExecutionFinished };

/** What the page that draws the log is told. */
export type PageMessage =
  | { type: "all"; entries: Entry[] }
  | { type: "entry"; entry: Entry; dropped: string[] };

export interface Bounds {
  cells: number;
  outputsOfACell: number;
  /** Of all cells together, in UTF-16 units. */
  characters: number;
}

/** What an entry did: whether it told anything new, and the cells that had to go for it. */
export interface Added {
  isNew: boolean;
  dropped: string[];
}

interface Cell {
  started: ExecutionStarted | undefined;
  outputs: Output[];
  finished: ExecutionFinished | undefined;
}

const BOUNDS: Bounds = { cells: 300, outputsOfACell: 2000, characters: 60_000_000 };
const LONGEST_STREAM = 100_000;

export class OutputLog {
  private readonly cells = new Map<string, Cell>();
  private readonly begun = new Set<string>();
  private readonly lastSequence = new Map<string, number>();
  private readonly bounds: Bounds;
  private characters = 0;

  constructor(bounds: Bounds = BOUNDS) {
    this.bounds = bounds;
  }

  add(entry: Entry): Added {
    if (!this.take(entry)) {
      return { isNew: false, dropped: [] };
    }
    return { isNew: true, dropped: this.dropOldest(entry.data.executionId) };
  }

  /** The last sequence number of each session: what a server that starts anew need not tell again. */
  seen(): Record<string, number> {
    return Object.fromEntries(this.lastSequence);
  }

  /** All that is kept, cell by cell, as entries that draw it again. */
  entries(): Entry[] {
    const all: Entry[] = [];
    for (const { started, outputs, finished } of this.cells.values()) {
      if (started) {
        all.push({ type: "started", data: started });
      }
      all.push(...outputs.map((data): Entry => ({ type: "output", data })));
      if (finished) {
        all.push({ type: "finished", data: finished });
      }
    }
    return all;
  }

  /** Forget what is shown; what the session replays of it stays forgotten. */
  clear(): void {
    this.cells.clear();
    this.characters = 0;
  }

  private take(entry: Entry): boolean {
    switch (entry.type) {
      case "started":
        if (this.begun.has(entry.data.executionId)) {
          return false;
        }
        this.begun.add(entry.data.executionId);
        this.cell(entry.data.executionId).started = entry.data;
        return true;
      case "finished": {
        const cell = this.cells.get(entry.data.executionId);
        if (cell) {
          cell.finished = entry.data;
        }
        return cell !== undefined;
      }
      case "output":
        if (entry.data.sequence <= (this.lastSequence.get(entry.data.sessionId) ?? 0)) {
          return false;
        }
        this.lastSequence.set(entry.data.sessionId, entry.data.sequence);
        this.output(entry.data);
        return true;
    }
  }

  private cell(id: string): Cell {
    let cell = this.cells.get(id);
    if (!cell) {
      cell = { started: undefined, outputs: [], finished: undefined };
      this.cells.set(id, cell);
    }
    return cell;
  }

  private output(output: Output): void {
    if (output.kind === "update") {
      this.update(output);
      return;
    }
    const cell = this.cell(output.executionId);
    const last = cell.outputs.at(-1);
    if (output.kind === "clear" ? !output.wait : last?.kind === "clear") {
      this.forget(cell, cell.outputs.length);
    }
    if (output.kind === "clear" && !output.wait) {
      return;
    }
    if (output.kind === "stream" && last?.kind === "stream" && last.name === output.name) {
      const text = (last.text ?? "") + (output.text ?? "");
      if (text.length <= LONGEST_STREAM) {
        this.characters += (output.text ?? "").length;
        cell.outputs[cell.outputs.length - 1] = { ...last, text };
        return;
      }
    }
    cell.outputs.push(output);
    this.characters += sizeOf(output);
    if (cell.outputs.length > this.bounds.outputsOfACell) {
      this.forget(cell, cell.outputs.length - this.bounds.outputsOfACell);
    }
  }

  private update(update: Output): void {
    for (const { outputs } of this.cells.values()) {
      outputs.forEach((shown, index) => {
        if (shown.displayId && shown.displayId === update.displayId) {
          const updated = { ...shown, data: update.data ?? null, metadata: update.metadata ?? null };
          outputs[index] = updated;
          this.characters += sizeOf(updated) - sizeOf(shown);
        }
      });
    }
  }

  private forget(cell: Cell, count: number): void {
    for (const output of cell.outputs.splice(0, count)) {
      this.characters -= sizeOf(output);
    }
  }

  private dropOldest(newest: string): string[] {
    const dropped: string[] = [];
    for (const [id, cell] of this.cells) {
      const isWithin = this.cells.size <= this.bounds.cells && this.characters <= this.bounds.characters;
      if (isWithin || id === newest) {
        break;
      }
      this.forget(cell, cell.outputs.length);
      this.cells.delete(id);
      dropped.push(id);
    }
    return dropped;
  }
}

function sizeOf(output: Output): number {
  let size = (output.text ?? "").length;
  for (const value of Object.values(output.data ?? {})) {
    size += typeof value === "string" ? value.length : JSON.stringify(value ?? null).length;
  }
  for (const line of output.error?.traceback ?? []) {
    size += line.length;
  }
  return size;
}
