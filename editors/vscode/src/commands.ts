// The editor's commands: each asks the server for one of its own, about the active editor.
import * as vscode from "vscode";
import { chooseInterpreter } from "./choosing/interpreters";
import { chooseSession, endSession, renameSession } from "./choosing/sessions";
import { copy } from "./copying";
import { exportDocument } from "./exporting";
import { explain } from "./explaining";
import { menu } from "./menu";
import type { OutputPanel } from "./outputs/outputPanel";
import { type CancelResult, Commands, type CopiedText, type InterruptResult, type RunStarted } from "./protocol";
import { sessionOfPage } from "./schemes";
import { sendToCluster, sendToEngines } from "./sendingToCluster";
import { type Server, Told } from "./server";

type Ask = (editor: vscode.TextEditor) => Promise<unknown>;

export function registerCommands(server: Server, panel: OutputPanel): vscode.Disposable[] {
  const atCursor =
    (command: string, more: object = {}) =>
    (editor: vscode.TextEditor) =>
      server.ask<RunStarted>(command, editor.document, { position: editor.selection.active, ...more });
  const ofDocument = (command: string) => (editor: vscode.TextEditor) => server.ask(command, editor.document);
  const copied = (command: string) => async (editor: vscode.TextEditor) =>
    copy(await server.ask<CopiedText>(command, editor.document, { position: editor.selection.active }));
  const inOrder = new Queue();

  const asks: Record<string, Ask> = {
    "vivo.runCell": atCursor(Commands.runCell),
    "vivo.runAbove": atCursor(Commands.runAbove),
    "vivo.runBelow": atCursor(Commands.runBelow),
    "vivo.runToHere": atCursor(Commands.runToHere),
    "vivo.restartAndRunToHere": atCursor(Commands.restartAndRunToHere),
    "vivo.runAll": ofDocument(Commands.runAll),
    "vivo.restartAndRunAll": ofDocument(Commands.restartAndRunAll),
    "vivo.restart": ofDocument(Commands.restart),
    "vivo.clear": ofDocument(Commands.clear),
    "vivo.clearValue": atCursor(Commands.clear),
    "vivo.pinValue": atCursor(Commands.pinValue, { pinned: true }),
    "vivo.unpinValue": atCursor(Commands.pinValue, { pinned: false }),
    "vivo.copyValue": copied(Commands.copyValue),
    "vivo.copyTraceback": copied(Commands.copyTraceback),
    "vivo.runCellAndAdvance": (editor) =>
      inOrder.next(async () => advance(editor, await atCursor(Commands.runCell)(editor))),
    "vivo.runCellAndInsert": (editor) =>
      inOrder.next(async () => insertBelow(editor, await atCursor(Commands.runCell)(editor))),
    "vivo.runSelection": ({ document, selection: { start, end } }) =>
      server.ask<RunStarted>(Commands.runSelection, document, { range: { start, end } }),
    "vivo.runFile": async ({ document }) => {
      if (await document.save()) {
        await server.ask<RunStarted>(Commands.runFile, document);
      }
    },
    "vivo.inspect": async (editor) => {
      const { document, selection } = editor;
      const word = selection.isEmpty ? document.getWordRangeAtPosition(selection.active, /[\p{L}_][\p{L}\p{N}_.]*/u) : selection;
      const name = word && document.getText(word).trim();
      if (name) {
        await server.ask<RunStarted>(Commands.runText, document, { text: `${name}?` });
      }
    },
    "vivo.cancelQueue": async ({ document }) => {
      const { executionIds } = await server.ask<CancelResult>(Commands.cancelAll, document);
      vscode.window.setStatusBarMessage(`vivo: ${executionIds.length || "no"} waiting cells were taken out`, 3000);
    },
    "vivo.chooseSession": ({ document }) => chooseSession(server, document),
    "vivo.chooseInterpreter": ({ document }) => chooseInterpreter(server, document),
    "vivo.sendToCluster": (editor) => sendToCluster(server, editor, "cell"),
    "vivo.sendSelectionToCluster": (editor) => sendToCluster(server, editor, "selection"),
    "vivo.sendFileToCluster": (editor) => sendToCluster(server, editor, "file"),
    "vivo.sendToEngines": (editor) => sendToEngines(server, editor),
  };
  const others: Record<string, () => unknown> = {
    "vivo.interrupt": () => {
      const page = vscode.window.activeTextEditor?.document.uri;
      const sessionId = page && sessionOfPage(page);
      return sessionId
        ? told(() => interrupt(server, { sessionId }))
        : withEditor(({ document }) => interrupt(server, { uri: document.uri.toString() }));
    },
    "vivo.showOutput": () => panel.reveal(),
    "vivo.showOutputOfCell": () => panel.showOutputOfCell(server),
    "vivo.clearOutput": () => panel.clear(),
    "vivo.restartServer": () => server.restart(),
    "vivo.showLog": () => server.showLog(),
    "vivo.openWalkthrough": () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", "vivo.vivo#start", false),
    "vivo.exportDocument": () => {
      const notebook = vscode.window.activeNotebookEditor?.notebook.uri;
      return notebook ? told(() => exportDocument(server, notebook)) : withEditor((editor) => exportDocument(server, editor.document.uri));
    },
    "vivo.renameSession": () => told(() => renameSession(server)),
    "vivo.endSession": () => told(() => endSession(server)),
    "vivo.menu": menu,
  };
  return [
    ...Object.entries(asks).map(([name, ask]) => vscode.commands.registerCommand(name, () => withEditor(ask))),
    ...Object.entries(others).map(([name, does]) => vscode.commands.registerCommand(name, does)),
  ];
}

async function interrupt(server: Server, what: { uri: string } | { sessionId: string }): Promise<void> {
  const { outcome } = await server.command<InterruptResult>(Commands.interrupt, what);
  if (outcome === "idle") {
    vscode.window.setStatusBarMessage("vivo: nothing runs", 3000);
  }
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
    await offerFile();
    return;
  }
  await told(() => ask(editor));
}

/** Do something; what goes wrong is told in a sentence, with ways on. */
export async function told(does: () => Promise<unknown>): Promise<void> {
  try {
    await does();
  } catch (error) {
    if (!(error instanceof Told)) {
      void explain(error);
    }
  }
}

async function offerFile(): Promise<void> {
  const make = "New Python File";
  const answer = await vscode.window.showInformationMessage("vivo: open a Python file first.", make);
  if (answer === make) {
    const document = await vscode.workspace.openTextDocument({ language: "python", content: "# %%\n" });
    const editor = await vscode.window.showTextDocument(document);
    select(editor, 1);
  }
}

// To the first line after the next cell's mark.
function advance(editor: vscode.TextEditor, { next }: RunStarted): void {
  if (!next) {
    return;
  }
  const line = editor.document.lineAt(Math.min(next.line, editor.document.lineCount - 1));
  const isMark = line.text.startsWith("#") && line.lineNumber + 1 < editor.document.lineCount;
  select(editor, line.lineNumber + (isMark ? 1 : 0));
}

// A new cell where the next one starts.
async function insertBelow(editor: vscode.TextEditor, { next }: RunStarted): Promise<void> {
  const { document } = editor;
  const line = next?.line ?? document.lineCount;
  const isAtEnd = line >= document.lineCount;
  const place = isAtEnd ? document.lineAt(document.lineCount - 1).range.end : new vscode.Position(line, 0);
  const gap = isAtEnd && document.lineAt(document.lineCount - 1).text ? "\n\n" : "";
  const first = place.line + gap.length;
  await editor.edit((edit) => edit.insert(place, `${gap}# %%\n${isAtEnd ? "" : "\n\n"}`));
  select(editor, first + 1);
}

function select(editor: vscode.TextEditor, line: number): void {
  const target = new vscode.Position(line, 0);
  editor.selection = new vscode.Selection(target, target);
  editor.revealRange(new vscode.Range(target, target), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
