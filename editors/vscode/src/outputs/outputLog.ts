// What cells showed, kept so that a panel which opens late, or again, shows it all. No editor, no page.
//
// 1. It holds the state, not the story: cleared output is gone, an updated display is its last version.
// 2. It is bounded in cells, in outputs of a cell, and in characters; the oldest go first.
// 3. A server that attaches again replays what it knows: an event is taken once, by its sequence.
import type { ExecutionFinished, ExecutionStarted, Output } from "../protocol";
import type { WidgetMessage, WidgetRequest } from "./widgetMessages.ts";

export type Entry =
  | { type: "started"; data: ExecutionStarted }
  | { type: "output"; data: Output }
  | { type: "finished"; data: ExecutionFinished };

/** What the page that draws the log is told. */
export type PageMessage =
  | WidgetMessage
  | { type: "all"; entries: Entry[]; pinned: string[] }
  | { type: "entries"; entries: Entry[]; dropped: string[] }
  | { type: "pinned"; pinned: string[] }
  | { type: "show"; executionId: string }
  | { type: "blob"; id: string; data: string | null };

/** What the page asks for. */
export type PageRequest =
  | WidgetRequest
  | { type: "ready" | "drawn" }
  | { type: "reveal"; executionId: string }
  | { type: "frame"; path: string; line: number }
  | { type: "blob"; id: string; sessionId: string; sequence: number }
  | { type: "copy"; text: string }
  | { type: "save"; mime: string; data: string }
  | { type: "pin"; key: string }
  | { type: "told"; text: string };

/** Names an output: a stream that is joined keeps the number of its first piece. */
export const keyOf = (output: Output): string => `${output.sessionId}:${output.sequence}`;

/** Whether printed text goes on where other text ends. */
export function isContinued(last: Output | undefined, next: Output): boolean {
  return (
    next.kind === "stream" &&
    last?.kind === "stream" &&
    last.name === next.name &&
    last.engine === next.engine &&
    (last.text ?? "").length + (next.text ?? "").length <= LONGEST_STREAM
  );
}

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

export const BOUNDS: Bounds = { cells: 100_000, outputsOfACell: 100_000, characters: 60_000_000 };
const LONGEST_STREAM = 100_000;
const MOST_PINS = 1000;

export class OutputLog {
  private readonly cells = new Map<string, Cell>();
  private readonly begun = new Set<string>();
  private readonly lastSequence = new Map<string, number>();
  private readonly bounds: Bounds;
  private readonly pinned: Set<string>;
  private readonly displays = new Map<string, Set<string>>(); // display → the cells that show it
  private characters = 0;

  /** @param pinned the outputs that were pinned before, of which the newest are kept */
  constructor(bounds: Bounds = BOUNDS, pinned: readonly string[] = []) {
    this.bounds = bounds;
    this.pinned = new Set(pinned.slice(-MOST_PINS));
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

  /** The cell of an execution, as far as it is known. */
  known(id: string): { started: ExecutionStarted | undefined; finished: ExecutionFinished | undefined } | undefined {
    return this.cells.get(id);
  }

  /** Pin an output, or let it go; gives all that are pinned. */
  togglePin(key: string): string[] {
    if (!this.pinned.delete(key)) {
      this.pinned.add(key);
    }
    return this.pins();
  }

  pins(): string[] {
    return [...this.pinned];
  }

  /** Forget what is shown and not pinned; what the session replays of it stays forgotten. */
  clear(): void {
    for (const [id, cell] of this.cells) {
      cell.outputs = cell.outputs.filter((output) => this.pinned.has(keyOf(output)));
      if (!cell.outputs.length) {
        this.cells.delete(id);
      }
    }
    this.characters = 0;
    for (const { outputs } of this.cells.values()) {
      this.characters += outputs.reduce((sum, output) => sum + sizeOf(output), 0);
    }
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
    if (last && isContinued(last, output)) {
      this.characters += (output.text ?? "").length;
      cell.outputs[cell.outputs.length - 1] = { ...last, text: (last.text ?? "") + (output.text ?? "") };
      return;
    }
    cell.outputs.push(output);
    if (output.displayId) {
      const shown = this.displays.get(output.displayId) ?? new Set();
      this.displays.set(output.displayId, shown.add(output.executionId));
    }
    this.characters += sizeOf(output);
    if (cell.outputs.length > this.bounds.outputsOfACell) {
      this.forget(cell, cell.outputs.length - this.bounds.outputsOfACell);
    }
  }

  private update(update: Output): void {
    for (const id of this.displays.get(update.displayId ?? "") ?? []) {
      const outputs = this.cells.get(id)?.outputs ?? [];
      outputs.forEach((shown, index) => {
        if (shown.displayId && shown.displayId === update.displayId) {
          const updated = {
            ...shown,
            sequence: shown.sequence,
            data: update.data ?? null,
            metadata: update.metadata ?? null,
          };
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
