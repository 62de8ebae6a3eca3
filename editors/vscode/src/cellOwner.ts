// Who runs the `# %%` cells of Python files where Jupyter's extension does too: one of the two, never both.
//
// 1. Until the user has said so, who was there first keeps its keys and its lenses.
// 2. Another extension's setting is changed on the user's word alone, who is told which.
import * as vscode from "vscode";
import { Commands } from "./protocol";

const JUPYTER = "ms-toolsai.jupyter";
const LENSES = "jupyter.enableCellCodeLens";
const SETTING = "vivo.cells";
const RUNS = new Set<string>([Commands.runCell, Commands.runAbove, Commands.runBelow, Commands.debugCell, "vivo.debugCell"]);

export class CellOwner implements vscode.Disposable {
  private readonly watching: vscode.Disposable;
  private isAsking = false;

  /** @param changed called when the lenses are to be drawn anew */
  constructor(
    private readonly state: vscode.Memento,
    private readonly changed: () => void,
  ) {
    this.watching = vscode.Disposable.from(
      vscode.extensions.onDidChange(() => this.update()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(SETTING)) {
          this.update();
        }
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.ask()),
    );
    this.update();
  }

  /** Whether vivo runs them. */
  get isVivo(): boolean {
    const wanted = vscode.workspace.getConfiguration().get<string>(SETTING);
    return wanted === "vivo" || (wanted !== "other" && !vscode.extensions.getExtension(JUPYTER));
  }

  /** The lenses that are to be shown: none that runs cells where another extension has them. */
  lenses(given: vscode.CodeLens[] | null | undefined): vscode.CodeLens[] | null | undefined {
    return this.isVivo ? given : given?.filter(({ command }) => !RUNS.has(command?.command ?? ""));
  }

  dispose(): void {
    this.watching.dispose();
  }

  private update(): void {
    void vscode.commands.executeCommand("setContext", "vivo.ownsCells", this.isVivo);
    this.changed();
    this.ask();
  }

  private ask(): void {
    const isPython = vscode.window.activeTextEditor?.document.languageId === "python";
    const isOpen = vscode.workspace.getConfiguration().get(SETTING) === "auto" && !this.isVivo;
    if (isPython && isOpen && !this.isAsking && !this.state.get("asked.cells")) {
      this.isAsking = true;
      void this.question().finally(() => {
        this.isAsking = false;
      });
    }
  }

  private async question(): Promise<void> {
    const [mine, theirs] = ["Let vivo", "Leave Jupyter"];
    const answer = await vscode.window.showInformationMessage(
      `Jupyter's extension runs the cells of Python files here. Shall vivo run them, with Shift+Enter? Jupyter's lenses above cells are then turned off (${LENSES}).`,
      mine,
      theirs,
    );
    const settings = vscode.workspace.getConfiguration();
    if (answer === mine) {
      await settings.update(LENSES, false, vscode.ConfigurationTarget.Global);
      await settings.update(SETTING, "vivo", vscode.ConfigurationTarget.Global);
    } else if (answer === theirs) {
      await settings.update(SETTING, "other", vscode.ConfigurationTarget.Global);
    }
    await this.state.update("asked.cells", true); // closed without a word: not asked again
  }
}
