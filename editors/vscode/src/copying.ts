// What the server gives for the clipboard.
import * as vscode from "vscode";
import type { CopiedText } from "./protocol";

/** Put a text of the server's on the clipboard, and say so for a moment. */
export async function copy({ text }: CopiedText): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  const lines = text.split("\n").length;
  const what = lines > 1 ? `${lines} lines` : `${text.length} ${text.length === 1 ? "character" : "characters"}`;
  vscode.window.setStatusBarMessage(`vivo: copied ${what}`, 3000);
}
