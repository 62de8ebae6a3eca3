// Connects what the server tells to what the user sees. It draws and it asks; what a cell, a session
// or a result is, the server decides.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { registerCommands } from "./commands";
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
  server = new Server(
    (client) => listen(client, status, panel),
    () => panel.seen(),
    (isThere) => status.serverChanged(isThere),
  );
  context.subscriptions.push(status, panel, server, ...registerCommands(server, panel));
  await server.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function listen(client: LanguageClient, status: StatusBar, panel: OutputPanel): void {
  client.onNotification(Notifications.status, (told: Status) => status.told(told));
  client.onNotification(Notifications.executionStarted, (data: ExecutionStarted) => {
    status.serves(data.uri, data.sessionId);
    panel.add({ type: "started", data });
  });
  client.onNotification(Notifications.output, (data: Output) => panel.add({ type: "output", data }));
  client.onNotification(Notifications.executionFinished, (data: ExecutionFinished) =>
    panel.add({ type: "finished", data }),
  );
  client.onRequest(Requests.input, askForInput);
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
