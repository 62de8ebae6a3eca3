// Texts of the server's that go to the clipboard.
import * as vscode from "vscode";
import type { CopiedText } from "./protocol";

/** Put a text of the server's on the clipboard, and say so for a moment. */
export async function copy({ text }: CopiedText): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  const lines = text.split("\n").length;
  vscode.window.setStatusBarMessage(`vivo: copied ${lines === 1 ? `${text.length} characters` : `${lines} lines`}`, 3000);
}
