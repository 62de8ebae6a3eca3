// Read-only documents of the server's: pages of `obj?`, and the text that ran where it stands in no file.
import * as vscode from "vscode";
import { type DocumentContent, Queries } from "./protocol";
import type { Server } from "./server";

/** Of the documents that the server has itself. */
export const SCHEMES = ["vivo-page", "vivo-run"];

export function registerServerDocuments(server: Server): vscode.Disposable {
  server.announce("documents");
  const provider: vscode.TextDocumentContentProvider = {
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
