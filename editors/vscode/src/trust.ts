// What a workspace that the user has not trusted may not: run code. The server refuses it too.
import * as vscode from "vscode";
import { Commands } from "./protocol";

const RUNS_CODE = new Set<string>([
  Commands.runCell,
  Commands.runCells,
  Commands.runAbove,
  Commands.runBelow,
  Commands.runToHere,
  Commands.runAll,
  Commands.runSelection,
  Commands.runFile,
  Commands.runText,
  Commands.restart,
  Commands.restartAndRunToHere,
  Commands.restartAndRunAll,
  Commands.debug,
  Commands.debugCell,
  Commands.debugFile,
  Commands.sendToCluster,
  Commands.clusterStart,
]);

/** Whether a command may be sent; if not, the user is told why. */
export function mayRun(command: string): boolean {
  if (vscode.workspace.isTrusted || !RUNS_CODE.has(command)) {
    return true;
  }
  void explainTrust();
  return false;
}

async function explainTrust(): Promise<void> {
  const manage = "Manage Workspace Trust";
  const answer = await vscode.window.showWarningMessage(
    "vivo runs no code of a workspace that you have not trusted.",
    manage,
  );
  if (answer === manage) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
}
