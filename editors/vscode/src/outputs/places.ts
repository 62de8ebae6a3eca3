// From an output to the code it comes from, and back.
//
// A cell moves while the text is edited: the range that the server told last is taken if the cell's text
// still stands there, else the place where the text stands now.
import * as vscode from "vscode";
import type { ExecutionFinished, ExecutionStarted } from "../protocol";

export function rangeOf(
  document: vscode.TextDocument,
  started: ExecutionStarted,
  finished?: ExecutionFinished,
): vscode.Range | undefined {
  const told = finished?.range ?? started.range;
  const range = told
    ? new vscode.Range(told.start.line, told.start.character, told.end.line, told.end.character)
    : undefined;
  const code = started.code.trim();
  if (range && (!code || document.getText(range).includes(code))) {
    return range;
  }
  const at = code ? document.getText().indexOf(code) : -1;
  return at < 0 ? range : new vscode.Range(document.positionAt(at), document.positionAt(at + code.length));
}

export async function revealCell(started: ExecutionStarted, finished?: ExecutionFinished): Promise<void> {
  if (!started.uri) {
    vscode.window.setStatusBarMessage("vivo: this ran in no document", 3000);
    return;
  }
  const uri = vscode.Uri.parse(started.uri, true);
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    await show(document, rangeOf(document, started, finished) ?? new vscode.Range(0, 0, 0, 0));
  } catch {
    // deleted, renamed, or closed without having been saved
    vscode.window.showInformationMessage(`vivo: ${uri.fsPath} cannot be opened: the document of this output is gone.`);
  }
}

/** Open the place of a frame of a traceback. @param line counted from 0 */
export async function revealFrame(path: string, line: number): Promise<void> {
  const uri = /^[a-z][a-z-]+:/i.test(path) && !/^[a-z]:\\/i.test(path) ? vscode.Uri.parse(path) : vscode.Uri.file(path);
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    await show(document, new vscode.Range(line, 0, line, 0));
  } catch {
    vscode.window.showInformationMessage(`vivo: ${path} cannot be opened: it is no file on this machine, or not text.`);
  }
}

async function show(document: vscode.TextDocument, range: vscode.Range): Promise<void> {
  const { tabGroups } = vscode.window;
  const isOpenIn = (group: vscode.TabGroup) =>
    group.tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === document.uri.toString());
  const viewColumn = tabGroups.all.find(isOpenIn)?.viewColumn ?? vscode.ViewColumn.One;
  const editor = await vscode.window.showTextDocument(document, { viewColumn, selection: new vscode.Range(range.start, range.start) });
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
