// The connection to a server, as vscode-languageclient keeps it: what it is told of this editor. A bundle of its
// own, which is loaded once the extension is active: it keeps no state that another module has too.
import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  TransportKind,
  type CloseHandlerResult,
  type ErrorHandler,
  type ErrorHandlerResult,
  type LanguageClientOptions,
} from "vscode-languageclient/node";
import type { CellOwner } from "./cellOwner";
import type { Completions } from "./completions";
import { copy } from "./copying";
import { explain } from "./explaining";
import { Commands, type CopiedText } from "./protocol";
import type { ServerProgram } from "./serverProgram";
import { SCHEMES } from "./schemes";
import { mayRun } from "./trust";

const COPIED = new Set<string>([Commands.copyValue, Commands.copyTraceback]);

/** A client that does not complain of what is typed while it ends. */
export class QuietClient extends LanguageClient {
  private isEnding = false;

  async end(): Promise<void> {
    this.isEnding = true;
    await this.dispose();
  }

  override error(message: string, data?: unknown, showNotification?: boolean | "force"): void {
    super.error(message, data, this.isEnding ? false : showNotification);
  }
}

/**
 * @param options gives what the server is told when it starts, also one that had crashed
 * @param abilities what this client can do: `experimental.vivo.<ability>`
 */
export function makeClient(
  { command, args }: ServerProgram,
  options: () => Record<string, unknown>,
  abilities: Iterable<string>,
  owner: CellOwner,
  completions: Completions,
  log: vscode.OutputChannel,
): QuietClient {
  const clientOptions: LanguageClientOptions = {
    errorHandler: new Persistent(),
    documentSelector: [
      { language: "python", scheme: "file" },
      { language: "python", scheme: "untitled" },
      { language: "python", scheme: "vscode-remote" },
      { language: "python", scheme: "vscode-notebook-cell" },
    ],
    initializationOptions: options,
    outputChannel: log, // stays when a server goes
    middleware: {
      window: {
        // The server's own pages go beside the code, which keeps the keyboard.
        showDocument: async (asked, next) => {
          const uri = vscode.Uri.parse(asked.uri);
          if (!SCHEMES.includes(uri.scheme)) {
            const told = await next(asked, new vscode.CancellationTokenSource().token);
            return "success" in told ? told : { success: false };
          }
          await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });
          return { success: true };
        },
      },
      provideCompletionItem: (...asked) => completions.provide(...asked),
      provideCodeLenses: async (document, token, next) => owner.lenses(await next(document, token)),
      // Code lenses and actions call the server's commands directly.
      executeCommand: async (name, given, next) => {
        if (!mayRun(name)) {
          return undefined;
        }
        let told: unknown;
        try {
          told = await next(name, given);
        } catch (error) {
          void explain(error);
          return undefined;
        }
        if (COPIED.has(name) && told) {
          await copy(told as CopiedText);
        }
        return told;
      },
    },
  };
  // The server finds the workspace by LSP; in its folder, Python could import the workspace's files.
  const run = { command, args, transport: TransportKind.stdio, options: { cwd: homedir() } };
  const client = new QuietClient("vivo", "vivo", run, clientOptions);
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

/** Whether a client's new state is that its server answers. */
export function isRunning(state: State): boolean {
  return state === State.Running;
}

/** Starts a server that is lost anew, however many messages were on their way to it; not without end. */
class Persistent implements ErrorHandler {
  private readonly ends: number[] = [];

  error(): ErrorHandlerResult {
    return { action: ErrorAction.Continue, handled: true }; // what cannot be written is told by the end
  }

  closed(): CloseHandlerResult {
    this.ends.push(Date.now());
    const isHopeless = this.ends.length > MOST_ENDS && Date.now() - (this.ends.at(-1 - MOST_ENDS) ?? 0) < 180_000;
    return { action: isHopeless ? CloseAction.DoNotRestart : CloseAction.Restart, handled: !isHopeless };
  }
}

const MOST_ENDS = 4;
