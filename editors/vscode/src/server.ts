// The language server of this window: started, started anew when its settings change, heard and asked.
//
// 1. Nothing that runs code is asked for in a workspace the user has not trusted.
// 2. A server that cannot be found is told of once, in one message, with the way to set it right.
import * as vscode from "vscode";
import type { CellOwner } from "./cellOwner";
import type { QuietClient } from "./client";
import { Completions } from "./completions";
import { COMMAND_SETTING, findServer, type ServerProgram } from "./serverProgram";
import { hasStaticNeighbour, type Settings } from "./settings";
import { mayRun } from "./trust";

/** Why something asked for was not done; the user has been told already. */
export class Told extends Error {}

export class Server implements vscode.Disposable {
  private client: QuietClient | undefined;
  /** What runs, or was looked for, as the server. */
  program: ServerProgram | undefined;
  private readonly watching: vscode.Disposable;
  private readonly heard = new Map<string, ((told: never) => void)[]>();
  private readonly answers = new Map<string, (asked: never) => Promise<unknown>>();
  private readonly abilities = new Set<string>();
  private readonly change = new vscode.EventEmitter<boolean>();
  private readonly log = vscode.window.createOutputChannel("vivo");
  private readonly completions = new Completions(hasStaticNeighbour);
  private changing: Promise<void> = Promise.resolve();

  /** Fired when a server has started, and when none could be: whether one is there. */
  readonly onDidChange = this.change.event;

  /**
   * @param seen gives the last sequence number of each session that the user was shown
   * @param storage the folder where vivo may be installed for this editor
   * @param missing called when there is no server to start, with the program that was looked for
   */
  constructor(
    private readonly settings: Settings,
    private readonly owner: CellOwner,
    private readonly seen: () => Record<string, number>,
    private readonly storage: vscode.Uri,
    private readonly missing: (command: string) => void,
  ) {
    this.watching = vscode.Disposable.from(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(COMMAND_SETTING)) {
          void this.restart();
        }
      }),
      settings.onDidChange(() => this.tellSettings()),
    );
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

  /** Have the lenses asked for anew. */
  redrawLenses(): void {
    const feature = this.client?.getFeature("textDocument/codeLens");
    for (const document of vscode.workspace.textDocuments) {
      feature?.getProvider(document)?.onDidChangeCodeLensEmitter.fire();
    }
  }

  /** Ask a query of the protocol. */
  async query<Result>(method: string, params: object): Promise<Result> {
    return (await this.present()).sendRequest<Result>(method, params);
  }

  /** Show what the server has logged, and the client of it. */
  showLog(): void {
    this.log.show(true);
  }

  async stop(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.end();
  }

  dispose(): void {
    this.watching.dispose();
    this.log.dispose();
    this.change.dispose();
  }

  private tellSettings(): void {
    void this.client?.sendNotification("workspace/didChangeConfiguration", { settings: { vivo: this.settings.told() } });
  }

  private async present(): Promise<QuietClient> {
    await this.changing;
    if (!this.client) {
      this.missing(this.program?.command ?? "vivo");
      throw new Told("there is no server");
    }
    return this.client;
  }

  private async start(): Promise<void> {
    this.program = await findServer(this.storage);
    if (!this.program.isThere) {
      this.change.fire(false);
      this.missing(this.program.command);
      return;
    }
    const { makeClient, isRunning } = await import("./client.js"); // a bundle of its own, the larger one
    // Asked for at each start, also of a server that crashed.
    const options = () => ({ ...this.settings.told(), seen: this.seen() });
    const client = makeClient(this.program, options, this.abilities, this.owner, this.completions, this.log);
    for (const [method, listeners] of this.heard) {
      client.onNotification(method, (told) => listeners.forEach((hear) => hear(told as never)));
    }
    this.answers.forEach((answer, method) => client.onRequest(method, (asked) => answer(asked as never)));
    try {
      await client.start();
      this.client = client;
      this.change.fire(true);
      client.onDidChangeState(({ newState }) => {
        if (isRunning(newState) && this.client === client) {
          this.change.fire(true); // it had crashed, and was started again
        }
      });
    } catch {
      this.change.fire(false); // the client has shown and logged why
    }
  }
}
