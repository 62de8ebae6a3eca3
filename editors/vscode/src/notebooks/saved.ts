// What each notebook has for sure of each session's events: what it had shown when it was saved. Kept
// with the workspace, so that a window that comes back asks for what came later, and for no more.
import * as vscode from "vscode";

const KEY = "vivo.notebooks.seen";
const MOST = 200;

type Sequences = Record<string, number>;

export class Saved {
  private readonly latest = new Map<string, Sequences>();

  constructor(private readonly state: vscode.Memento) {}

  /** By session, the number of the last event that a notebook has for sure. */
  of(notebook: vscode.NotebookDocument): Sequences {
    return this.kept()[notebook.uri.toString()] ?? {};
  }

  /** A notebook shows a session's events as far as this one. */
  shown(notebook: vscode.NotebookDocument, sessionId: string, sequence: number): void {
    const uri = notebook.uri.toString();
    const latest = this.latest.get(uri) ?? {};
    latest[sessionId] = Math.max(latest[sessionId] ?? 0, sequence);
    this.latest.set(uri, latest);
  }

  /** What a notebook shows is decided: it was saved, or closed. */
  async settle(notebook: vscode.NotebookDocument): Promise<void> {
    const uri = notebook.uri.toString();
    const latest = this.latest.get(uri);
    if (latest) {
      const { [uri]: before, ...others } = this.kept();
      const newest = Object.entries(others).slice(-MOST + 1);
      await this.state.update(KEY, { ...Object.fromEntries(newest), [uri]: { ...before, ...latest } });
    }
  }

  private kept(): Record<string, Sequences> {
    return this.state.get<Record<string, Sequences>>(KEY) ?? {};
  }
}
