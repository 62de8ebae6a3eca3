// Native notebooks: the kernel "vivo" of .ipynb files, whose cells run in the sessions that .py files use.
import * as vscode from "vscode";
import {
  Commands,
  Notifications,
  type ExecutionFinished,
  type ExecutionStarted,
  type InterpreterList,
  type Output,
  type QueueChanged,
  type SessionList,
  type Status,
} from "../protocol";
import { Told, type Server } from "../server";
import { CELL_SCHEME, NotebookRuns, cellOf, type Serving } from "./notebookRuns";
import { Saved } from "./saved";

const TYPE = "jupyter-notebook";

export interface Notebooks extends vscode.Disposable {
  /** Whether what a document shows stands in a notebook, and nowhere else. */
  shows(uri: string | null): boolean;
}

export function registerNotebooks(context: vscode.ExtensionContext, server: Server): Notebooks {
  const kernel = new Kernel(context, server);
  context.subscriptions.push(kernel);
  return kernel;
}

class Kernel implements Notebooks {
  private readonly controller: vscode.NotebookController;
  private readonly chosen = new Set<vscode.NotebookDocument>();
  private readonly saved: Saved;
  private readonly runs: NotebookRuns;
  private readonly parts: vscode.Disposable[] = [];
  /** By session, what its interpreter is. */
  private readonly pythons = new Map<string, { python: string; pythonVersion: string }>();
  private readonly sessions = new WeakMap<vscode.NotebookDocument, string>();

  constructor(context: vscode.ExtensionContext, private readonly server: Server) {
    this.controller = vscode.notebooks.createNotebookController("vivo", TYPE, "vivo");
    this.controller.supportedLanguages = ["python"];
    this.controller.supportsExecutionOrder = true;
    this.controller.description = "live sessions";
    this.saved = new Saved(context.workspaceState);
    const isOurs = (notebook: vscode.NotebookDocument) => this.chosen.has(notebook);
    this.runs = new NotebookRuns(server, this.controller, isOurs, this.saved, (notebook, session) => this.serves(notebook, session));
    this.controller.executeHandler = (cells) => this.runs.run(cells);
    this.parts.push(
      this.controller,
      this.controller.onDidChangeSelectedNotebooks(({ notebook, selected }) => this.selected(notebook, selected)),
      vscode.workspace.onDidOpenNotebookDocument((notebook) => this.opened(notebook)),
      vscode.workspace.onDidCloseNotebookDocument((notebook) => this.closed(notebook)),
      vscode.workspace.onDidSaveNotebookDocument((notebook) => void this.saved.settle(notebook)),
      vscode.window.onDidChangeActiveNotebookEditor(() => void this.describe()),
      server.onDidChange((isThere) => isThere && this.catchUpAll()),
      ...this.commands(),
    );
    server.announce("notebooks");
    server.hear(Notifications.executionStarted, (data: ExecutionStarted) => this.take({ type: "started", data }));
    server.hear(Notifications.output, (data: Output) => this.runs.take({ type: "output", data }));
    server.hear(Notifications.executionFinished, (data: ExecutionFinished) => this.runs.take({ type: "finished", data }));
    server.hear(Notifications.queue, (data: QueueChanged) => this.runs.queueChanged(data));
    server.hear(Notifications.status, (data: Status) => this.told(data));
    vscode.workspace.notebookDocuments.forEach((notebook) => this.opened(notebook));
  }

  shows(uri: string | null): boolean {
    return uri?.startsWith(CELL_SCHEME) ?? false; // also of one that is not open yet, or no longer
  }

  dispose(): void {
    this.parts.forEach((part) => part.dispose());
  }

  // --- Notebooks -----------------------------------------------------------------------------------

  private opened(notebook: vscode.NotebookDocument): void {
    if (notebook.notebookType === TYPE) {
      this.controller.updateNotebookAffinity(notebook, vscode.NotebookControllerAffinity.Preferred);
      void this.describe();
    }
  }

  private selected(notebook: vscode.NotebookDocument, isSelected: boolean): void {
    if (!isSelected) {
      this.chosen.delete(notebook);
      return;
    }
    this.chosen.add(notebook);
    void this.catchUp(notebook);
  }

  private closed(notebook: vscode.NotebookDocument): void {
    this.chosen.delete(notebook);
    this.runs.closed(notebook);
    void this.saved.settle(notebook);
  }

  private catchUpAll(): void {
    this.chosen.forEach((notebook) => void this.catchUp(notebook));
    void this.describe();
  }

  private async catchUp(notebook: vscode.NotebookDocument): Promise<void> {
    if (this.server.isThere) {
      await this.runs.catchUp(notebook);
    }
  }

  // A cell that was sent by a command of vivo's, and not by the notebook's own button, chooses the kernel.
  private take(event: { type: "started"; data: ExecutionStarted }): void {
    const cell = event.data.uri ? cellOf(event.data.uri) : undefined;
    const isHere = cell && vscode.window.activeNotebookEditor?.notebook === cell.notebook;
    if (isHere && !event.data.replayed && !this.chosen.has(cell.notebook)) {
      void vscode.commands.executeCommand("notebook.selectKernel", { id: "vivo", extension: "vivo.vivo" });
      return; // it is caught up with once the kernel is chosen
    }
    this.runs.take(event);
  }

  // --- The kernel's name ---------------------------------------------------------------------------

  private told({ sessionId, python, pythonVersion }: Status): void {
    if (pythonVersion) {
      this.pythons.set(sessionId, { python, pythonVersion });
      void this.describe();
    }
  }

  private serves(notebook: vscode.NotebookDocument, { sessionId, python, pythonVersion }: Serving): void {
    this.sessions.set(notebook, sessionId);
    if (python && pythonVersion) {
      this.pythons.set(sessionId, { python, pythonVersion });
    }
    void this.describe();
  }

  private async describe(): Promise<void> {
    const notebook = vscode.window.activeNotebookEditor?.notebook;
    if (!notebook || notebook.notebookType !== TYPE || !this.server.isThere) {
      return;
    }
    const known = this.pythons.get(this.sessions.get(notebook) ?? "");
    if (known) {
      this.name(known.pythonVersion, known.python);
      return;
    }
    const asked = { uri: notebook.uri.toString() };
    const { interpreters } = await this.server.command<InterpreterList>(Commands.interpreters, asked);
    const found = interpreters.find((each) => each.chosen);
    if (found && !this.pythons.has(this.sessions.get(notebook) ?? "")) {
      this.name(found.version ?? "", found.path);
    }
  }

  private name(version: string, python: string): void {
    const label = version ? `vivo (Python ${version})` : "vivo";
    if (this.controller.label !== label || this.controller.detail !== python) {
      this.controller.label = label;
      this.controller.detail = python;
    }
  }

  // --- Commands ------------------------------------------------------------------------------------

  private commands(): vscode.Disposable[] {
    const asks: Record<string, (notebook: vscode.NotebookDocument) => Promise<unknown>> = {
      "vivo.notebookInterrupt": (notebook) =>
        this.server.command(Commands.interrupt, { uri: notebook.uri.toString() }),
      "vivo.notebookRestart": (notebook) =>
        this.server.command(Commands.restart, { uri: notebook.uri.toString() }),
      "vivo.notebookSession": (notebook) => this.chooseSession(notebook),
    };
    return Object.entries(asks).map(([name, ask]) =>
      vscode.commands.registerCommand(name, async (from?: { notebookEditor?: { notebookUri?: vscode.Uri } }) => {
        const wanted = from?.notebookEditor?.notebookUri?.toString();
        const notebook =
          vscode.workspace.notebookDocuments.find((each) => each.uri.toString() === wanted) ??
          vscode.window.activeNotebookEditor?.notebook;
        if (!notebook) {
          vscode.window.showInformationMessage("vivo: open a notebook first.");
          return;
        }
        try {
          await ask(notebook);
        } catch (error) {
          if (!(error instanceof Told)) {
            vscode.window.showErrorMessage(`vivo: ${error instanceof Error ? error.message : String(error)}`);
          }
        }
      }),
    );
  }

  private async chooseSession(notebook: vscode.NotebookDocument): Promise<void> {
    const uri = notebook.uri.toString();
    const { sessions } = await this.server.command<SessionList>(Commands.sessions);
    const running = sessions.filter(({ state }) => ["idle", "busy", "starting"].includes(state));
    const picked = await vscode.window.showQuickPick(
      [
        { label: "$(folder) The folder's session", description: "shared with the .py files beside it", use: {} },
        { label: "$(add) A session of its own", description: "its names are its own", use: { new: true, name: nameOf(notebook) } },
        ...running.map(({ sessionId, name, pythonVersion, cwd }) => ({
          label: `$(vm-running) ${name}`,
          description: `Python ${pythonVersion}, ${cwd}`,
          use: { sessionId },
        })),
      ],
      { title: "vivo: the session that runs this notebook" },
    );
    if (picked) {
      await this.server.command(Commands.useSession, { uri, ...picked.use });
      await this.catchUp(notebook);
    }
  }
}

function nameOf(notebook: vscode.NotebookDocument): string {
  return notebook.uri.path.split("/").at(-1) ?? "notebook";
}
