// The editor's commands: each asks the server for one of its own, about the active editor.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { OutputPanel } from "./outputPanel";
import { Commands, type InterruptResult, type RunStarted } from "./protocol";

type Ask = (editor: vscode.TextEditor) => Promise<void>;

export function registerCommands(client: LanguageClient, panel: OutputPanel): vscode.Disposable[] {
  const uriOf = (editor: vscode.TextEditor) => client.code2ProtocolConverter.asUri(editor.document.uri);
  const run = <T>(command: string, argument: object) =>
    client.sendRequest<T>("workspace/executeCommand", { command, arguments: [argument] });
  const positioned = (editor: vscode.TextEditor) => ({ uri: uriOf(editor), position: editor.selection.active });

  const asks: Record<string, Ask> = {
    "vivo.runCell": async (editor) => {
      await run<RunStarted>(Commands.runCell, positioned(editor));
    },
    "vivo.runCellAndAdvance": async (editor) => {
      advance(editor, await run<RunStarted>(Commands.runCell, positioned(editor)));
    },
    "vivo.runAbove": async (editor) => {
      await run<RunStarted>(Commands.runAbove, positioned(editor));
    },
    "vivo.runAll": async (editor) => {
      await run<RunStarted>(Commands.runAll, { uri: uriOf(editor) });
    },
    "vivo.runSelection": async (editor) => {
      const { start, end } = editor.selection;
      await run<RunStarted>(Commands.runSelection, { uri: uriOf(editor), range: { start, end } });
    },
    "vivo.runFile": async (editor) => {
      await editor.document.save();
      await run<RunStarted>(Commands.runFile, { uri: uriOf(editor) });
    },
    "vivo.interrupt": async (editor) => {
      const { outcome } = await run<InterruptResult>(Commands.interrupt, { uri: uriOf(editor) });
      if (outcome === "idle") {
        vscode.window.setStatusBarMessage("vivo: nothing runs", 3000);
      }
    },
    "vivo.restart": async (editor) => {
      await run(Commands.restart, { uri: uriOf(editor) });
    },
    "vivo.clear": async (editor) => {
      await run(Commands.clear, { uri: uriOf(editor) });
    },
  };
  const registered = Object.entries(asks).map(([name, ask]) =>
    vscode.commands.registerCommand(name, () => (name === "vivo.runCellAndAdvance" ? inOrder(ask) : withEditor(ask))),
  );
  registered.push(vscode.commands.registerCommand("vivo.showOutput", () => panel.reveal()));
  registered.push(vscode.commands.registerCommand("vivo.menu", menu));
  return registered;
}

// One after the other: the next shift+enter sees the cursor where the last one has put it.
let lastAdvance: Promise<void> | undefined;

async function inOrder(ask: Ask): Promise<void> {
  const before = lastAdvance;
  const mine = before ? before.then(() => withEditor(ask)) : withEditor(ask);
  lastAdvance = mine;
  await mine;
  if (lastAdvance === mine) {
    lastAdvance = undefined;
  }
}

async function withEditor(ask: Ask): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.document.languageId !== "python") {
    vscode.window.showInformationMessage("vivo: open a Python file first.");
    return;
  }
  try {
    await ask(editor);
  } catch (error) {
    vscode.window.showErrorMessage(`vivo: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function advance(editor: vscode.TextEditor, started: RunStarted): void {
  if (!started.next) {
    return;
  }
  const line = editor.document.lineAt(Math.min(started.next.line, editor.document.lineCount - 1));
  const firstCode = line.text.startsWith("#") && line.lineNumber + 1 < editor.document.lineCount;
  const target = new vscode.Position(line.lineNumber + (firstCode ? 1 : 0), 0);
  editor.selection = new vscode.Selection(target, target);
  editor.revealRange(new vscode.Range(target, target), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

async function menu(): Promise<void> {
  const picked = await vscode.window.showQuickPick(
    [
      { label: "$(play) Run All Cells", command: "vivo.runAll" },
      { label: "$(debug-stop) Interrupt", command: "vivo.interrupt" },
      { label: "$(debug-restart) Restart Session", command: "vivo.restart" },
      { label: "$(output) Show Output", command: "vivo.showOutput" },
      { label: "$(clear-all) Clear Values", command: "vivo.clear" },
    ],
    { title: "vivo" },
  );
  if (picked) {
    await vscode.commands.executeCommand(picked.command);
  }
}
