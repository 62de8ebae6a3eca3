// What a request that failed leads to: the server's sentence, and the ways on.
import * as vscode from "vscode";

const WAYS: Record<string, string> = {
  "Choose Interpreter…": "vivo.chooseInterpreter",
  "Show Log": "vivo.showLog",
};

/** Tell why something could not be done; another interpreter helps only where one is the matter. */
export async function explain(error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const ways = Object.keys(WAYS).filter((way) => !way.includes("Interpreter") || /interpreter|python/i.test(message));
  const way = await vscode.window.showErrorMessage(`vivo: ${message}`, ...ways);
  if (way) {
    await vscode.commands.executeCommand(WAYS[way] ?? "vivo.menu");
  }
}
