// The view of sessions and the cluster: what runs on this machine, and what can be done with it.
import * as vscode from "vscode";
import { endSession, nameOf, placeOf, renameSession, SESSION_ICONS } from "../choosing/sessions";
import { aged, sized } from "../choosing/words";
import { told } from "../commands";
import {
  type ClusterStatus,
  Commands,
  type EngineInfo,
  Notifications,
  type SessionInfo,
  type SessionList,
} from "../protocol";
import type { Server } from "../server";
import { showServerDocument } from "../serverDocuments";
import { attachCluster, attachFile, startSession } from "./attaching";

type Node =
  | { kind: "session"; session: SessionInfo }
  | { kind: "cluster"; cluster: ClusterStatus }
  | { kind: "engine"; engine: EngineInfo };

const ENGINE_ICONS: Record<EngineInfo["state"], string> = {
  up: "server-process",
  dead: "error",
  stopped: "circle-slash",
  silent: "question",
};
const SETTLED = 150; // milliseconds in which several changes are one

export function registerSessions(server: Server): vscode.Disposable {
  const provider = new Sessions(server);
  const tree = vscode.window.createTreeView("vivo.sessions", { treeDataProvider: provider, showCollapseAll: true });
  const onSession = (does: (session: SessionInfo) => Promise<unknown>) => (node?: Node) => {
    const chosen = node ?? tree.selection[0];
    return chosen?.kind === "session" ? told(() => does(chosen.session).then(() => provider.refresh())) : undefined;
  };
  const onCluster = (does: (uri: string, name: string | undefined) => Promise<unknown>) => (node?: Node) => {
    const name = node?.kind === "cluster" ? node.cluster.name : undefined;
    const { uri } = provider;
    if (!uri) {
      vscode.window.showInformationMessage("vivo: open a Python file first: the cluster is its workspace's.");
      return undefined;
    }
    return told(() => does(uri, name).then(() => provider.refresh()));
  };
  const commands: Record<string, (node?: Node) => unknown> = {
    "vivo.refreshSessions": () => provider.refresh(),
    "vivo.useThisSession": onSession(({ sessionId }) => server.command(Commands.useSession, { uri: provider.uri, sessionId })),
    "vivo.interruptThisSession": onSession(({ sessionId }) => server.command(Commands.interrupt, { sessionId })),
    "vivo.restartThisSession": onSession(({ sessionId }) => server.command(Commands.restart, { sessionId })),
    "vivo.renameThisSession": onSession((session) => renameSession(server, session)),
    "vivo.endThisSession": onSession((session) => endSession(server, session)),
    "vivo.attachFile": onSession((session) => attachFile(server, session)),
    "vivo.startSession": () => told(() => startSession(server, provider.uri).then(() => provider.refresh())),
    "vivo.showTranscript": (node) => {
      const chosen = node ?? tree.selection[0];
      if (chosen?.kind === "session") {
        return told(() => showServerDocument("vivo-transcript", chosen.session.sessionId, `${nameOf(chosen.session)} transcript`));
      }
      return chosen?.kind === "engine"
        ? told(() => showServerDocument("vivo-transcript", chosen.engine.sessionId, `engine ${chosen.engine.number} transcript`))
        : undefined;
    },
    "vivo.showStack": (node) => {
      const chosen = node ?? tree.selection[0];
      return chosen?.kind === "session"
        ? told(() => showServerDocument("vivo-stack", chosen.session.sessionId, `${nameOf(chosen.session)} stack`))
        : undefined;
    },
    "vivo.attachCluster": () => onCluster((uri) => attachCluster(server, uri))(),
    "vivo.startCluster": onCluster((uri, name) => server.command(Commands.clusterStart, { uri, name: name ?? null })),
    "vivo.stopCluster": onCluster((uri, name) => server.command(Commands.clusterStop, { uri, name: name ?? null })),
    "vivo.scaleCluster": onCluster(async (uri, name) => {
      const text = await vscode.window.showInputBox({
        title: "vivo: how many more engines?",
        value: "1",
        validateInput: (value) => (/^[1-9]\d{0,4}$/.test(value) ? undefined : "A number from 1 on"),
      });
      return text ? server.command(Commands.clusterScale, { uri, add: Number(text), name: name ?? null }) : undefined;
    }),
    "vivo.endEngine": (node) =>
      onCluster((uri) =>
        node?.kind === "engine"
          ? server.command(Commands.clusterScale, { uri, remove: [node.engine.number] })
          : Promise.resolve(),
      )(),
  };
  return vscode.Disposable.from(
    tree,
    provider,
    ...Object.entries(commands).map(([name, does]) => vscode.commands.registerCommand(name, does)),
  );
}

class Sessions implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  uri: string | undefined;
  private settling: NodeJS.Timeout | undefined;
  private readonly change = new vscode.EventEmitter<void>();
  private readonly watching: vscode.Disposable;
  readonly onDidChangeTreeData = this.change.event;

  constructor(private readonly server: Server) {
    this.watching = vscode.Disposable.from(
      vscode.window.onDidChangeActiveTextEditor(() => this.follow()),
      server.onDidChange(() => this.refresh()),
    );
    server.hear(Notifications.status, () => this.refresh());
    server.hear(Notifications.presence, () => this.refresh());
    server.hear(Notifications.clusterStatus, () => this.refresh());
    this.follow();
  }

  refresh(): void {
    this.settling ??= setTimeout(() => {
      this.settling = undefined;
      this.change.fire();
    }, SETTLED);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node) {
      return node.kind === "cluster" ? node.cluster.engines.map((engine) => ({ kind: "engine", engine })) : [];
    }
    if (!this.server.isThere) {
      return [];
    }
    const { sessions } = await this.server.command<SessionList>(Commands.sessions);
    const cluster = await this.cluster();
    const engines = new Set(cluster?.engines.map(({ sessionId }) => sessionId)); // they stand below it
    const shown: Node[] = sessions
      .filter(({ state, sessionId }) => state !== "ended" && state !== "stale" && !engines.has(sessionId))
      .map((session) => ({ kind: "session", session }));
    return cluster && cluster.state !== "none" ? [...shown, { kind: "cluster", cluster }] : shown;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case "session":
        return sessionItem(node.session, node.session.serves?.includes(this.uri ?? "") ?? false);
      case "cluster":
        return clusterItem(node.cluster);
      case "engine":
        return engineItem(node.engine);
    }
  }

  dispose(): void {
    clearTimeout(this.settling);
    this.watching.dispose();
    this.change.dispose();
  }

  private async cluster(): Promise<ClusterStatus | undefined> {
    const { uri } = this;
    if (!uri) {
      return undefined;
    }
    try {
      // Watched: its changes are told from then on, also of one that has only now been started.
      return await this.server.command<ClusterStatus>(Commands.clusterStatus, { uri, watch: true });
    } catch {
      return undefined; // no workspace, no cluster
    }
  }

  private follow(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.languageId === "python" && document.uri.toString() !== this.uri) {
      this.uri = document.uri.toString();
      this.refresh();
    }
  }
}

function sessionItem(session: SessionInfo, isMine: boolean): vscode.TreeItem {
  const { state, pythonVersion, memory, created, queued, python, documents, host, people = [] } = session;
  const item = new vscode.TreeItem({ label: nameOf(session), highlights: isMine ? [[0, nameOf(session).length]] : [] });
  item.id = session.sessionId;
  const parts = [state, pythonVersion, memory === null ? "" : sized(memory), queued ? `${queued} waiting` : ""];
  parts.push(host ? `on ${host}` : "");
  if (people.length > 1) {
    parts.push(`${people.length} here`); // who is alone knows it
  }
  item.description = parts.filter(Boolean).join(" · ");
  item.iconPath = new vscode.ThemeIcon(SESSION_ICONS[state]);
  item.contextValue = `session.${state}`;
  const files = (documents ?? []).map((uri) => vscode.workspace.asRelativePath(vscode.Uri.parse(uri)));
  item.tooltip = [`Session ${session.sessionId}`, python, placeOf(session), `started ${aged(Date.now() / 1000 - created)} ago`, ...files, ...people.map((name) => `here: ${name}`)].join("\n");
  return item;
}

function clusterItem({ name, state, engines, awaited, queue, launcher, launching, problems }: ClusterStatus): vscode.TreeItem {
  const item = new vscode.TreeItem(`Cluster ${name}`, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `cluster ${name}`;
  const up = engines.filter((engine) => engine.state === "up").length;
  const tasks = Object.entries(queue).filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
  const parts = [state, `${up} engines`, awaited ? `${awaited} awaited` : "", ...tasks];
  item.description = parts.filter(Boolean).join(" · ");
  item.iconPath = new vscode.ThemeIcon(state === "starting" ? "loading~spin" : state === "killed" ? "error" : "server-environment");
  item.contextValue = `cluster.${state}`;
  item.tooltip = [`started by ${launcher}`, launching, ...problems].filter(Boolean).join("\n");
  return item;
}

function engineItem({ number, state, reason, host, pid, memory, tasks, done, failed, pythonVersion }: EngineInfo): vscode.TreeItem {
  const item = new vscode.TreeItem(`Engine ${number}`);
  item.id = `engine ${number}`;
  const load = [memory === null ? "" : sized(memory), tasks ? `${tasks} tasks` : "", failed ? `${failed} failed` : ""];
  item.description = [state === "up" ? "" : state, host, ...load].filter(Boolean).join(" · ");
  item.iconPath = new vscode.ThemeIcon(ENGINE_ICONS[state]);
  item.contextValue = `engine.${state}`;
  item.tooltip = [reason, `process ${pid ?? "unknown"}`, `Python ${pythonVersion ?? "unknown"}`, `${done} tasks done`].filter(Boolean).join("\n");
  return item;
}
