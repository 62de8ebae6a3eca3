// Which session serves the active file: a list of those that run, each with what it is doing.
import * as path from "node:path";
import * as vscode from "vscode";
import { Commands, type SessionInfo, type SessionList } from "../protocol";
import type { Server } from "../server";
import { aged, sized } from "./words";

interface Row extends vscode.QuickPickItem {
  session?: SessionInfo;
  does?: () => Promise<unknown>;
}

/** The icon of each state. */
export const SESSION_ICONS: Record<SessionInfo["state"], string> = {
  starting: "loading~spin",
  idle: "check",
  busy: "sync~spin",
  ended: "circle-slash",
  stale: "circle-slash",
  foreign: "vm",
  away: "debug-disconnect",
};

/** Ask which session serves a document, or its folder, from now on. */
export async function chooseSession(server: Server, document: vscode.TextDocument): Promise<void> {
  const { sessions } = await server.command<SessionList>(Commands.sessions);
  const mine = document.uri.toString();
  const running = sessions.filter(({ state }) => state !== "ended" && state !== "stale" && state !== "foreign");
  const use = (more: object) => server.ask(Commands.useSession, document, more);
  const elsewhere = async () => {
    const address = await askForHost("vivo: a session on another host", "its host, or ssh://host/ID if several run there");
    return address ? use({ sessionId: address }) : undefined;
  };
  const startElsewhere = async () => {
    const address = await askForHost("vivo: start a session on another host", "vivo must be installed there");
    return address ? use({ new: true, on: address }) : undefined;
  };
  const rows: Row[] = [
    ...running.map((session) => ({
      label: `$(${SESSION_ICONS[session.state]}) ${nameOf(session)}`,
      description: describe(session),
      detail: `${session.python} · ${placeOf(session)}${usedBy(session, mine)}`,
      session,
    })),
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    { label: "$(add) New Session for This File", does: () => use({ new: true, scope: "document" }) },
    { label: "$(add) New Session for This Folder", does: () => use({ new: true, scope: "folder" }) },
    { label: "$(remote) Session on Another Host…", does: elsewhere },
    { label: "$(remote-explorer) New Session on Another Host…", does: startElsewhere },
    { label: "$(discard) As the Settings Say", does: () => use({}) },
  ];
  const picked = await vscode.window.showQuickPick<Row>(rows, {
    title: "vivo: the session of this file",
    placeHolder: running.length ? "A session that runs, or a new one" : "No session runs yet",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked?.session) {
    await use({ sessionId: picked.session.sessionId });
  } else {
    await picked?.does?.();
  }
}

/** Ask for one of the running sessions; nothing if the user turns away. */
export async function pickSession(server: Server, title: string): Promise<SessionInfo | undefined> {
  const { sessions } = await server.command<SessionList>(Commands.sessions);
  const rows = sessions
    .filter(({ state }) => state === "idle" || state === "busy")
    .map((session) => ({
      label: nameOf(session),
      description: describe(session),
      detail: session.python,
      session,
    }));
  if (!rows.length) {
    vscode.window.showInformationMessage("vivo: no session runs. Run a cell to start one.");
    return undefined;
  }
  return (await vscode.window.showQuickPick(rows, { title }))?.session;
}

/** What a session is called. */
export function nameOf({ name, sessionId }: SessionInfo): string {
  return name || sessionId.slice(0, 8);
}

function usedBy({ serves, documents }: SessionInfo, uri: string): string {
  if (serves?.includes(uri)) {
    return " · serves this file";
  }
  return documents?.includes(uri) ? " · has run cells of this file" : "";
}

/** Where a session is, on which host if that is another one. */
export function placeOf({ cwd, host }: SessionInfo): string {
  return host ? `${cwd} on ${host}` : cwd;
}

/** Ask for a host that the user's ssh knows; its URL. */
async function askForHost(title: string, what: string): Promise<string | undefined> {
  const told = await vscode.window.showInputBox({ title, prompt: `${what}: as your ssh knows it`, placeHolder: "ssh://user@host" });
  const host = told?.trim();
  return !host || host.startsWith("ssh://") ? host : `ssh://${host}`;
}

/** Give a session another name; which one is asked if none is given. */
export async function renameSession(server: Server, given?: SessionInfo): Promise<void> {
  const session = given ?? (await pickSession(server, "vivo: rename which session?"));
  const name = session && (await vscode.window.showInputBox({ title: "vivo: its new name", value: session.name }));
  if (session && name?.trim()) {
    await server.command(Commands.renameSession, { sessionId: session.sessionId, name: name.trim() });
  }
}

/** End a session, after a question: its variables go. Which one is asked if none is given. */
export async function endSession(server: Server, given?: SessionInfo): Promise<void> {
  const session = given ?? (await pickSession(server, "vivo: end which session?"));
  if (!session) {
    return;
  }
  const end = "End It";
  const sure = await vscode.window.showWarningMessage(
    `End the session “${nameOf(session)}”? Its variables are lost; what it printed stays in its journal.`,
    { modal: true },
    end,
  );
  if (sure === end) {
    await server.command(Commands.endSession, { sessionId: session.sessionId });
  }
}

function describe({ state, pythonVersion, memory, created, queued, cwd, host }: SessionInfo): string {
  const parts = [state, pythonVersion && `Python ${pythonVersion}`, memory === null ? "" : sized(memory)];
  parts.push(`started ${aged(Date.now() / 1000 - created)} ago`, queued ? `${queued} waiting` : "", path.basename(cwd));
  parts.push(host ? `on ${host}` : "");
  return parts.filter(Boolean).join(" · ");
}
