// One session, as the server of this page's connection shows it: messages out, notifications in.
//
// A connection that was lost is another server's afterwards: it is told what was seen, and tells what was missed.
import {
  type CommEvent,
  Commands,
  type ConsoleInfo,
  Notifications,
  Queries,
  Requests,
  type ExecutionFinished,
  type ExecutionStarted,
  type InputParams,
  type Output,
  type PersonHere,
  type Presence,
  type QueueChanged,
  type QueuedExecution,
  type SessionInfo,
  type SessionList,
  type Status,
} from "../../vscode/src/protocol";
import { type State, Wire } from "./wire.ts";

/** Who is told. */
export interface Audience {
  state(state: State | Status["state"], told: Status | undefined): void;
  /** The server lets go of this visitor for good, and says why. */
  ended(why: string): void;
  /** Who is here. */
  people(people: PersonHere[]): void;
  /** Another session is shown, or the same one by another server. */
  shown(console: ConsoleInfo): void;
  started(run: ExecutionStarted): void;
  output(output: Output): void;
  finished(run: ExecutionFinished): void;
  queue(runs: QueuedExecution[]): void;
  variablesChanged(): void;
  comm(event: CommEvent): void;
  /** How a session is, whichever is shown. */
  status(status: Status): void;
  input(asked: InputParams, cancelled: AbortSignal): Promise<string | null>;
  message(sentence: string): void;
  choose(sentence: string, actions: string[]): Promise<string | null>;
  seen(): Record<string, number>;
}

const NOWHERE = "untitled:web";

const CAPABILITIES = {
  textDocument: {
    completion: { completionItem: { documentationFormat: ["plaintext"], resolveSupport: { properties: ["documentation", "detail"] } } },
    hover: { contentFormat: ["plaintext"] },
    signatureHelp: { signatureInformation: { documentationFormat: ["plaintext"], parameterInformation: { labelOffsetSupport: true }, activeParameterSupport: true } },
  },
  window: { showMessage: {} },
  experimental: { vivo: { input: true, blobs: true, comms: true } },
};

export class Session {
  readonly wire: Wire;
  console: ConsoleInfo | undefined;
  /** Before it is known which session is shown, nothing runs: it would run elsewhere. */
  private firstShown = new Settling();
  private version = 0;
  private text = "";
  /** By session, also of those that were shown before: they go on telling. */
  private readonly statuses = new Map<string, Status>();
  private readonly queues = new Map<string, QueuedExecution[]>();
  private readonly people = new Map<string, PersonHere[]>();

  constructor(
    address: string,
    private readonly audience: Audience,
    /** The session that is opened first; null for the folder's own. */
    private wanted: string | null,
    private readonly isViewer: boolean,
  ) {
    this.wire = new Wire(
      address,
      () => this.introduce(),
      (state, why) => {
        if (state === "connected") {
          this.tellStatus();
          return;
        }
        audience.state(state, undefined);
        if (state === "ended") {
          audience.ended(why || "The session is not shared with you any longer.");
        }
      },
      (error) => audience.message(error instanceof Error ? error.message : String(error)),
    );
    const { wire } = this;
    wire.hear(Notifications.executionStarted, (run: ExecutionStarted) => audience.started(run));
    wire.hear(Notifications.output, (output: Output) => audience.output(output));
    wire.hear(Notifications.executionFinished, (run: ExecutionFinished) => audience.finished(run));
    wire.hear(Notifications.status, (status: Status) => {
      this.statuses.set(status.sessionId, status);
      audience.status(status);
      this.tellStatus();
    });
    wire.hear(Notifications.queue, ({ sessionId, executions }: QueueChanged) => {
      this.queues.set(sessionId, executions);
      this.tellStatus();
    });
    wire.hear(Notifications.presence, ({ sessionId, people }: Presence) => {
      this.people.set(sessionId, people);
      this.tellStatus();
    });
    wire.hear(Notifications.comm, (event: CommEvent) => audience.comm(event));
    wire.hear(Notifications.variablesChanged, () => audience.variablesChanged());
    wire.hear("window/showMessage", ({ message }: { message: string }) => audience.message(message));
    wire.answer("window/showMessageRequest", async ({ message, actions }: { message: string; actions?: { title: string }[] }) => {
      const title = await audience.choose(message, (actions ?? []).map((action) => action.title));
      return title === null ? null : { title };
    });
    wire.answer(Requests.input, async (asked: InputParams, cancelled) => ({ value: await audience.input(asked, cancelled) }));
  }

  get id(): string {
    return this.console?.session.sessionId ?? this.wanted ?? "";
  }

  connect(): void {
    this.wire.connect();
  }

  /** Show another session. @param id null for a new one */
  async open(id: string | null, name?: string): Promise<void> {
    await this.show({ uri: NOWHERE, sessionId: id, new: id === null, name: name ?? null });
  }

  sessions(): Promise<SessionInfo[]> {
    return this.command<SessionList>(Commands.sessions, {}).then(({ sessions }) => sessions);
  }

  async run(text: string): Promise<unknown> {
    await this.firstShown.settled;
    const executionId = crypto.randomUUID().replaceAll("-", "");
    return this.command(Commands.runText, { uri: this.uri, text, executionId });
  }

  interrupt(executionId: string | null = null): Promise<{ outcome: string }> {
    return this.command(Commands.interrupt, { sessionId: this.id, executionId });
  }

  restart(): Promise<unknown> {
    return this.command(Commands.restart, { sessionId: this.id });
  }

  query<Result>(method: string, params: object): Promise<Result> {
    return this.wire.request(method, params);
  }

  command<Result>(command: string, argument: object): Promise<Result> {
    return this.wire.request("workspace/executeCommand", { command, arguments: [argument] });
  }

  /** The document of the input cell. */
  get uri(): string {
    return this.console?.uri ?? NOWHERE;
  }

  /** The input cell's text is this now; its server answers questions about it. */
  edited(text: string): void {
    if (!this.isViewer && text !== this.text) {
      this.text = text;
      this.wire.notify("textDocument/didChange", {
        textDocument: { uri: this.uri, version: ++this.version },
        contentChanges: [{ text }],
      });
    }
  }

  private tellStatus(): void {
    const status = this.statuses.get(this.id);
    this.audience.state(status?.state ?? "connected", status);
    this.audience.queue(this.queues.get(this.id) ?? []);
    this.audience.people(this.people.get(this.id) ?? []);
  }

  private async introduce(): Promise<void> {
    await this.wire.request("initialize", {
      processId: null,
      rootUri: null,
      capabilities: CAPABILITIES,
      initializationOptions: { seen: this.seen() },
    });
    this.wire.notify("initialized", {});
    await this.show({ uri: NOWHERE, sessionId: this.console?.session.sessionId ?? this.wanted, new: false, name: null });
  }

  private seen(): Record<string, number> {
    return { ...(this.id ? { [this.id]: 0 } : {}), ...this.audience.seen() };
  }

  private async show(params: { uri: string; sessionId: string | null; new: boolean; name: string | null }): Promise<void> {
    const opened = await this.command<ConsoleInfo>(Commands.openConsole, params).catch((error: unknown) => {
      this.firstShown.fail(error); // what waits comes back, and does not run in another session that is chosen then
      this.firstShown = this.console ? this.firstShown : new Settling();
      throw error;
    });
    this.console = opened;
    this.firstShown.done();
    this.wanted = opened.session.sessionId;
    this.text = "";
    if (!this.isViewer) {
      this.wire.notify("textDocument/didOpen", {
        textDocument: { uri: this.uri, languageId: "python", version: ++this.version, text: "" },
      });
    }
    this.audience.shown(opened);
    this.tellStatus();
  }
}

export { Queries };

/** What others wait for, once. */
class Settling {
  done!: () => void;
  fail!: (error: unknown) => void;
  readonly settled = new Promise<void>((resolve, reject) => ([this.done, this.fail] = [resolve, reject]));

  constructor() {
    this.settled.catch(() => undefined); // there may be nobody who waits
  }
}
