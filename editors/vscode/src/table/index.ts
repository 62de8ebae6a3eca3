// Tables of frames and arrays: a page (./page) that draws what it asks for, corner by corner.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { Notifications, Queries, type TablePage, type VariablesChanged } from "../protocol";
import type { Server } from "../server";
import type { Told, Wanted } from "./page/messages";

export type Path = (string | number)[];

export class Tables implements vscode.Disposable {
  private readonly open = new Map<string, vscode.WebviewPanel>();

  constructor(
    private readonly server: Server,
    private readonly extension: vscode.Uri,
  ) {
    server.hear(Notifications.variablesChanged, ({ uris }: VariablesChanged) => {
      for (const [key, panel] of this.open) {
        if (uris.includes(JSON.parse(key)[0])) {
          void panel.webview.postMessage({ type: "changed" } satisfies Told);
        }
      }
    });
  }

  /** Show the table of a variable of a document's session, or of a value below it. */
  view(uri: vscode.Uri, path: Path): void {
    const key = JSON.stringify([uri.toString(), path]);
    const shown = this.open.get(key);
    if (shown) {
      shown.reveal();
      return;
    }
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false };
    const options = { enableScripts: true, localResourceRoots: [this.extension], retainContextWhenHidden: true };
    const panel = vscode.window.createWebviewPanel("vivo.table", path.join(" › "), place, options);
    panel.iconPath = vscode.Uri.joinPath(this.extension, "icon.png");
    this.open.set(key, panel);
    panel.onDidDispose(() => this.open.delete(key));
    panel.webview.onDidReceiveMessage((message: Wanted | { type: "copy"; text: string }) => {
      if (message.type === "copy") {
        void vscode.env.clipboard.writeText(message.text);
      } else {
        void this.corner(uri, path, message).then((told) => panel.webview.postMessage(told));
      }
    });
    panel.webview.html = this.html(panel.webview, path.join(" › "));
  }

  dispose(): void {
    this.open.forEach((panel) => panel.dispose());
  }

  private async corner(uri: vscode.Uri, path: Path, { row, rows, column, columns, arrangement, generation }: Wanted): Promise<Told> {
    try {
      const asked = { uri: uri.toString(), path, row, rows, column, columns, ...arrangement };
      return { type: "corner", row, column, generation, page: await this.server.query<TablePage>(Queries.table, asked) };
    } catch (error) {
      return { type: "failed", generation, message: error instanceof Error ? error.message : String(error) };
    }
  }

  private html(webview: vscode.Webview, title: string): string {
    const nonce = randomBytes(16).toString("base64");
    const script = webview.asWebviewUri(vscode.Uri.joinPath(this.extension, "dist", "table.js"));
    const style = webview.asWebviewUri(vscode.Uri.joinPath(this.extension, "media", "table.css"));
    const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource}`;
    const name = title.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${style}">
<title>${name}</title>
</head>
<body>
<header>
  <strong>${name}</strong> <span id="form"></span>
  <label>Row <input id="goto" type="number" min="0" step="1"></label>
  <span id="sheet"></span>
  <span id="state" role="status"></span>
</header>
<div id="grid" role="grid" tabindex="0" aria-multiselectable="true" aria-label="${name}"><div id="space"></div><table role="presentation"><thead role="rowgroup"></thead><tbody role="rowgroup"></tbody></table></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
  }
}
