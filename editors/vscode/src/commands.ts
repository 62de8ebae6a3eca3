// The editor's commands: each asks the server for one of its own, about the active editor.
import * as vscode from "vscode";
import type { OutputPanel } from "./outputPanel";
import { Commands, type InterruptResult, type RunStarted } from "./protocol";
import { type Server, Told } from "./server";

type Ask = (editor: vscode.TextEditor) => Promise<unknown>;

export function registerCommands(server: Server, panel: OutputPanel): vscode.Disposable[] {
  const atCursor = (command: string) => (editor: vscode.TextEditor) =>
    server.ask<RunStarted>(command, editor.document, { position: editor.selection.active });
  const ofDocument = (command: string) => (editor: vscode.TextEditor) => server.ask(command, editor.document);
  const advancing = new Queue();

  const asks: Record<string, Ask> = {
    "vivo.runCell": atCursor(Commands.runCell),
    "vivo.runAbove": atCursor(Commands.runAbove),
    "vivo.runAll": ofDocument(Commands.runAll),
    "vivo.restart": ofDocument(Commands.restart),
    "vivo.clear": ofDocument(Commands.clear),
    "vivo.runCellAndAdvance": (editor) =>
      advancing.next(async () => advance(editor, await atCursor(Commands.runCell)(editor))),
    "vivo.runSelection": ({ document, selection: { start, end } }) =>
      server.ask<RunStarted>(Commands.runSelection, document, { range: { start, end } }),
    "vivo.runFile": async ({ document }) => {
      if (await document.save()) {
        await server.ask<RunStarted>(Commands.runFile, document);
      }
    },
    "vivo.interrupt": async ({ document }) => {
      const { outcome } = await server.ask<InterruptResult>(Commands.interrupt, document);
      if (outcome === "idle") {
        vscode.window.setStatusBarMessage("vivo: nothing runs", 3000);
      }
    },
  };
  return [
    ...Object.entries(asks).map(([name, ask]) => vscode.commands.registerCommand(name, () => withEditor(ask))),
    vscode.commands.registerCommand("vivo.showOutput", () => panel.reveal()),
    vscode.commands.registerCommand("vivo.clearOutput", () => panel.clear()),
    vscode.commands.registerCommand("vivo.restartServer", () => server.restart()),
    vscode.commands.registerCommand("vivo.menu", menu),
  ];
}

/** One after the other: a second shift+enter sees the cursor where the first has put it. */
class Queue {
  private last: Promise<void> = Promise.resolve();

  next(work: () => Promise<void>): Promise<void> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => undefined); // its own caller hears of it
    return mine;
  }
}

// With the panel in front no editor is active: its file is the one seen beside it.
function currentEditor(): vscode.TextEditor | undefined {
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  return activeTextEditor ?? visibleTextEditors.find(({ document }) => document.languageId === "python");
}

async function withEditor(ask: Ask): Promise<void> {
  const editor = currentEditor();
  if (editor?.document.languageId !== "python") {
    vscode.window.showInformationMessage("vivo: open a Python file first.");
    return;
  }
  try {
    await ask(editor);
  } catch (error) {
    if (!(error instanceof Told)) {
      vscode.window.showErrorMessage(`vivo: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

// To the first line after the next cell's mark.
function advance(editor: vscode.TextEditor, { next }: RunStarted): void {
  if (!next) {
    return;
  }
  const line = editor.document.lineAt(Math.min(next.line, editor.document.lineCount - 1));
  const isMark = line.text.startsWith("#") && line.lineNumber + 1 < editor.document.lineCount;
  const target = new vscode.Position(line.lineNumber + (isMark ? 1 : 0), 0);
  editor.selection = new vscode.Selection(target, target);
  editor.revealRange(new vscode.Range(target, target), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

async function menu(): Promise<void> {
  const picked = await vscode.window.showQuickPick(
    [
      { label: "$(run-all) Run All Cells", command: "vivo.runAll" },
      { label: "$(debug-stop) Interrupt", command: "vivo.interrupt" },
      { label: "$(debug-restart) Restart Session", command: "vivo.restart" },
      { label: "$(output) Show Output", command: "vivo.showOutput" },
      { label: "$(clear-all) Clear Values", command: "vivo.clear" },
      { label: "$(sync) Restart Language Server", command: "vivo.restartServer" },
    ],
    { title: "vivo" },
  );
  if (picked) {
    await vscode.commands.executeCommand(picked.command);
  }
}
