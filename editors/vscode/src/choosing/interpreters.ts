// Which interpreter runs the cells of the active file. They are found by looking at files: none is run.
import * as vscode from "vscode";
import { Commands, type InterpreterInfo, type InterpreterList, type SessionInfo } from "../protocol";
import type { Server } from "../server";

interface Row extends vscode.QuickPickItem {
  interpreter?: InterpreterInfo;
}

export async function chooseInterpreter(server: Server, document: vscode.TextDocument): Promise<void> {
  const { interpreters, trusted } = await server.ask<InterpreterList>(Commands.interpreters, document);
  const rows: Row[] = interpreters.map((interpreter) => ({
    label: `${interpreter.chosen ? "$(check) " : ""}${interpreter.version ? `Python ${interpreter.version}` : "Python"}`,
    description: `${interpreter.kind}${interpreter.name ? ` · ${interpreter.name}` : ""}`,
    detail: interpreter.path + (interpreter.inWorkspace && !trusted ? " · of this workspace, which is not trusted" : ""),
    interpreter,
  }));
  const browse = { label: "$(folder-opened) Find…" };
  const picked = await vscode.window.showQuickPick<Row>([browse, ...rows], {
    title: "vivo: the interpreter of this file",
    placeHolder: rows.length ? "Nothing needs to be installed in it" : "None was found: look for one",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  const python = picked?.interpreter?.path ?? (picked && (await findFile()));
  if (!python) {
    return;
  }
  const session = await server.ask<SessionInfo>(Commands.useInterpreter, document, { python });
  vscode.window.setStatusBarMessage(`vivo: Python ${session.pythonVersion} runs the cells of this file`, 5000);
}

async function findFile(): Promise<string | undefined> {
  const found = await vscode.window.showOpenDialog({
    title: "An interpreter of Python, or the folder of an environment",
    canSelectFiles: true,
    canSelectFolders: true,
    canSelectMany: false,
  });
  return found?.[0]?.fsPath;
}
