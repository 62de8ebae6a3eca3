// The state of the session that serves the active editor; a click opens the menu.
import * as vscode from "vscode";
import type { PersonHere, Presence, Status } from "./protocol";

const ICONS: Record<Status["state"], string> = {
  starting: "$(loading~spin)",
  idle: "$(check)",
  busy: "$(sync~spin)",
  ended: "$(circle-slash)",
};

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(vscode.StatusBarAlignment.Left, 50);
  private readonly watching = vscode.window.onDidChangeActiveTextEditor(() => this.show());
  private readonly statuses = new Map<string, Status>();
  private readonly people = new Map<string, PersonHere[]>();
  private readonly served = new Map<string, string>();
  private latest: Status | undefined;

  constructor() {
    this.item.name = "vivo";
    this.item.command = "vivo.menu";
    this.serverChanged(true);
    this.item.show();
  }

  /** A session has said how it is. */
  told(status: Status): void {
    this.latest = status;
    if (status.sessionId) {
      this.statuses.set(status.sessionId, status);
    }
    this.serves(status.uri, status.sessionId);
    this.show();
  }

  /** Somebody came to a session, or went. */
  toldPresence({ sessionId, people }: Presence): void {
    this.people.set(sessionId, people);
    this.show();
  }

  /** A document is served by a session. */
  serves(uri: string | null, sessionId: string): void {
    if (uri) {
      this.served.set(vscode.Uri.parse(uri).toString(), sessionId);
    }
  }

  /** The session that serves a document, if one does. */
  sessionOf(uri: vscode.Uri): string | undefined {
    return this.served.get(uri.toString());
  }

  /** A server has started and tells of its sessions anew, or there is none. */
  serverChanged(isThere: boolean): void {
    this.statuses.clear();
    this.people.clear();
    this.latest = undefined;
    void vscode.commands.executeCommand("setContext", "vivo.hasServer", isThere);
    void vscode.commands.executeCommand("setContext", "vivo.busy", false); // a session says so anew
    this.item.text = isThere ? "$(circle-outline) vivo" : "$(error) vivo: no server";
    this.item.tooltip = isThere
      ? "vivo: no session yet; run a cell to start one"
      : "vivo: the language server did not start";
    this.item.backgroundColor = isThere ? undefined : new vscode.ThemeColor("statusBarItem.errorBackground");
  }

  dispose(): void {
    this.watching.dispose();
    this.item.dispose();
  }

  private show(): void {
    const uri = vscode.window.activeTextEditor?.document.uri.toString() ?? "";
    const status = this.statuses.get(this.served.get(uri) ?? "") ?? this.latest;
    if (!status) {
      return;
    }
    const queue = status.queued > 0 ? ` +${status.queued}` : "";
    const version = status.pythonVersion ? ` ${status.pythonVersion}` : "";
    this.item.text = `${ICONS[status.state]} vivo${version}: ${status.state}${queue}`;
    const others = (this.people.get(status.sessionId) ?? []).filter(({ own }) => !own);
    const here = others.map(({ name, role }) => (role === "owner" ? name : `${name}, ${role}`));
    const who = here.length ? `Also here: ${here.join("; ")}` : "";
    this.item.tooltip = [`Session ${status.sessionId || "(none yet)"}`, status.python, who, status.message ?? ""]
      .filter(Boolean)
      .join("\n");
    this.item.backgroundColor =
      status.state === "ended" ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    void vscode.commands.executeCommand("setContext", "vivo.busy", status.state === "busy");
    void vscode.commands.executeCommand("setContext", "vivo.hasSession", Boolean(status.sessionId));
  }
}
