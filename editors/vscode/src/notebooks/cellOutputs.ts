// What a cell shows as a notebook's outputs, kept while it runs. No editor: an output of the server in,
// changes to the notebook out.
//
// 1. Text of one stream that follows text of it is one output, as Jupyter writes it.
// 2. Each output is taken once, by its sequence: what is told again changes nothing.
// 3. What waits to be written is merged, so that a flood is written in a few large changes.
import type { Output } from "../protocol";
import { overwritten } from "./streamText";

/** One representation of an output. */
export interface Item {
  mime: string;
  /** Text as it is, bytes in base64, or JSON as an object. */
  value: unknown;
}

/** An output of a notebook's cell; `metadata` is what Jupyter's serializer reads. */
export interface Shown {
  items: Item[];
  metadata: Record<string, unknown>;
  displayId: string | undefined;
  /** The event that it comes from, by which large data is fetched. */
  source?: { sessionId: string; sequence: number } | undefined;
}

export type Change =
  | { type: "clear" }
  | { type: "add"; shown: Shown }
  | { type: "text"; shown: Shown; mime: string; text: string }
  | { type: "replace"; shown: Shown };

export const STDOUT = "application/vnd.code.notebook.stdout";
export const STDERR = "application/vnd.code.notebook.stderr";
export const ERROR = "application/vnd.code.notebook.error";

export class CellOutputs {
  private changes: Change[] = [];
  private last: { shown: Shown; mime: string; text: string } | undefined;
  private displays: Shown[] = [];
  private clearsNext = false;
  private sequence = 0;

  /** Take an output of the cell in; what updates a display goes to {@link update} of each cell. */
  take(output: Output): void {
    if (!this.isNew(output)) {
      return;
    }
    if (output.kind === "clear") {
      this.clearsNext = output.wait === true;
      if (!this.clearsNext) {
        this.clear();
      }
      return;
    }
    if (this.clearsNext) {
      this.clearsNext = false;
      this.clear();
    }
    if (output.kind === "stream") {
      this.takeText(output.name === "stderr" ? STDERR : STDOUT, output.text ?? "");
      return;
    }
    this.last = undefined;
    const shown = shownOf(output);
    if (shown) {
      this.changes.push({ type: "add", shown });
      if (shown.displayId !== undefined) {
        this.displays.push(shown);
      }
    }
  }

  /** Let each display that is shown here under an output's name be as that says now. */
  update(output: Output): void {
    const now = shownOf(output);
    for (const shown of now?.displayId === undefined ? [] : this.displays) {
      if (shown.displayId === now?.displayId && now) {
        shown.items = now.items;
        shown.source = now.source;
        if (!this.changes.some((each) => each.type !== "clear" && each.shown === shown)) {
          this.changes.push({ type: "replace", shown });
        }
      }
    }
  }

  private isNew({ sequence }: Output): boolean {
    if (sequence <= this.sequence) {
      return false;
    }
    this.sequence = sequence;
    return true;
  }

  /** What has changed since this was asked last, in order. */
  taken(): Change[] {
    const taken = this.changes;
    this.changes = [];
    return taken;
  }

  get hasChanges(): boolean {
    return this.changes.length > 0;
  }

  private clear(): void {
    this.last = undefined;
    this.displays = [];
    this.changes = [{ type: "clear" }];
  }

  private takeText(mime: string, text: string): void {
    const before = this.last?.mime === mime ? this.last : undefined;
    if (!before) {
      const whole = overwritten(text);
      const shown = { items: [{ mime, value: whole }], metadata: { outputType: "stream" }, displayId: undefined };
      this.last = { shown, mime, text: whole };
      this.changes.push({ type: "add", shown });
      return;
    }
    // Only the line that is still open can be overwritten.
    const open = before.text.lastIndexOf("\n") + 1;
    const line = before.text.slice(open);
    const now = overwritten(line + text);
    const isAppended = now === line + text;
    before.text = before.text.slice(0, open) + now;
    const { shown } = before;
    const waiting = this.changes.at(-1);
    if (waiting?.type === "text" && waiting.shown === shown && isAppended) {
      waiting.text += text;
    } else if (waiting && waiting.type !== "clear" && waiting.type !== "text" && waiting.shown === shown) {
      shown.items = [{ mime, value: before.text }];
    } else if (isAppended) {
      this.changes.push({ type: "text", shown, mime, text });
    } else {
      shown.items = [{ mime, value: before.text }];
      this.changes.push({ type: "replace", shown });
    }
  }
}

/** An output of its own; undefined for what shows nothing. */
export function shownOf(output: Output): Shown | undefined {
  const { kind, data, metadata, displayId, executionCount, error, sessionId, sequence } = output;
  if (kind === "error" && error) {
    const { name, message, traceback } = error;
    const value = { name, message, stack: traceback.join("\n") };
    const originalError = { output_type: "error", ename: name, evalue: message, traceback };
    return {
      items: [{ mime: ERROR, value }],
      metadata: { outputType: "error", originalError },
      displayId: undefined,
    };
  }
  if (!data) {
    return undefined;
  }
  const isResult = kind === "result";
  return {
    items: itemsOf(data),
    metadata: {
      outputType: isResult ? "execute_result" : "display_data",
      metadata: metadata ?? {},
      ...(isResult ? { executionCount } : {}),
    },
    displayId: displayId ?? undefined,
    source: { sessionId, sequence },
  };
}

/** The representations of a bundle, the richest first: that is the one an editor shows. */
export function itemsOf(data: Record<string, unknown>): Item[] {
  const rank = (mime: string) => {
    const at = RICHEST_FIRST.findIndex((each) => mime.startsWith(each));
    return at < 0 ? RICHEST_FIRST.length : at;
  };
  return Object.entries(data)
    .map(([mime, value]) => ({ mime, value }))
    .sort((one, other) => rank(one.mime) - rank(other.mime));
}

const RICHEST_FIRST = [
  "application/vnd.",
  "application/javascript",
  "text/html",
  "image/svg+xml",
  "text/latex",
  "text/markdown",
  "image/",
  "application/json",
  "text/plain",
];

/** Whether a representation is bytes, told in base64. */
export function isBinary(mime: string): boolean {
  return /^(image|audio|video)\//.test(mime) ? mime !== "image/svg+xml" : mime === "application/pdf";
}
