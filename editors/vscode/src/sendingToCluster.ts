// Code that goes to the engines of a cluster, and to which of them.
import * as vscode from "vscode";
import { type ClusterStatus, Commands } from "./protocol";
import type { Server } from "./server";

export type What = "cell" | "selection" | "file";
type Target = "all" | "balanced" | number[];

interface Row extends vscode.QuickPickItem {
  target: Target;
}

/** Send what the editor shows; to all engines, or as chosen for the cell. */
export async function sendToCluster(server: Server, editor: vscode.TextEditor, what: What, target?: Target): Promise<void> {
  const { active, start, end } = editor.selection;
  await server.ask(Commands.sendToCluster, editor.document, {
    what,
    position: active,
    ...(what === "selection" ? { range: { start, end } } : {}),
    ...(target === undefined ? {} : { target }),
  });
}

/** Ask which engines are meant, then send the selection or the cell. */
export async function sendToEngines(server: Server, editor: vscode.TextEditor): Promise<void> {
  const { engines } = await server.ask<ClusterStatus>(Commands.clusterStatus, editor.document);
  const up = engines.filter(({ state }) => state === "up");
  const rows: Row[] = [
    { label: "All Engines", description: up.length ? String(up.length) : "the cluster is started", target: "all" },
    { label: "One That Is Free", description: "load-balanced", target: "balanced" },
    ...up.map(({ number, host, tasks }) => ({
      label: `Engine ${number}`,
      description: [host, tasks ? `${tasks} tasks` : "idle"].filter(Boolean).join(" · "),
      target: [number],
    })),
  ];
  const picked = await vscode.window.showQuickPick(rows, { title: "vivo: send to which engines?" });
  if (picked) {
    await sendToCluster(server, editor, editor.selection.isEmpty ? "cell" : "selection", picked.target);
  }
}
