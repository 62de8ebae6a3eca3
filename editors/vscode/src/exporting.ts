// A script as a notebook, a notebook as a script, either as a page: the server converts, the user is asked where to.
import * as vscode from "vscode";
import { Commands, type ExportResult } from "./protocol";
import type { Server } from "./server";

type Form = "script" | "notebook" | "html";
const FORMS: Record<Form, { name: string; suffix: string }> = {
  script: { name: "Python script", suffix: "py" },
  notebook: { name: "Jupyter notebook", suffix: "ipynb" },
  html: { name: "HTML page", suffix: "html" },
};

/** Export a document beside itself, or where the user says. */
export async function exportDocument(server: Server, uri: vscode.Uri): Promise<void> {
  const isNotebook = uri.path.endsWith(".ipynb");
  const forms: Form[] = [isNotebook ? "script" : "notebook", "html"];
  const rows = forms.map((form) => ({ label: FORMS[form].name, form }));
  const picked = await vscode.window.showQuickPick(rows, { title: "vivo: export as" });
  if (!picked) {
    return;
  }
  const { name, suffix } = FORMS[picked.form];
  const target = await vscode.window.showSaveDialog({
    defaultUri: uri.with({ path: uri.path.replace(/(\.[^./]*)?$/, `.${suffix}`) }),
    filters: { [name]: [suffix] },
  });
  if (!target) {
    return;
  }
  // The dialogue has asked whether a file that exists is to be overwritten.
  const asked = { uri: uri.toString(), form: picked.form, path: target.fsPath, overwrite: true };
  const { path, messages } = await server.command<ExportResult>(Commands.exportDocument, asked);
  const open = "Open";
  const said = [`vivo: exported to ${path}.`, ...messages].join(" ");
  if ((await vscode.window.showInformationMessage(said, open)) === open) {
    await vscode.commands.executeCommand("vscode.open", target);
  }
}
