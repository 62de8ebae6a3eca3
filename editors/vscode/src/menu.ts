// What a click on the status bar offers.
import * as vscode from "vscode";

const ROWS: (readonly [icon: string, title: string, command: string] | null)[] = [
  ["run-all", "Run All Cells", "vivo.runAll"],
  ["debug-stop", "Interrupt", "vivo.interrupt"],
  ["clear-all", "Empty the Queue", "vivo.cancelQueue"],
  ["debug-restart", "Restart Session", "vivo.restart"],
  ["debug-rerun", "Restart and Run All Cells", "vivo.restartAndRunAll"],
  null,
  ["vm-connect", "Choose Session…", "vivo.chooseSession"],
  ["symbol-namespace", "Choose Interpreter…", "vivo.chooseInterpreter"],
  ["edit", "Rename Session…", "vivo.renameSession"],
  ["trash", "End Session…", "vivo.endSession"],
  null,
  ["output", "Show Output", "vivo.showOutput"],
  ["terminal", "Open Console", "vivo.openConsole"],
  ["export", "Export…", "vivo.exportDocument"],
  ["clear-all", "Clear Values", "vivo.clear"],
  ["sync", "Restart Language Server", "vivo.restartServer"],
  ["info", "Show Server Log", "vivo.showLog"],
];

export async function menu(): Promise<void> {
  const rows = ROWS.map((row) =>
    row
      ? { label: `$(${row[0]}) ${row[1]}`, command: row[2] }
      : { label: "", kind: vscode.QuickPickItemKind.Separator, command: "" },
  );
  const picked = await vscode.window.showQuickPick(rows, { title: "vivo" });
  if (picked?.command) {
    await vscode.commands.executeCommand(picked.command);
  }
}
