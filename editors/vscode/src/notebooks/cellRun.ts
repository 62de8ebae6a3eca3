// One execution of a notebook's cell, written into the cell as it goes on.
//
// 1. What is written is in order; what comes while a change is on its way is merged into the next.
// 2. A cell has one execution at a time: another one begins when the one before is written.
// 3. A notebook that was closed, or given to another kernel, is left alone.
import * as vscode from "vscode";
import type { Blob, Output } from "../protocol";
import { CellOutputs, ERROR, STDERR, STDOUT, isBinary, type Item, type Shown } from "./cellOutputs";

export type BlobOf = (reference: { id: string; sessionId: string; sequence: number }) => Promise<Blob>;

export class CellRun {
  readonly outputs = new CellOutputs();
  /** Resolved once the cell is at rest. */
  readonly ended: Promise<void>;
  private end!: () => void;
  private writing: Promise<void> = Promise.resolve();
  private isScheduled = false;
  private isStarted = false;
  private isFinished = false;
  private startTime: number | undefined;
  private endTime: number | undefined;
  private order: number | undefined;
  private isGood: boolean | undefined;
  private execution: vscode.NotebookCellExecution | undefined;
  private readonly written = new Map<Shown, vscode.NotebookCellOutput>();

  /**
   * @param opening gives the execution once the cell has none other
   * @param reopen makes a short one, for what changes after the end
   */
  constructor(
    readonly cell: vscode.NotebookCell,
    opening: vscode.NotebookCellExecution | Promise<vscode.NotebookCellExecution>,
    private readonly blobOf: BlobOf,
    private readonly reopen: () => vscode.NotebookCellExecution,
  ) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    if (opening instanceof Promise) {
      this.then(async () => void (this.execution = await opening));
    } else {
      this.execution = opening;
    }
  }

  get hasStarted(): boolean {
    return this.isStarted;
  }

  get hasFinished(): boolean {
    return this.isFinished;
  }

  /** Called when the user cancels this cell. */
  whenCancelled(cancel: () => void): void {
    this.then(async () => void this.execution?.token.onCancellationRequested(cancel));
  }

  /** It runs now; what the cell showed before goes. */
  begin(order: number | null, startTime = Date.now()): void {
    if (this.isStarted) {
      return;
    }
    this.isStarted = true;
    this.startTime = startTime;
    this.order = order ?? undefined;
    this.then(async () => {
      this.execution?.start(startTime);
      if (this.execution) {
        this.execution.executionOrder = this.order;
      }
      await this.execution?.clearOutput();
    });
  }

  take(output: Output): void {
    this.outputs.take(output);
    this.write();
  }

  /** Another cell, or this one, changes a display; it may stand here, also long after the cell has ended. */
  update(output: Output): void {
    this.outputs.update(output);
    this.write();
  }

  /** Its end; `isGood` is undefined for one that was taken out of the queue. */
  finish(isGood: boolean | undefined, duration?: number): void {
    if (this.isFinished) {
      return;
    }
    this.isFinished = true;
    this.write();
    this.then(async () => {
      if (this.startTime !== undefined && isGood !== undefined) {
        this.endTime = this.startTime + Math.round((duration ?? (Date.now() - this.startTime) / 1000) * 1000);
      }
      this.isGood = isGood;
      this.execution?.end(isGood, this.endTime);
      this.execution = undefined;
    });
    void this.writing.finally(() => this.end());
  }

  /** It could not be run. */
  fail(message: string): void {
    this.begin(null);
    this.then(async () => {
      const item = vscode.NotebookCellOutputItem.error({ name: "vivo", message, stack: message });
      await this.execution?.appendOutput(new vscode.NotebookCellOutput([item], { outputType: "error" }));
    });
    this.finish(false);
  }

  private write(): void {
    if (this.isScheduled || !this.outputs.hasChanges) {
      return;
    }
    this.isScheduled = true;
    this.then(async () => {
      this.isScheduled = false;
      if (this.execution) {
        await this.writeChanges(this.execution);
        return;
      }
      const execution = this.reopen();
      execution.executionOrder = this.order;
      execution.start(this.startTime);
      await this.writeChanges(execution).finally(() => execution.end(this.isGood, this.endTime));
    });
  }

  private async writeChanges(execution: vscode.NotebookCellExecution): Promise<void> {
    const done: Thenable<void>[] = [];
    for (const change of this.outputs.taken()) {
      if (change.type === "clear") {
        this.written.clear();
        done.push(execution.clearOutput());
        continue;
      }
      const { shown } = change;
      const items = await this.items(change.type === "text" ? [{ mime: change.mime, value: change.text }] : shown.items, shown);
      const output = this.written.get(shown);
      if (change.type === "add") {
        const made = new vscode.NotebookCellOutput(items, shown.metadata);
        this.written.set(shown, made);
        done.push(execution.appendOutput(made));
      } else if (output) {
        done.push(change.type === "text" ? execution.appendOutputItems(items, output) : execution.replaceOutputItems(items, output));
      }
    }
    await Promise.all(done);
  }

  private async items(items: Item[], { source }: Pick<Shown, "source">): Promise<vscode.NotebookCellOutputItem[]> {
    const made = items.map(async ({ mime, value }) => {
      const reference = value as { blob?: unknown } | null;
      if (source && typeof reference === "object" && typeof reference?.blob === "string") {
        const { data } = await this.blobOf({ id: reference.blob, ...source });
        return itemOf(mime, isBinary(mime) ? data : Buffer.from(data, "base64").toString("utf8"));
      }
      return itemOf(mime, value);
    });
    return Promise.all(made);
  }

  private then(work: () => Promise<void>): void {
    this.writing = this.writing.then(work).catch((error: unknown) => {
      console.warn("vivo: a notebook's cell could not be written:", error); // rule 3: it may be closed
    });
  }
}

export function itemOf(mime: string, value: unknown): vscode.NotebookCellOutputItem {
  if (mime === ERROR) {
    return vscode.NotebookCellOutputItem.error(value as Error);
  }
  if (mime === STDOUT || mime === STDERR) {
    const make = mime === STDOUT ? vscode.NotebookCellOutputItem.stdout : vscode.NotebookCellOutputItem.stderr;
    return make(String(value));
  }
  if (typeof value !== "string") {
    return new vscode.NotebookCellOutputItem(Buffer.from(JSON.stringify(value)), mime);
  }
  return new vscode.NotebookCellOutputItem(Buffer.from(value, isBinary(mime) ? "base64" : "utf8"), mime);
}
