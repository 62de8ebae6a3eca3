// The terminal profile "vivo console": a console on the session of the active file.
import * as path from "node:path";
import * as vscode from "vscode";
import type { Server } from "./server";

export function registerConsole(
  server: Server,
  sessionOf: (uri: vscode.Uri) => string | undefined,
): vscode.Disposable {
  const options = (): vscode.TerminalOptions => {
    const uri = vscode.window.activeTextEditor?.document.uri;
    const session = uri && sessionOf(uri);
    const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
    const cwd = folder?.uri ?? (uri?.scheme === "file" ? vscode.Uri.file(path.dirname(uri.fsPath)) : undefined);
    const { command = "vivo", args = [] } = server.program ?? {};
    // The server's own command, with the console in the place of `lsp`.
    const words = [...args.slice(0, Math.max(0, args.lastIndexOf("lsp"))), "console"];
    return {
      name: "vivo console",
      iconPath: new vscode.ThemeIcon("terminal"),
      shellPath: command,
      shellArgs: session ? [...words, "--session", session] : words,
      cwd,
    };
  };
  return vscode.Disposable.from(
    vscode.window.registerTerminalProfileProvider("vivo.console", {
      provideTerminalProfile: () => new vscode.TerminalProfile(options()),
    }),
    vscode.commands.registerCommand("vivo.openConsole", () => vscode.window.createTerminal(options()).show()),
  );
}
