// The output panel beside the code: a page (src/outputs/page) that draws what the log keeps.
//
// The page may load nothing but its own script and style; what cells show reaches it as data.
import * as vscode from "vscode";
import { type ExecutionOfCell, Queries, type Output } from "../protocol";
import type { Server } from "../server";
import type { BlobStore } from "./blobStore";
import { type Entry, OutputLog, type PageMessage, type PageRequest } from "./outputLog";
import { pageHtml, savePicture } from "./pageHtml";
import { PageQueue } from "./pageQueue";
import { revealCell, revealFrame } from "./places";
import { WidgetLink } from "./widgetLink";

const VIEW = "vivo.output";
const PINS = "vivo.pinnedOutputs";
const RICH = ["application/vnd.jupyter.widget-view+json", "text/html", "image/png", "image/jpeg", "image/svg+xml"];

export class OutputPanel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  private readonly log: OutputLog;
  private readonly registration: vscode.Disposable;
  private readonly queue = new PageQueue(
    (message) => this.tell(message),
    () => ({ type: "all", entries: this.log.entries(), pinned: this.log.pins() }),
  );
  /** The way of its widgets to their sessions. */
  readonly widgets: WidgetLink;
  private panel: vscode.WebviewPanel | undefined;
  private isReady = false;
  private toShow: string | undefined;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly blobs: BlobStore,
    query: <Result>(method: string, params: object) => Promise<Result>,
    private readonly memory: vscode.Memento,
  ) {
    this.widgets = new WidgetLink(query, (message) => this.tell(message), () => vscode.workspace.isTrusted);
    this.log = new OutputLog(undefined, memory.get<string[]>(PINS, []));
    this.registration = vscode.window.registerWebviewPanelSerializer(VIEW, this);
  }

  add(entry: Entry): void {
    const { isNew, dropped } = this.log.add(entry);
    if (!isNew) {
      return;
    }
    if (this.isReady) {
      this.queue.add(entry, dropped);
    }
    if (entry.type === "output" && !this.panel && wantsPanel(entry.data)) {
      this.reveal();
    }
  }

  /** The last sequence number of each session. */
  seen(): Record<string, number> {
    return this.log.seen();
  }

  clear(): void {
    this.log.clear();
    if (this.isReady) {
      this.queue.restart();
    }
  }

  reveal(): void {
    if (this.panel) {
      this.panel.reveal(undefined, true);
      return;
    }
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    this.adopt(vscode.window.createWebviewPanel(VIEW, "vivo output", place, { retainContextWhenHidden: true }));
  }

  /** Show the code of an execution. */
  async revealCell(executionId: string): Promise<void> {
    const { started, finished } = this.log.known(executionId) ?? {};
    if (started) {
      await revealCell(started, finished);
    }
  }

  /** Show what the cell at the cursor showed last. */
  async showOutputOfCell(server: Server): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor) {
      return;
    }
    const asked = { uri: editor.document.uri.toString(), position: editor.selection.active };
    const { executionId } = await server.query<ExecutionOfCell>(Queries.executionOfCell, asked);
    if (!executionId || !this.log.known(executionId)) {
      vscode.window.setStatusBarMessage("vivo: this cell has shown nothing yet; run it first", 4000);
      return;
    }
    const isThere = this.isReady;
    this.reveal();
    if (isThere) {
      this.tell({ type: "show", executionId: executionId });
    } else {
      this.toShow = executionId;
    }
  }

  /** A window that was reloaded brings its panel back; its session's server replays what it showed. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.panel?.dispose();
    this.adopt(panel);
  }

  dispose(): void {
    this.registration.dispose();
    this.panel?.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panel = panel;
    this.isReady = false;
    panel.onDidDispose(() => {
      if (this.panel === panel) {
        this.panel = undefined;
        this.isReady = false;
      }
    });
    panel.webview.onDidReceiveMessage((asked: PageRequest) => void this.answer(asked));
    panel.webview.options = { enableScripts: true, localResourceRoots: [this.extension] };
    panel.webview.html = this.html(panel.webview);
  }

  private async answer(asked: PageRequest): Promise<void> {
    switch (asked.type) {
      case "ready":
        this.isReady = true;
        this.widgets.forget();
        this.queue.restart();
        if (this.toShow) {
          this.tell({ type: "show", executionId: this.toShow });
          this.toShow = undefined;
        }
        return;
      case "drawn":
        return this.queue.drawn();
      case "reveal":
        return this.revealCell(asked.executionId);
      case "frame":
        return revealFrame(asked.path, asked.line);
      case "blob": {
        const { id, sessionId, sequence } = asked;
        const data = await this.blobs.get({ id, sessionId, sequence }).catch(() => null); // the page says it
        return this.tell({ type: "blob", id, data });
      }
      case "copy":
        await vscode.env.clipboard.writeText(asked.text);
        vscode.window.setStatusBarMessage("vivo: copied", 2000);
        return;
      case "told":
        vscode.window.setStatusBarMessage(`vivo: ${asked.text}`, 3000);
        return;
      case "save":
        return savePicture(asked.mime, asked.data);
      case "pin":
        return this.pin(asked.key);
      case "watchComms":
      case "sendComm":
        return this.widgets.asked(asked);
    }
  }

  private async pin(key: string): Promise<void> {
    const pinned = this.log.togglePin(key);
    this.tell({ type: "pinned", pinned });
    await this.memory.update(PINS, pinned); // a window that is reloaded has them again
  }

  private tell(message: PageMessage): void {
    if (this.isReady) {
      void this.panel?.webview.postMessage(message);
    }
  }

  private html(webview: vscode.Webview): string {
    return pageHtml(webview, this.extension, {
      title: "vivo output",
      script: "page.js",
      style: "page.css",
      later: "rich.js",
      widgets: { script: "widgets.js", style: "widgets.css" },
      body: `<main id="cells" role="feed" aria-label="Output of cells"></main>
<p id="empty">What cells print and show appears here.</p>
<div id="told" class="unseen" role="status" aria-live="polite"></div>`,
    });
  }
}

function wantsPanel(output: Output): boolean {
  switch (vscode.workspace.getConfiguration("vivo").get("output.reveal")) {
    case "always":
      return true;
    case "never":
      return false;
    default:
      return RICH.some((mime) => mime in (output.data ?? {}));
  }
}
