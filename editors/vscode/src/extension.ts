// Connects what the server tells to what the user sees. It draws and it asks; what a cell, a session
// or a result is, the server decides.
import * as vscode from "vscode";
import { CellOwner } from "./cellOwner";
import { registerCommands } from "./commands";
import { registerConsole } from "./consoleTerminal";
import { registerDebugging } from "./debugging";
import { Installer } from "./installing";
import { registerNotebooks, type Notebooks } from "./notebooks";
import { BlobStore } from "./outputs/blobStore";
import { OutputPanel } from "./outputs/outputPanel";
import { registerPlots } from "./plots";
import {
  Notifications,
  Queries,
  Requests,
  type Blob,
  type CommEvent,
  type ExecutionFinished,
  type ExecutionStarted,
  type InputParams,
  type InputResult,
  type Output,
  type Presence,
  type Status,
} from "./protocol";
import { Server } from "./server";
import { registerServerDocuments } from "./serverDocuments";
import { registerSessions } from "./sessions";
import { Settings } from "./settings";
import { StatusBar } from "./statusBar";
import { Tables } from "./table";
import { registerVariables } from "./variables";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const storage = context.globalStorageUri;
  const status = new StatusBar();
  const blobs: BlobStore = new BlobStore((asked) => started.query<Blob>(Queries.blob, asked));
  const query = <Result>(method: string, params: object) => started.query<Result>(method, params);
  const panel: OutputPanel = new OutputPanel(context.extensionUri, blobs, query, context.workspaceState);
  const settings = new Settings();
  const owner = new CellOwner(context.globalState, () => void server?.redrawLenses());
  const installer = new Installer(storage, () => started.restart());
  const started = new Server(settings, owner, () => panel.seen(), storage, (command) => void installer.explain(command));
  server = started;
  const tables = new Tables(started, context.extensionUri);
  context.subscriptions.push(
    status,
    panel,
    settings,
    owner,
    started,
    ...registerCommands(started, panel),
    registerServerDocuments(started),
    registerSessions(started),
    tables,
    registerVariables(started, (uri, path) => tables.view(uri, path)),
    registerDebugging(started),
    registerPlots(context, started, blobs, (id) => panel.revealCell(id)),
    registerConsole(started, (uri) => status.sessionOf(uri)),
    vscode.commands.registerCommand("vivo.install", () => installer.install()),
  );
  listen(started, status, panel, registerNotebooks(context, started));
  void started.restart(); // an editor that starts waits for nobody
  void settings.follow();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function listen(server: Server, status: StatusBar, panel: OutputPanel, notebooks: Notebooks): void {
  server.onDidChange((isThere) => status.serverChanged(isThere));
  server.onDidChange(() => panel.widgets.serverChanged());
  server.hear(Notifications.status, (told: Status) => {
    status.told(told);
    panel.widgets.statusChanged(told);
  });
  server.hear(Notifications.presence, (told: Presence) => status.toldPresence(told));
  server.hear(Notifications.comm, (told: CommEvent) => panel.widgets.heard(told));
  server.hear(Notifications.executionStarted, (data: ExecutionStarted) => {
    status.serves(data.uri, data.sessionId);
    if (!notebooks.shows(data.uri)) {
      panel.add({ type: "started", data });
    }
  });
  server.hear(Notifications.output, (data: Output) => {
    if (!notebooks.shows(data.uri)) {
      panel.add({ type: "output", data });
    }
  });
  server.hear(Notifications.executionFinished, (data: ExecutionFinished) => {
    if (!notebooks.shows(data.uri)) {
      panel.add({ type: "finished", data });
    }
  });
  server.announce("input");
  server.announce("blobs");
  server.announce("comms");
  server.answer(Requests.input, askForInput);
}

async function askForInput(asked: InputParams): Promise<InputResult> {
  const value = await vscode.window.showInputBox({
    title: "vivo: the running cell asks",
    prompt: asked.prompt,
    password: asked.password,
    ignoreFocusOut: true,
  });
  return { value: value ?? null };
}
