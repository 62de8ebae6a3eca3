// Which files a session serves, which cluster a workspace uses, and a new session beside those that run.
import * as path from "node:path";
import * as vscode from "vscode";
import { nameOf } from "../choosing/sessions";
import { type ClusterList, Commands, type SessionInfo } from "../protocol";
import type { Server } from "../server";

/** Have a session serve one of the open Python files, or the folder of one. */
export async function attachFile(server: Server, session: SessionInfo): Promise<void> {
  const documents = vscode.workspace.textDocuments.filter(({ languageId, uri }) => languageId === "python" && ["file", "untitled"].includes(uri.scheme));
  if (!documents.length) {
    vscode.window.showInformationMessage("vivo: open a Python file first; then the session can serve it.");
    return;
  }
  const rows = documents.flatMap(({ uri }) => [
    { label: `$(file) ${vscode.workspace.asRelativePath(uri)}`, uri, scope: "document" },
    ...(uri.scheme === "file" ? [{ label: `$(folder) ${path.dirname(uri.fsPath)}`, uri, scope: "folder" }] : []),
  ]);
  const different = rows.filter(({ label }, index) => rows.findIndex((row) => row.label === label) === index);
  const picked = await vscode.window.showQuickPick(different, { title: `vivo: what does the session “${nameOf(session)}” serve?` });
  if (picked) {
    await server.command(Commands.useSession, { uri: picked.uri.toString(), sessionId: session.sessionId, scope: picked.scope });
  }
}

/** Start a session for the active file; those that run go on. */
export async function startSession(server: Server, uri: string | undefined): Promise<void> {
  if (!uri) {
    vscode.window.showInformationMessage("vivo: open a Python file first: the session is to serve it.");
    return;
  }
  const name = await vscode.window.showInputBox({ title: "vivo: the name of the new session", placeHolder: "may be left empty" });
  if (name !== undefined) {
    await server.command(Commands.useSession, { uri, new: true, name: name.trim() || null });
  }
}

/** Use a cluster that runs, or the workspace's own again. */
export async function attachCluster(server: Server, uri: string): Promise<void> {
  const clusters = (await server.command<ClusterList>(Commands.clusterList)).clusters.filter(({ state }) => state === "running");
  if (!clusters.length) {
    vscode.window.showInformationMessage("vivo: no cluster runs on this machine. “vivo: Start Cluster” starts one.");
    return;
  }
  const rows = [
    ...clusters.map(({ name, cwd, launcher }) => ({ label: `$(server-environment) ${name}`, description: launcher, detail: cwd, name: name as string | null })),
    { label: "$(discard) The Workspace's Own", description: "", detail: "", name: null },
  ];
  const picked = await vscode.window.showQuickPick(rows, { title: "vivo: use which cluster?" });
  if (picked) {
    await server.command(Commands.clusterUse, { uri, name: picked.name });
  }
}
