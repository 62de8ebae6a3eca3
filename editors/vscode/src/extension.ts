// Connects what the server tells to what the user sees. It draws and it asks; what a cell, a session
// or a result is, the server decides.
import * as vscode from "vscode";
import { registerCommands } from "./commands";
import { registerDebugging } from "./debugging";
import { registerNotebooks, type Notebooks } from "./notebooks";
import { OutputPanel } from "./outputPanel";
import {
  Notifications,
  Requests,
  type ExecutionFinished,
  type ExecutionStarted,
  type InputParams,
  type InputResult,
  type Output,
  type Status,
} from "./protocol";
import { Server } from "./server";
import { StatusBar } from "./statusBar";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const status = new StatusBar();
  const panel = new OutputPanel(context.extensionUri);
  server = new Server(() => panel.seen());
  context.subscriptions.push(status, panel, server, ...registerCommands(server, panel));
  context.subscriptions.push(registerDebugging(server));
  listen(server, status, panel, registerNotebooks(context, server));
  await server.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function listen(server: Server, status: StatusBar, panel: OutputPanel, notebooks: Notebooks): void {
  server.onDidChange((isThere) => status.serverChanged(isThere));
  server.hear(Notifications.status, (told: Status) => status.told(told));
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
