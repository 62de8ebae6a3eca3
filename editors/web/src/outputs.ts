// The transcripts: of each session that was opened here the log of what its cells showed, of which the panel in
// its frame draws one.
import { BlobStore } from "../../vscode/src/outputs/blobStore.ts";
import { type Entry, OutputLog, type PageMessage, type PageRequest } from "../../vscode/src/outputs/outputLog.ts";
import { PageQueue } from "../../vscode/src/outputs/pageQueue.ts";
import { WidgetLink } from "../../vscode/src/outputs/widgetLink.ts";
import { notice } from "./elements.ts";
import { Panel, savePicture } from "./panel.ts";

export class Outputs {
  private log = new OutputLog();
  private readonly logs = new Map<string, OutputLog>();
  private isReady = false;
  private readonly panel: Panel<PageMessage, PageRequest>;
  /** The way of its widgets to their sessions. */
  readonly widgets: WidgetLink;
  private readonly queue = new PageQueue(
    (message) => this.panel.tell(message),
    () => ({ type: "all", entries: this.log.entries(), pinned: this.log.pins() }),
  );

  constructor(
    private readonly blobs: BlobStore,
    /** Puts the code of an execution into the input cell. */
    private readonly edit: (code: string) => void,
    query: <Result>(method: string, params: object) => Promise<Result>,
  ) {
    // Whoever opened the page trusts its session; what visitors may is the server's to say.
    this.widgets = new WidgetLink(query, (message) => this.panel.tell(message), () => true);
    this.panel = new Panel("outputs", "What cells showed", (asked) => void this.answer(asked));
  }

  get frame(): HTMLIFrameElement {
    return this.panel.frame;
  }

  add(entry: Entry): void {
    const log = this.logOf(entry.data.sessionId);
    const { isNew, dropped } = log.add(entry);
    if (isNew && this.isReady && log === this.log) {
      this.queue.add(entry, dropped);
    }
  }

  /** The number of the last event that was shown of each session. */
  seen(): Record<string, number> {
    return Object.assign({}, ...[...this.logs.values()].map((log) => log.seen())) as Record<string, number>;
  }

  /** Show the transcript of a session. */
  show(sessionId: string): void {
    const log = this.logOf(sessionId);
    if (log !== this.log) {
      this.log = log;
      if (this.isReady) {
        this.queue.restart();
      }
    }
  }

  private logOf(sessionId: string): OutputLog {
    let log = this.logs.get(sessionId);
    if (!log) {
      log = new OutputLog();
      this.logs.set(sessionId, log);
    }
    return log;
  }

  /** Show the cell of an execution. */
  showCell(executionId: string): void {
    this.panel.tell({ type: "show", executionId });
  }

  private async answer(asked: PageRequest): Promise<void> {
    switch (asked.type) {
      case "ready":
        this.isReady = true;
        this.widgets.forget();
        return this.queue.restart();
      case "drawn":
        return this.queue.drawn();
      case "reveal": {
        const code = this.log.known(asked.executionId)?.started?.code;
        return code === undefined ? undefined : this.edit(code);
      }
      case "frame":
        return notice(`${asked.path}, line ${asked.line + 1}`);
      case "blob": {
        const { id, sessionId, sequence } = asked;
        const data = await this.blobs.get({ id, sessionId, sequence }).catch(() => null); // the panel says it
        return this.panel.tell({ type: "blob", id, data });
      }
      case "copy":
        await navigator.clipboard.writeText(asked.text);
        return notice("Copied.", 2);
      case "told":
        return notice(asked.text);
      case "save":
        return savePicture(asked.mime, asked.data);
      case "pin":
        return this.panel.tell({ type: "pinned", pinned: this.log.togglePin(asked.key) });
      case "watchComms":
      case "sendComm":
        return this.widgets.asked(asked);
    }
  }
}
