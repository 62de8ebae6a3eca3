// What a request that failed leads to: the server's sentence, and the ways on.
import * as vscode from "vscode";

const WAYS: Record<string, string> = {
  "Choose Interpreter…": "vivo.chooseInterpreter",
  "Show Log": "vivo.showLog",
};

/** Tell why something could not be done. */
export async function explain(error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const way = await vscode.window.showErrorMessage(`vivo: ${message}`, ...Object.keys(WAYS));
  if (way) {
    await vscode.commands.executeCommand(WAYS[way] ?? "vivo.menu");
  }
}
