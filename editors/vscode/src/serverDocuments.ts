// Read-only documents of the server's: pages of `obj?`, and the text that ran where it stands in no file.
import * as vscode from "vscode";
import { type DocumentContent, Queries } from "./protocol";
import { SCHEMES } from "./schemes";
import type { Server } from "./server";

const changed = new vscode.EventEmitter<vscode.Uri>();

/** Show one of them beside the code, as it is now. */
export async function showServerDocument(scheme: string, session: string, title: string): Promise<void> {
  const uri = vscode.Uri.from({ scheme, path: `/${session}/${title.replaceAll("/", "∕")}` });
  changed.fire(uri);
  await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside, preview: false });
}

export function registerServerDocuments(server: Server): vscode.Disposable {
  server.announce("documents");
  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changed.event,
    async provideTextDocumentContent(uri) {
      const content = await server.query<DocumentContent>(Queries.document, { uri: uri.toString() });
      const open = vscode.workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
      if (open && open.languageId !== content.languageId) {
        void vscode.languages.setTextDocumentLanguage(open, content.languageId);
      }
      return content.text;
    },
  };
  return vscode.Disposable.from(
    ...SCHEMES.map((scheme) => vscode.workspace.registerTextDocumentContentProvider(scheme, provider)),
  );
}
