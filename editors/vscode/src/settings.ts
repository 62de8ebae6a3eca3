// What the server is told of the user's settings, at its start and whenever they change.
//
// 1. A workspace names no program: `vivo.python` and `vivo.cluster` are the machine's.
// 2. Where another extension answers statically for Python, vivo's static answers are off unless asked for.
// 3. The interpreter that was chosen in the Python extension is taken where the user has named none.
import * as vscode from "vscode";

const KEYS = [
  "profile",
  "sessionPer",
  "deadline",
  "stopOnError",
  "values",
  "valueWidth",
  "frameValues",
  "warnings",
] as const;
const STATIC_SERVERS = [
  "ms-pyright.pyright",
  "detachhead.basedpyright",
  "astral-sh.ty",
  "meta.pyrefly",
];
const PYTHON_EXTENSION = "ms-python.python";
const PYLANCE = "ms-python.vscode-pylance";

/** The part of the Python extension's interface that is used here. */
interface PythonExtension {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath(listener: () => void): vscode.Disposable;
  };
}

/** The settings as the server has them; changes are told to a listener. */
export class Settings implements vscode.Disposable {
  private readonly watching: vscode.Disposable[] = [];
  private readonly change = new vscode.EventEmitter<void>();
  private chosenElsewhere: string | undefined;
  private isFollowing = false;

  /** Fired when the server would be told something else. */
  readonly onDidChange = this.change.event;

  constructor() {
    this.watching.push(
      vscode.workspace.onDidChangeConfiguration((changed) => {
        if (changed.affectsConfiguration("vivo") || changed.affectsConfiguration("python.languageServer")) {
          this.change.fire();
        }
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        void this.follow();
        this.change.fire();
      }),
      vscode.extensions.onDidChange(() => {
        void this.follow();
        this.change.fire();
      }),
    );
  }

  /** What the server is told. */
  told(): Record<string, unknown> {
    const settings = vscode.workspace.getConfiguration("vivo");
    const told: Record<string, unknown> = Object.fromEntries(KEYS.map((key) => [key, settings.get(key)]));
    told["python"] = settings.get<string>("python") || this.chosenElsewhere || null;
    told["cluster"] = settings.get("cluster") ?? {};
    told["trusted"] = vscode.workspace.isTrusted;
    told["static"] = staticAnswers(settings.get<string>("static") ?? "auto");
    return told;
  }

  /** Follow the interpreter that the Python extension has, once that is active. */
  async follow(): Promise<void> {
    const extension = vscode.extensions.getExtension<PythonExtension>(PYTHON_EXTENSION);
    if (!extension || !vscode.workspace.isTrusted || this.isFollowing) {
      return;
    }
    this.isFollowing = true;
    try {
      const { environments } = await extension.activate();
      if (environments) {
        this.watching.push(environments.onDidChangeActiveEnvironmentPath(() => void this.take(environments)));
        await this.take(environments);
      }
    } catch (error) {
      console.warn("vivo: the Python extension cannot be asked for its interpreter:", error); // its own fault
    }
  }

  dispose(): void {
    this.watching.forEach((each) => each.dispose());
    this.change.dispose();
  }

  private async take(environments: NonNullable<PythonExtension["environments"]>): Promise<void> {
    const resource = vscode.window.activeTextEditor?.document.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
    const active = environments.getActiveEnvironmentPath(resource);
    const found = await environments.resolveEnvironment(active);
    const python = found?.executable.uri?.fsPath ?? (active.path.includes("/") ? active.path : undefined);
    if (python !== this.chosenElsewhere) {
      this.chosenElsewhere = python;
      this.change.fire();
    }
  }
}

function staticAnswers(wanted: string): string {
  return wanted !== "auto" ? wanted : hasStaticNeighbour() ? "off" : "on";
}

/** Whether another extension analyses Python. */
export function hasStaticNeighbour(): boolean {
  const has = (id: string) => vscode.extensions.getExtension(id) !== undefined;
  // The Python extension starts Pylance, or the Jedi that it brings along, unless it is told not to.
  const ofPython = has(PYTHON_EXTENSION)
    ? vscode.workspace.getConfiguration("python").get<string>("languageServer") !== "None"
    : has(PYLANCE);
  return ofPython || STATIC_SERVERS.some(has);
}
