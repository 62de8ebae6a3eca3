// The view of all figures: thumbnails, and one of them large.
import * as vscode from "vscode";
import type { BlobStore } from "../outputs/blobStore";
import { pageHtml, savePicture } from "../outputs/pageHtml";
import { Notifications, type Output } from "../protocol";
import type { Server } from "../server";
import { Figures, pictureOf, type PlotsMessage, type PlotsRequest } from "./figures";

const VIEW = "vivo.plots";

/** @param reveal shows the cell of an execution */
export function registerPlots(
  context: vscode.ExtensionContext,
  server: Server,
  blobs: BlobStore,
  reveal: (executionId: string) => Promise<void>,
): vscode.Disposable {
  const view = new PlotsView(context.extensionUri, blobs, reveal);
  server.hear(Notifications.output, (output: Output) => view.add(output));
  return vscode.Disposable.from(
    vscode.window.registerWebviewViewProvider(VIEW, view, { webviewOptions: { retainContextWhenHidden: true } }),
    vscode.commands.registerCommand("vivo.showPlots", () => vscode.commands.executeCommand(`${VIEW}.focus`)),
    vscode.commands.registerCommand("vivo.clearPlots", () => view.clear()),
  );
}

class PlotsView implements vscode.WebviewViewProvider {
  private readonly figures = new Figures();
  private view: vscode.WebviewView | undefined;
  private isReady = false;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly blobs: BlobStore,
    private readonly reveal: (executionId: string) => Promise<void>,
  ) {}

  add(output: Output): void {
    if (this.figures.add(output)) {
      this.tellAll();
    }
  }

  clear(): void {
    this.figures.clear();
    this.tellAll();
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    this.isReady = false;
    view.onDidDispose(() => {
      this.view = undefined;
      this.isReady = false;
    });
    view.webview.onDidReceiveMessage((asked: PlotsRequest) => void this.answer(asked));
    view.webview.options = { enableScripts: true, localResourceRoots: [this.extension] };
    view.webview.html = pageHtml(view.webview, this.extension, {
      title: "Plots",
      script: "plots.js",
      style: "plots.css",
      body: `<main id="large"></main><div id="thumbnails" role="listbox" aria-label="Figures" tabindex="0"></div>
<p id="empty">Figures that cells show appear here.</p>`,
    });
  }

  private async answer(asked: PlotsRequest): Promise<void> {
    switch (asked.type) {
      case "ready":
        this.isReady = true;
        return this.tellAll();
      case "delete":
        this.figures.delete(asked.key);
        return this.tellAll();
      case "reveal": {
        const figure = this.figures.get(asked.key);
        return figure && this.reveal(figure.executionId);
      }
      case "picture":
        return this.tell({ type: "picture", key: asked.key, data: await pictureOf(this.figures.get(asked.key), this.blobs) });
      case "save":
        return savePicture(asked.mime, asked.data);
      case "told":
        vscode.window.setStatusBarMessage(`vivo: ${asked.text}`, 3000);
    }
  }

  private tellAll(): void {
    this.tell({ type: "figures", figures: this.figures.all().map(({ key, label, mime }) => ({ key, label, mime })) });
  }

  private tell(message: PlotsMessage): void {
    if (this.isReady) {
      void this.view?.webview.postMessage(message);
    }
  }
}
