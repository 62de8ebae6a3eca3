// The output panel: what cells showed, in order. It keeps the last entries, so that a panel that was
// closed opens with them; the page itself (media/panel.js) only draws.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { ExecutionFinished, ExecutionStarted, Output } from "./protocol";

const MAXIMUM_ENTRIES = 2000;
const RICH = ["text/html", "image/png", "image/jpeg", "image/svg+xml"];

type Entry =
  | { type: "started"; data: ExecutionStarted }
  | { type: "output"; data: Output }
  | { type: "finished"; data: ExecutionFinished };

export class OutputPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private entries: Entry[] = [];
  private isReady = false;

  constructor(private readonly extension: vscode.Uri) {}

  started(data: ExecutionStarted): void {
    this.keep({ type: "started", data });
  }

  finished(data: ExecutionFinished): void {
    this.keep({ type: "finished", data });
  }

  add(data: Output): void {
    this.keep({ type: "output", data });
    const reveal = vscode.workspace.getConfiguration("vivo").get<string>("output.reveal");
    const isRich = data.data !== null && data.data !== undefined && RICH.some((mime) => mime in (data.data ?? {}));
    if (!this.panel && (reveal === "always" || (reveal === "figures" && isRich))) {
      this.reveal();
    }
  }

  reveal(): void {
    if (this.panel) {
      this.panel.reveal(undefined, true);
      return;
    }
    const media = vscode.Uri.joinPath(this.extension, "media");
    this.panel = vscode.window.createWebviewPanel(
      "vivo.output",
      "vivo output",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, retainContextWhenHidden: true, localResourceRoots: [media] },
    );
    this.panel.onDidDispose(() => {
      this.panel = undefined;
      this.isReady = false;
    });
    this.panel.webview.onDidReceiveMessage((message: { type: string }) => {
      if (message.type === "ready") {
        this.isReady = true;
        void this.panel?.webview.postMessage({ type: "all", entries: this.entries });
      } else if (message.type === "clear") {
        this.entries = [];
      }
    });
    this.panel.webview.html = this.html(this.panel.webview, media);
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private keep(entry: Entry): void {
    this.entries.push(entry);
    if (this.entries.length > MAXIMUM_ENTRIES) {
      this.entries.splice(0, this.entries.length - MAXIMUM_ENTRIES);
    }
    if (this.isReady) {
      void this.panel?.webview.postMessage({ type: "one", entry });
    }
  }

  private html(webview: vscode.Webview, media: vscode.Uri): string {
    const nonce = randomBytes(16).toString("base64");
    const script = webview.asWebviewUri(vscode.Uri.joinPath(media, "panel.js"));
    const style = webview.asWebviewUri(vscode.Uri.joinPath(media, "panel.css"));
    const policy = [
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src ${webview.cspSource} 'unsafe-inline'`,
      "img-src data:",
      "frame-src 'self'",
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
