// The output panel beside the code: a page (src/page) that draws what the log keeps.
//
// The page may load nothing but its own script and style; what cells show reaches it as data.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { type Entry, OutputLog, type PageMessage } from "./outputLog";
import type { Output } from "./protocol";

const VIEW = "vivo.output";
const RICH = ["text/html", "image/png", "image/jpeg", "image/svg+xml"];

export class OutputPanel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  private readonly log = new OutputLog();
  private readonly registration: vscode.Disposable;
  private panel: vscode.WebviewPanel | undefined;
  private isReady = false;

  constructor(private readonly extension: vscode.Uri) {
    this.registration = vscode.window.registerWebviewPanelSerializer(VIEW, this);
  }

  add(entry: Entry): void {
    const { isNew, dropped } = this.log.add(entry);
    if (!isNew) {
      return;
    }
    this.tell({ type: "entry", entry, dropped });
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
    this.tell({ type: "all", entries: [] });
  }

  reveal(): void {
    if (this.panel) {
      this.panel.reveal(undefined, true);
      return;
    }
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    this.adopt(vscode.window.createWebviewPanel(VIEW, "vivo output", place, { retainContextWhenHidden: true }));
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
    panel.webview.onDidReceiveMessage((message: { type: string }) => {
      if (message.type === "ready") {
        this.isReady = true;
        this.tell({ type: "all", entries: this.log.entries() });
      }
    });
    panel.webview.options = { enableScripts: true, localResourceRoots: [this.extension] };
    panel.webview.html = this.html(panel.webview);
  }

  private tell(message: PageMessage): void {
    if (this.isReady) {
      void this.panel?.webview.postMessage(message);
    }
  }

  private html(webview: vscode.Webview): string {
    const nonce = randomBytes(16).toString("base64");
    const script = webview.asWebviewUri(vscode.Uri.joinPath(this.extension, "dist", "page.js"));
    const style = webview.asWebviewUri(vscode.Uri.joinPath(this.extension, "media", "page.css"));
    const policy = [
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src ${webview.cspSource} 'unsafe-inline'`, // tables of data frames bring their own style
      "img-src data:",
    ].join("; ");
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${style}">
<title>vivo output</title>
</head>
<body>
<main id="cells" role="log" aria-label="Output of cells"></main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
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
