// The debug adapter of VS Code's own debugger: it hands each message to the server, whose session debugs.
//
// 1. A session outlives its debugger: stopping detaches, and interrupts only what it was started for.
// 2. Events of other sessions, and of a post-mortem beside a debugger, are not its own.
import * as vscode from "vscode";
import { Commands, type DebugEvent, type DebugResult, type DebugStarted, type ExecutionFinished } from "../protocol";
import { Told, type Server } from "../server";

type Message = Record<string, unknown>;

interface Request {
  seq: number;
  type: string;
  command: string;
  arguments?: Record<string, unknown>;
}

/** What a debug session is about. */
export interface Subject {
  /** A document of the session that is debugged. */
  uri: string;
  isPostMortem: boolean;
  /** What runs under the debugger once that is ready; else whatever the user runs. */
  start?: () => Promise<DebugStarted>;
}

export class Adapter implements vscode.DebugAdapter {
  /** The session that answers; undefined until it has. */
  sessionId: string | undefined;
  private readonly sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  readonly onDidSendMessage = this.sent.event;
  private early: DebugEvent[] = [];
  private readonly finished = new Set<string>();
  private executionId: string | undefined;
  private hasEnded = false;

  constructor(
    private readonly server: Server,
    readonly subject: Subject,
    private readonly onDispose: (adapter: Adapter) => void,
  ) {}

  handleMessage(message: vscode.DebugProtocolMessage): void {
    const request = message as Request;
    if (request.type === "request") {
      void this.answer(request);
    }
  }

  /** An event of a session's debugger. */
  hear(event: DebugEvent): void {
    if ((event.postMortem ?? false) !== this.subject.isPostMortem) {
      return;
    }
    if (this.sessionId === undefined) {
      this.early.push(event);
    } else if (event.sessionId === this.sessionId) {
      this.send(event.message);
    }
  }

  /** A cell has ended; where it is the one that is debugged, so is its debugger. */
  ended({ executionId }: ExecutionFinished): void {
    this.finished.add(executionId);
    if (executionId === this.executionId) {
      this.terminated();
    }
  }

  dispose(): void {
    this.sent.dispose();
    this.onDispose(this);
  }

  private async answer(request: Request): Promise<void> {
    try {
      const { command } = request;
      // A session runs already: what VS Code launches is a cell or a file in it.
      const asked = command === "launch" ? { ...request, command: "attach" } : request;
      const { message, sessionId, events = [] } = await this.ask(asked);
      this.sessionId ??= sessionId;
      this.send({ ...message, command, request_seq: request.seq });
      const early = this.early.splice(0).filter((event) => event.sessionId === this.sessionId);
      [...early.map((event) => event.message), ...events].forEach((event) => this.send(event));
      if (command === "configurationDone" && message["success"]) {
        await this.begin();
      } else if (command === "disconnect" && request.arguments?.["restart"] !== true) {
        await this.interrupt();
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.send({ type: "response", seq: 0, request_seq: request.seq, command: request.command, success: false, message: text });
    }
  }

  private ask(message: object): Promise<DebugResult> {
    const { uri, isPostMortem } = this.subject;
    return this.server.command<DebugResult>(Commands.debug, { uri, message, postMortem: isPostMortem });
  }

  private async begin(): Promise<void> {
    try {
      this.executionId = (await this.subject.start?.())?.executionId;
      if (this.executionId && this.finished.has(this.executionId)) {
        this.terminated();
      }
    } catch (error) {
      if (!(error instanceof Told)) {
        vscode.window.showErrorMessage(`vivo: ${error instanceof Error ? error.message : String(error)}`);
      }
      this.terminated();
    }
  }

  private async interrupt(): Promise<void> {
    const { executionId } = this;
    if (executionId && !this.finished.has(executionId)) {
      await this.server.command(Commands.interrupt, { uri: this.subject.uri, executionId });
    }
  }

  private terminated(): void {
    this.send({ type: "event", seq: 0, event: "terminated" });
  }

  private send(message: Message): void {
    if (message["type"] === "event" && message["event"] === "terminated") {
      if (this.hasEnded) {
        return;
      }
      this.hasEnded = true;
    }
    this.sent.fire(message as vscode.DebugProtocolMessage);
  }
}
