// What runs in the cells of open notebooks, whoever sent it: each execution of the server's has its
// execution in the notebook.
//
// 1. A notebook that opens, or whose server is another, asks what its cells did meanwhile; what is told
//    before the answer has come waits for it.
// 2. What a session replays of itself is in that answer, and is not shown twice.
import * as vscode from "vscode";
import {
  Commands,
  Queries,
  type Blob,
  type ExecutionFinished,
  type ExecutionStarted,
  type NotebookRun,
  type NotebookRuns as Told,
  type Output,
  type QueueChanged,
  type RunStarted,
} from "../protocol";
import { Told as Refused, type Server } from "../server";
import { CellRun, itemOf } from "./cellRun";
import { CellOutputs } from "./cellOutputs";
import { Saved } from "./saved";

type Event =
  | { type: "started"; data: ExecutionStarted }
  | { type: "output"; data: Output }
  | { type: "finished"; data: ExecutionFinished };

export const CELL_SCHEME = "vscode-notebook-cell:";

/** The session that serves a notebook; its interpreter as far as it is told. */
export interface Serving {
  sessionId: string;
  python?: string;
  pythonVersion?: string;
}

export class NotebookRuns {
  private readonly runs = new Map<string, CellRun>();
  /** Of each cell, the run that has it now, or had it last. */
  private readonly lastOf = new WeakMap<vscode.NotebookCell, CellRun>();
  /** Sent by this window, their execution not known yet. */
  private readonly unnamed = new Map<vscode.NotebookCell, CellRun>();
  /** Notebooks that wait for an answer, and what was told meanwhile. */
  private readonly waiting = new Map<string, Event[]>();

  constructor(
    private readonly server: Server,
    private readonly controller: vscode.NotebookController,
    private readonly isOurs: (notebook: vscode.NotebookDocument) => boolean,
    private readonly saved: Saved,
    private readonly serves: (notebook: vscode.NotebookDocument, session: Serving) => void,
  ) {}

  // --- Sent by this window -------------------------------------------------------------------------

  /** Run cells in their order. Each waits in the notebook from now on. */
  async run(cells: vscode.NotebookCell[]): Promise<void> {
    const runs = cells.map((cell) => this.open(cell));
    for (const run of runs.filter(({ cell }) => !cell.document.getText().trim())) {
      run.begin(null);
      run.finish(true, 0);
    }
    const sent = runs.filter((run) => !run.hasFinished);
    if (!sent.length) {
      return;
    }
    sent.forEach((run) => this.unnamed.set(run.cell, run));
    try {
      const uris = sent.map(({ cell }) => cell.document.uri.toString());
      const { executionIds } = await this.server.command<RunStarted>(Commands.runCells, { uris });
      executionIds.forEach((executionId, at) => sent[at] && this.name(executionId, sent[at]));
    } catch (error) {
      sent.forEach((run) => this.unnamed.delete(run.cell));
      const [first, ...others] = sent;
      if (error instanceof Refused) {
        first?.finish(undefined);
      } else {
        first?.fail(error instanceof Error ? error.message : String(error));
      }
      others.forEach((run) => run.finish(undefined));
    }
  }

  private name(executionId: string, run: CellRun): void {
    this.unnamed.delete(run.cell);
    this.runs.set(executionId, run);
    run.whenCancelled(() => void this.interrupt(executionId, run));
  }

  private async interrupt(executionId: string, { cell }: CellRun): Promise<void> {
    await this.server.ask(Commands.interrupt, cell.document, { executionId });
  }

  // --- Told by the server --------------------------------------------------------------------------

  /** Take what the server tells of any document. */
  take(event: Event): void {
    const { uri } = event.data;
    const cell = uri ? cellOf(uri) : undefined;
    if (!cell) {
      if (event.type === "output" && event.data.kind === "update") {
        this.update(event.data); // by a cell of a file: the display may stand in a notebook
      }
      return;
    }
    const held = this.waiting.get(cell.notebook.uri.toString());
    if (held) {
      held.push(event);
    } else {
      this.follow(event, cell);
    }
  }

  private follow({ type, data }: Event, cell: vscode.NotebookCell): void {
    const known = this.runs.get(data.executionId);
    if (type === "started") {
      if (data.replayed || !(known || this.unnamed.has(cell) || this.isOurs(cell.notebook))) {
        return;
      }
      const run = known ?? this.unnamed.get(cell) ?? this.open(cell);
      if (!known) {
        this.name(data.executionId, run);
      }
      this.began(run);
      this.serves(cell.notebook, { sessionId: data.sessionId });
      run.begin(data.executionCount);
    } else if (type === "output") {
      this.saved.shown(cell.notebook, data.sessionId, data.sequence);
      if (data.kind === "update") {
        this.update(data);
      } else {
        known?.take(data);
      }
    } else if (known) {
      this.finish(known, data.status, data.duration);
      this.failedToStart(known, data);
    }
  }

  // One that was never sent has shown nothing: its error is all that there is.
  private failedToStart(run: CellRun, { status, error }: ExecutionFinished): void {
    if (status === "error" && error && !run.hasStarted) {
      run.fail(error.message);
    }
  }

  private finish(run: CellRun, status: string, duration: number): void {
    if (status === "error" && !run.hasStarted) {
      return;
    }
    run.finish(status === "aborted" ? undefined : status === "ok", duration);
  }

  // What its cell showed before goes, and with it the displays that others could have updated.
  private began(run: CellRun): void {
    for (const [executionId, each] of this.runs) {
      if (each !== run && each.cell === run.cell && each.hasFinished) {
        this.runs.delete(executionId);
      }
    }
  }

  private update(output: Output): void {
    for (const run of this.runs.values()) {
      run.update(output);
    }
  }

  /** What waits in the sessions' queues: cells that other windows have sent wait here too. */
  queueChanged({ executions }: QueueChanged): void {
    for (const { executionId, uri, status } of executions) {
      const cell = uri && status === "waiting" && !this.runs.has(executionId) ? cellOf(uri) : undefined;
      if (!cell || this.unnamed.has(cell) || !this.isOurs(cell.notebook)) {
        continue;
      }
      const last = this.lastOf.get(cell);
      if (!last || last.hasFinished) {
        this.name(executionId, this.open(cell));
      }
    }
  }

  // --- What happened meanwhile ---------------------------------------------------------------------

  /** Ask what a notebook's cells did while nobody here has heard it, and write it down. */
  async catchUp(notebook: vscode.NotebookDocument): Promise<void> {
    const uri = notebook.uri.toString();
    if (this.waiting.has(uri) || !this.isOurs(notebook)) {
      return;
    }
    const held: Event[] = [];
    this.waiting.set(uri, held);
    try {
      const asked = { uri, seen: this.saved.of(notebook) };
      const { runs, sessionId = "", python = "", pythonVersion = "" } = await this.server.query<Told>(Queries.notebook, asked);
      this.serves(notebook, { sessionId, python, pythonVersion });
      await Promise.all(runs.map((told) => this.catchUpWith(told)));
      this.endLost(notebook, new Set(runs.map((told) => told.executionId)));
    } catch (error) {
      console.warn("vivo: what a notebook's cells did is not known:", error); // the next server is asked again
    } finally {
      this.waiting.delete(uri);
      for (const event of held) {
        const cell = cellOf(event.data.uri ?? "");
        if (cell) {
          this.follow(event, cell);
        }
      }
    }
  }

  private async catchUpWith(told: NotebookRun): Promise<void> {
    const cell = cellOf(told.uri);
    if (!cell) {
      return;
    }
    const isDone = told.status !== "queued" && told.status !== "running";
    const known = this.runs.get(told.executionId);
    if (!known && isDone && (await this.isWritten(cell, told))) {
      return;
    }
    const run = known ?? this.open(cell);
    if (!known) {
      this.name(told.executionId, run);
    }
    if (told.status !== "queued") {
      this.began(run);
      run.begin(told.executionCount, told.started === null ? undefined : told.started * 1000);
    }
    for (const output of told.outputs) {
      if (output.kind === "update") {
        run.update(output);
      } else {
        run.take(output);
      }
    }
    if (isDone) {
      this.finish(run, told.status, Math.max(0, (told.finished ?? 0) - (told.started ?? 0)));
    }
    this.saved.shown(cell.notebook, told.sessionId, told.outputs.at(-1)?.sequence ?? 0);
  }

  // Whether the cell shows just what a run showed, as after a reload that lost nothing.
  private async isWritten(cell: vscode.NotebookCell, told: NotebookRun): Promise<boolean> {
    if ((cell.executionSummary?.executionOrder ?? null) !== told.executionCount) {
      return false;
    }
    const outputs = new CellOutputs();
    for (const output of told.outputs) {
      if (output.kind === "update") {
        outputs.update(output);
      } else {
        outputs.take(output);
      }
    }
    const shown = outputs.taken().flatMap((change) => (change.type === "clear" ? [] : [change.shown]));
    return (
      shown.length === cell.outputs.length &&
      shown.every(({ items }, at) => {
        const written = cell.outputs[at]?.items ?? [];
        return items.every(({ mime, value }) => {
          const same = written.find((each) => each.mime === mime);
          const { blob, size } = (value ?? {}) as { blob?: unknown; size?: number };
          if (typeof blob === "string") {
            return same?.data.byteLength === size; // what is told by reference is large: it is not fetched for this
          }
          return same && Buffer.compare(same.data, itemOf(mime, value).data) === 0;
        });
      })
    );
  }

  // What ran when the server was lost, and is not there any more, has no end that anybody will tell.
  private endLost(notebook: vscode.NotebookDocument, there: Set<string>): void {
    for (const [executionId, run] of this.runs) {
      if (run.cell.notebook === notebook && !run.hasFinished && !there.has(executionId)) {
        run.finish(undefined);
      }
    }
  }

  /** A notebook is gone from the editor: nobody writes into it. */
  closed(notebook: vscode.NotebookDocument): void {
    for (const [executionId, run] of this.runs) {
      if (run.cell.notebook === notebook) {
        this.runs.delete(executionId);
      }
    }
  }

  // --- Executions of the notebook ------------------------------------------------------------------

  private open(cell: vscode.NotebookCell): CellRun {
    const last = this.lastOf.get(cell);
    const make = () => this.controller.createNotebookCellExecution(cell);
    const opening = last ? last.ended.then(make) : make();
    const run = new CellRun(cell, opening, (reference) => this.server.query<Blob>(Queries.blob, reference), make);
    this.lastOf.set(cell, run);
    return run;
  }
}

/** The cell of an open notebook whose document has a URI. */
export function cellOf(uri: string): vscode.NotebookCell | undefined {
  if (!uri.startsWith(CELL_SCHEME)) {
    return undefined;
  }
  for (const notebook of vscode.workspace.notebookDocuments) {
    const found = notebook.getCells().find((cell) => cell.document.uri.toString() === uri);
    if (found) {
      return found;
    }
  }
  return undefined;
}
