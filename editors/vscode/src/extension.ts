// Starts the language server and connects what it tells to what the user sees. It draws and it
// asks; what a cell, a session or a result is, the server decides.
import * as vscode from "vscode";
import { LanguageClient, TransportKind, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
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
import { StatusBar } from "./statusBar";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const status = new StatusBar();
  const panel = new OutputPanel(context.extensionUri);
  context.subscriptions.push(status, panel);
  client = makeClient();
  listen(client, status, panel);
  context.subscriptions.push(...registerCommands(client, panel));
  try {
    await client.start();
  } catch (error) {
    status.failed();
    await explainFailure(error);
  }
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

function makeClient(): LanguageClient {
  const settings = vscode.workspace.getConfiguration("vivo");
  const [command = "vivo", ...args] = settings.get<string[]>("server.command", ["vivo", "lsp"]);
  const server: ServerOptions = { command, args, transport: TransportKind.stdio };
  const options: LanguageClientOptions = {
    documentSelector: [
      { language: "python", scheme: "file" },
      { language: "python", scheme: "untitled" },
      { language: "python", scheme: "vscode-remote" },
    ],
    initializationOptions: { python: settings.get<string>("python") || null },
  };
  const made = new LanguageClient("vivo", "vivo", server, options);
  made.registerFeature({
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = { ...(capabilities.experimental as object), vivo: { input: true } };
    },
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  });
  return made;
}

function listen(server: LanguageClient, status: StatusBar, panel: OutputPanel): void {
  server.onNotification(Notifications.status, (told: Status) => {
    status.show(told);
    void vscode.commands.executeCommand("setContext", "vivo.busy", told.state === "busy");
  });
  server.onNotification(Notifications.executionStarted, (started: ExecutionStarted) => panel.started(started));
  server.onNotification(Notifications.output, (output: Output) => panel.add(output));
  server.onNotification(Notifications.executionFinished, (finished: ExecutionFinished) => panel.finished(finished));
  server.onRequest(Requests.input, async (asked: InputParams): Promise<InputResult> => {
    const value = await vscode.window.showInputBox({
      prompt: asked.prompt || "The running cell asks for input",
      password: asked.password,
      ignoreFocusOut: true,
    });
    return { value: value ?? null };
  });
}

async function explainFailure(error: unknown): Promise<void> {
  const choose = "Open the setting";
  const told = error instanceof Error ? error.message : String(error);
  const answer = await vscode.window.showErrorMessage(
    `vivo's language server did not start (${told}). Install vivo, and name its command in vivo.server.command.`,
    choose,
  );
  if (answer === choose) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "vivo.server.command");
  }
}
