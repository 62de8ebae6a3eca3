// VS Code's own debugger on vivo's sessions: a cell, a file, whatever runs, and the last error.
import * as vscode from "vscode";
import {
  Commands,
  Notifications,
  type DebugEvent,
  type DebugResult,
  type DebugStarted,
  type ExecutionFinished,
  type PostMortemReady,
} from "../protocol";
import { Told, type Server } from "../server";
import { Adapter, type Subject } from "./adapter";

const TYPE = "vivo";

/** A place in a document, as code lenses and code actions of the server's name it. */
interface Place {
  uri: string;
  position?: { line: number; character: number };
  executionId?: string | null;
}

interface Configuration extends vscode.DebugConfiguration {
  program?: string;
  args?: string[];
  /** The document, where it is told by its URI. */
  uri?: string;
  cell?: { line: number; character: number };
  postMortem?: boolean;
}

export function registerDebugging(server: Server): vscode.Disposable {
  return new Debugging(server);
}

class Debugging implements vscode.Disposable, vscode.DebugAdapterDescriptorFactory, vscode.DebugConfigurationProvider {
  private readonly adapters = new Set<Adapter>();
  private readonly parts: vscode.Disposable[];

  constructor(private readonly server: Server) {
    server.announce("debugger");
    server.hear(Notifications.debugEvent, (event: DebugEvent) => this.adapters.forEach((each) => each.hear(event)));
    server.hear(Notifications.executionFinished, (end: ExecutionFinished) => this.adapters.forEach((each) => each.ended(end)));
    this.parts = [
      vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, this),
      vscode.debug.registerDebugConfigurationProvider(TYPE, this),
      this.command("vivo.debugCell", (from) => this.debugCell(from)),
      this.command("vivo.debugFile", () => this.debugFile()),
      this.command("vivo.debugPostMortem", (from) => this.debugPostMortem(from)),
    ];
  }

  dispose(): void {
    this.parts.forEach((part) => part.dispose());
  }

  // --- What VS Code asks of a debugger -------------------------------------------------------------

  createDebugAdapterDescriptor({ configuration }: vscode.DebugSession): vscode.DebugAdapterDescriptor {
    const adapter = new Adapter(this.server, this.subjectOf(configuration), (gone) => this.adapters.delete(gone));
    this.adapters.add(adapter);
    return new vscode.DebugAdapterInlineImplementation(adapter);
  }

  // F5 without a configuration debugs the file in the editor.
  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    given: Configuration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const document = currentDocument();
    const isEmpty = !given.type && !given.request;
    const made: Configuration = isEmpty ? { type: TYPE, request: "launch", name: "vivo: Debug File" } : given;
    const isFile = made.request === "launch" && !made.cell;
    if (!made.uri && made.program) {
      made.uri = fileUri(made.program).toString();
    }
    made.uri ??= document?.uri.toString();
    if (!made.uri) {
      vscode.window.showInformationMessage("vivo: open a Python file first.");
      return undefined;
    }
    if (isFile) {
      const open = vscode.workspace.textDocuments.find((each) => each.uri.toString() === made.uri);
      if (open?.isDirty && !(await open.save())) {
        return undefined;
      }
    }
    return { internalConsoleOptions: "neverOpen", ...made };
  }

  resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    given: Configuration,
  ): vscode.DebugConfiguration {
    return given.type ? given : { type: TYPE, request: "launch", name: "vivo: Debug File" };
  }

  private subjectOf(configuration: vscode.DebugConfiguration): Subject {
    const { uri = "", cell, postMortem, request, args } = configuration as Configuration;
    const subject: Subject = { uri, isPostMortem: postMortem === true };
    if (cell) {
      subject.start = () => this.server.command<DebugStarted>(Commands.debugCell, { uri, position: cell });
    } else if (request === "launch") {
      subject.start = () => this.server.command<DebugStarted>(Commands.debugFile, { uri, arguments: args ?? [] });
    }
    return subject;
  }

  // --- Commands ------------------------------------------------------------------------------------

  private async debugCell(from: unknown): Promise<void> {
    const place = placeOf(from);
    if (!place) {
      return;
    }
    const position = place.position ?? { line: 0, character: 0 };
    if (await this.isDebugged(place.uri)) {
      await this.server.command<DebugStarted>(Commands.debugCell, { uri: place.uri, position });
      return;
    }
    await this.start(place.uri, { name: "vivo: Debug Cell", request: "launch", uri: place.uri, cell: position });
  }

  private async debugFile(): Promise<void> {
    const document = currentDocument();
    if (!document) {
      return;
    }
    if (await this.isDebugged(document.uri.toString())) {
      await document.save();
      await this.server.ask<DebugStarted>(Commands.debugFile, document);
      return;
    }
    await this.start(document.uri.toString(), { name: "vivo: Debug File", request: "launch", uri: document.uri.toString() });
  }

  private async debugPostMortem(from: unknown): Promise<void> {
    const place = placeOf(from);
    if (!place) {
      return;
    }
    const { uri, executionId } = place;
    const { title, sessionId } = await this.server.command<PostMortemReady>(Commands.postMortem, { uri, executionId });
    const open = [...this.adapters].some((each) => each.subject.isPostMortem && each.sessionId === sessionId);
    if (open) {
      await vscode.debug.stopDebugging(vscode.debug.activeDebugSession);
    }
    await this.start(uri, { name: `vivo: ${title}`, request: "attach", uri, postMortem: true });
    // The workbench itself shows its view at breakpoints alone.
    if (vscode.workspace.getConfiguration("debug").get("openDebug") !== "neverOpen") {
      await vscode.commands.executeCommand("workbench.view.debug");
    }
  }

  // Whether this window's debugger is at the session of a document already: it stops there too.
  private async isDebugged(uri: string): Promise<boolean> {
    if (![...this.adapters].some((each) => !each.subject.isPostMortem)) {
      return false;
    }
    const message = { type: "request", seq: 0, command: "debugInfo", arguments: {} };
    const { message: answer, sessionId } = await this.server.command<DebugResult>(Commands.debug, { uri, message });
    const isStarted = (answer["body"] as { isStarted?: boolean } | undefined)?.isStarted === true;
    return isStarted && [...this.adapters].some((each) => !each.subject.isPostMortem && each.sessionId === sessionId);
  }

  private async start(uri: string, given: Omit<vscode.DebugConfiguration, "type">): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(uri, true));
    const configuration = { type: TYPE, ...given } as vscode.DebugConfiguration;
    await vscode.debug.startDebugging(folder, configuration);
  }

  private command(name: string, run: (from: unknown) => Promise<void>): vscode.Disposable {
    return vscode.commands.registerCommand(name, async (from: unknown) => {
      try {
        await run(from);
      } catch (error) {
        if (!(error instanceof Told)) {
          vscode.window.showErrorMessage(`vivo: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    });
  }
}

// From a code lens or an action, a notebook's cell, or the editor.
function placeOf(from: unknown): Place | undefined {
  const given = from as Partial<Place> & { document?: vscode.TextDocument } | undefined;
  if (typeof given?.uri === "string") {
    return given as Place;
  }
  if (given?.document) {
    return { uri: given.document.uri.toString() };
  }
  const editor = vscode.window.activeTextEditor;
  const notebook = vscode.window.activeNotebookEditor;
  if (editor?.document.languageId === "python") {
    const { line, character } = editor.selection.active;
    return { uri: editor.document.uri.toString(), position: { line, character } };
  }
  if (notebook && notebook.notebook.cellCount) {
    return { uri: notebook.notebook.cellAt(notebook.selection.start).document.uri.toString() };
  }
  vscode.window.showInformationMessage("vivo: open a Python file first.");
  return undefined;
}

function currentDocument(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document?.languageId === "python" && document.uri.scheme !== "vscode-notebook-cell" ? document : undefined;
}

// A path of the machine that the extension runs on, as its editor names it.
function fileUri(path: string): vscode.Uri {
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === path && uri.scheme !== "vscode-notebook-cell");
  return open?.uri ?? vscode.Uri.file(path);
}
