// The language server of this window: started, started anew when its settings change, heard and asked.
//
// 1. Nothing that runs code is asked for in a workspace the user has not trusted.
// 2. A server that cannot be found is told of once, in one message, with the way to set it right.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { LanguageClient, State, TransportKind, type LanguageClientOptions } from "vscode-languageclient/node";
import { Commands } from "./protocol";

const COMMAND_SETTING = "vivo.server.command";
const SETTINGS = [COMMAND_SETTING, "vivo.python"];
const RUNS_CODE = new Set<string>([
  Commands.runCell,
  Commands.runCells,
  Commands.runAbove,
  Commands.runAll,
  Commands.runSelection,
  Commands.runFile,
  Commands.runText,
  Commands.restart,
  Commands.debug,
  Commands.debugCell,
  Commands.debugFile,
]);

/** Why something asked for was not done; the user has been told already. */
export class Told extends Error {}

export class Server implements vscode.Disposable {
  private client: QuietClient | undefined;
  private readonly watching: vscode.Disposable;
  private readonly heard = new Map<string, ((told: never) => void)[]>();
  private readonly answers = new Map<string, (asked: never) => Promise<unknown>>();
  private readonly abilities = new Set<string>();
  private readonly change = new vscode.EventEmitter<boolean>();
  private changing: Promise<void> = Promise.resolve();

  /** Fired when a server has started, and when none could be: whether one is there. */
  readonly onDidChange = this.change.event;

  /** @param seen gives the last sequence number of each session that the user was shown */
  constructor(private readonly seen: () => Record<string, number>) {
    this.watching = vscode.workspace.onDidChangeConfiguration((change) => {
      if (SETTINGS.some((setting) => change.affectsConfiguration(setting))) {
        void this.restart();
      }
    });
  }

  /** Whether a server is there to be asked. */
  get isThere(): boolean {
    return this.client !== undefined;
  }

  /** Hear a notification, of each server that is started from now on. */
  hear<Told>(method: string, hear: (told: Told) => void): void {
    this.heard.set(method, [...(this.heard.get(method) ?? []), hear as (told: never) => void]);
  }

  /** Answer what a server asks. */
  answer<Asked, Answer>(method: string, answer: (asked: Asked) => Promise<Answer>): void {
    this.answers.set(method, answer as (asked: never) => Promise<unknown>);
  }

  /** Tell the servers that are started from now on what this client can do: `experimental.vivo.<ability>`. */
  announce(ability: string): void {
    this.abilities.add(ability);
  }

  /** Start the server, or start it anew; sessions go on. */
  restart(): Promise<void> {
    this.changing = this.changing.then(async () => {
      await this.stop();
      await this.start();
    });
    return this.changing;
  }

  /** Ask for one of the server's commands, about a document. */
  async ask<Result>(command: string, about: vscode.TextDocument, argument: object = {}): Promise<Result> {
    return this.command<Result>(command, { uri: about.uri.toString(), ...argument });
  }

  /** Ask for one of the server's commands. */
  async command<Result>(command: string, argument: object = {}): Promise<Result> {
    const client = await this.present();
    if (!mayRun(command)) {
      throw new Told("the workspace is not trusted");
    }
    return client.sendRequest<Result>("workspace/executeCommand", { command, arguments: [argument] });
  }

  /** Ask a query of the protocol. */
  async query<Result>(method: string, params: object): Promise<Result> {
    return (await this.present()).sendRequest<Result>(method, params);
  }

  async stop(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.end();
  }

  dispose(): void {
    this.watching.dispose();
    this.change.dispose();
  }

  private async present(): Promise<QuietClient> {
    await this.changing;
    if (!this.client) {
      void explainMissing(serverCommand()[0]);
      throw new Told("there is no server");
    }
    return this.client;
  }

  private async start(): Promise<void> {
    const [command, ...args] = serverCommand();
    if (!(await isProgram(command))) {
      this.change.fire(false);
      void explainMissing(command);
      return;
    }
    const client = makeClient(command, args, this.seen, this.abilities);
    for (const [method, listeners] of this.heard) {
      client.onNotification(method, (told) => listeners.forEach((hear) => hear(told as never)));
    }
    this.answers.forEach((answer, method) => client.onRequest(method, (asked) => answer(asked as never)));
    try {
      await client.start();
      this.client = client;
      this.change.fire(true);
      client.onDidChangeState(({ newState }) => {
        if (newState === State.Running && this.client === client) {
          this.change.fire(true); // it had crashed, and was started again
        }
      });
    } catch {
      this.change.fire(false); // the client has shown and logged why
    }
  }
}

/** A client that does not complain of what is typed while it ends. */
class QuietClient extends LanguageClient {
  private isEnding = false;

  async end(): Promise<void> {
    this.isEnding = true;
    await this.dispose();
  }

  override error(message: string, data?: unknown, showNotification?: boolean | "force"): void {
    super.error(message, data, this.isEnding ? false : showNotification);
  }
}

function makeClient(
  command: string,
  args: string[],
  seen: () => Record<string, number>,
  abilities: Set<string>,
): QuietClient {
  const options: LanguageClientOptions = {
    documentSelector: [
      { language: "python", scheme: "file" },
      { language: "python", scheme: "untitled" },
      { language: "python", scheme: "vscode-remote" },
      { language: "python", scheme: "vscode-notebook-cell" },
    ],
    // Asked at each start, also of a server that crashed.
    initializationOptions: () => ({
      python: vscode.workspace.getConfiguration("vivo").get<string>("python") || null,
      seen: seen(),
    }),
    middleware: {
      // Code lenses call the server's commands directly.
      executeCommand: (name, given, next) => (mayRun(name) ? next(name, given) : undefined),
    },
  };
  // The server finds the workspace by LSP; in its folder, Python could import the workspace's files.
  const run = { command, args, transport: TransportKind.stdio, options: { cwd: homedir() } };
  const client = new QuietClient("vivo", "vivo", run, options);
  client.registerFeature({
    fillClientCapabilities: (capabilities) => {
      const vivo = Object.fromEntries([...abilities].map((ability) => [ability, true]));
      capabilities.experimental = { ...(capabilities.experimental as object), vivo };
    },
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  });
  return client;
}

function serverCommand(): [string, ...string[]] {
  const words = vscode.workspace.getConfiguration().get<string[]>(COMMAND_SETTING) ?? [];
  const [command = "vivo", ...args] = words;
  return [command.replace(/^~(?=\/)/, homedir()), ...args];
}

async function isProgram(command: string): Promise<boolean> {
  const folders = command.includes("/") ? [""] : (process.env["PATH"] ?? "").split(path.delimiter);
  for (const folder of folders) {
    try {
      await access(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      // not in this folder
    }
  }
  return false;
}

async function explainMissing(command: string): Promise<void> {
  const open = "Open Setting";
  const answer = await vscode.window.showErrorMessage(
    `vivo's language server was not found: there is no program “${command}”. Install vivo, then name its command in the setting ${COMMAND_SETTING}.`,
    open,
  );
  if (answer === open) {
    // Where the server runs on another machine, the setting is that machine's.
    const settings = vscode.env.remoteName ? "openRemoteSettings" : "openSettings";
    await vscode.commands.executeCommand(`workbench.action.${settings}`, { query: COMMAND_SETTING });
  }
}

function mayRun(command: string): boolean {
  if (vscode.workspace.isTrusted || !RUNS_CODE.has(command)) {
    return true;
  }
  void explainTrust();
  return false;
}

async function explainTrust(): Promise<void> {
  const manage = "Manage Workspace Trust";
  const answer = await vscode.window.showWarningMessage(
    "vivo runs no code of a workspace that you have not trusted.",
    manage,
  );
  if (answer === manage) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
}
