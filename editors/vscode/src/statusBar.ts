// The session's state in the status bar; a click opens the menu.
import * as vscode from "vscode";
import type { Status } from "./protocol";

const ICONS: Record<Status["state"], string> = {
  starting: "$(loading~spin)",
  idle: "$(check)",
  busy: "$(sync~spin)",
  ended: "$(circle-slash)",
};

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(vscode.StatusBarAlignment.Left, 50);

  constructor() {
    this.item.name = "vivo";
    this.item.text = "vivo";
    this.item.command = "vivo.menu";
    this.item.tooltip = "vivo: no session yet; run a cell to start one";
    this.item.show();
  }

  show(status: Status): void {
    const queue = status.queued > 0 ? ` +${status.queued}` : "";
    const version = status.pythonVersion ? ` ${status.pythonVersion}` : "";
    this.item.text = `${ICONS[status.state]} vivo${version}: ${status.state}${queue}`;
    this.item.tooltip = [`Session ${status.sessionId || "(none)"}`, status.python, status.message ?? ""]
      .filter(Boolean)
      .join("\n");
    this.item.backgroundColor =
      status.state === "ended" ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }

  failed(): void {
    this.item.text = "$(error) vivo: no server";
    this.item.backgroundColor = new vscode.ThemeColor("statusBarItem.errorBackground");
  }

  dispose(): void {
    this.item.dispose();
  }
}
