// Which program is the server: the one of the settings, else the one that was installed for this editor.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";

export const COMMAND_SETTING = "vivo.server.command";

/** A command and its arguments, and whether there is such a program. */
export interface ServerProgram {
  command: string;
  args: string[];
  isThere: boolean;
}

/** Where vivo is put that is installed for this editor. */
export function ownEnvironment(storage: vscode.Uri): string {
  return path.join(storage.fsPath, "server");
}

/** The server's program, found anew at each call: it may have been installed meanwhile. */
export async function findServer(storage: vscode.Uri): Promise<ServerProgram> {
  const words = vscode.workspace.getConfiguration().get<string[]>(COMMAND_SETTING) ?? [];
  const [named = "vivo", ...args] = words;
  const command = named.replace(/^~(?=\/)/, homedir());
  if (await findProgram(command)) {
    return { command, args, isThere: true };
  }
  const own = path.join(ownEnvironment(storage), "bin", "vivo");
  if (isDefault() && (await findProgram(own))) {
    return { command: own, args, isThere: true };
  }
  return { command, args, isThere: false };
}

/** Whether the user has named no server. */
export function isDefault(): boolean {
  const set = vscode.workspace.getConfiguration().inspect(COMMAND_SETTING);
  return set?.globalValue === undefined;
}

/** The full path of a program; nothing if there is none. */
export async function findProgram(command: string): Promise<string | undefined> {
  const folders = command.includes("/") ? [""] : (process.env["PATH"] ?? "").split(path.delimiter);
  for (const folder of folders) {
    const file = path.join(folder, command);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}
