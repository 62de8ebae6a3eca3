// The view of variables: those of the session of the file in front, by pages, also while a cell runs.
import * as vscode from "vscode";
import { aged, sized } from "../choosing/words";
import { told } from "../commands";
import { Commands, Notifications, Queries, type VariableInfo, type VariablePage, type VariablesChanged } from "../protocol";
import type { Server } from "../server";
import { describe, iconOf, isTable } from "./rows";

type Sort = "name" | "type" | "size" | "definition";
type Path = (string | number)[];
interface Row {
  path: Path;
  variable: VariableInfo;
}
interface More {
  below: Path;
  left: number;
}
type Node = Row | More;

const PAGE = 200;
const SORTS: Record<Sort, string> = {
  definition: "In the order in which they were made",
  name: "By name",
  type: "By type",
  size: "By size, the largest first",
};

/** @param view opens a table of a variable of a document */
export function registerVariables(server: Server, view: (uri: vscode.Uri, path: Path) => void): vscode.Disposable {
  const variables = new Variables(server);
  const tree = vscode.window.createTreeView("vivo.variables", { treeDataProvider: variables, showCollapseAll: true });
  variables.onDidLoad(({ busy, known, total }) => {
    tree.message = busy ? `The session is busy; as known ${aged(Date.now() / 1000 - (known ?? 0))} ago` : undefined;
    tree.description = [variables.filter && `“${variables.filter}”`, `${total}`].filter(Boolean).join(" · ");
  });
  const onRow = (does: (row: Row, uri: vscode.Uri) => unknown) => (row?: Row) => {
    const chosen = row ?? (tree.selection[0] as Row | undefined);
    return chosen?.variable && variables.uri ? told(async () => does(chosen, variables.uri as vscode.Uri)) : undefined;
  };
  const run = (text: (name: string) => string) =>
    onRow(({ variable: { name } }, uri) => server.command(Commands.runText, { uri: uri.toString(), text: text(name) }));
  const commands: Record<string, (row?: Row) => unknown> = {
    "vivo.refreshVariables": () => variables.refresh(),
    "vivo.filterVariables": () => variables.askFilter(),
    "vivo.sortVariables": () => variables.askSort(),
    "vivo.moreVariables": (more) => variables.more(more as unknown as More),
    "vivo.copyVariableName": onRow(({ variable }) => vscode.env.clipboard.writeText(variable.name)),
    "vivo.copyVariableValue": onRow(({ variable }) => vscode.env.clipboard.writeText(variable.text)),
    "vivo.inspectVariable": run((name) => `${name}?`),
    "vivo.deleteVariable": run((name) => `del ${name}`),
    "vivo.viewTable": onRow(({ path }, uri) => view(uri, path)),
  };
  return vscode.Disposable.from(
    tree,
    variables,
    ...Object.entries(commands).map(([name, does]) => vscode.commands.registerCommand(name, does)),
  );
}

class Variables implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  filter = "";
  uri: vscode.Uri | undefined;
  private sort: Sort = "definition";
  /** How many are shown below each path. */
  private readonly shown = new Map<string, number>();
  private readonly change = new vscode.EventEmitter<void>();
  private readonly load = new vscode.EventEmitter<VariablePage>();
  private readonly watching: vscode.Disposable;
  readonly onDidChangeTreeData = this.change.event;
  readonly onDidLoad = this.load.event;

  constructor(private readonly server: Server) {
    this.watching = vscode.Disposable.from(
      vscode.window.onDidChangeActiveTextEditor(() => this.follow()),
      server.onDidChange(() => this.refresh()),
    );
    server.hear(Notifications.variablesChanged, ({ uris }: VariablesChanged) => {
      if (!this.uri || uris.includes(this.uri.toString())) {
        this.refresh();
      }
    });
    this.follow();
  }

  refresh(): void {
    this.change.fire();
  }

  async askFilter(): Promise<void> {
    const filter = await vscode.window.showInputBox({
      title: "vivo: show which variables?",
      prompt: "A part of the name, or a pattern with * and ?; empty shows all",
      value: this.filter,
    });
    if (filter !== undefined) {
      this.filter = filter;
      this.shown.clear();
      this.refresh();
    }
  }

  async askSort(): Promise<void> {
    const rows = Object.entries(SORTS).map(([sort, label]) => ({ label, sort: sort as Sort, picked: sort === this.sort }));
    const picked = await vscode.window.showQuickPick(rows, { title: "vivo: the order of variables" });
    if (picked) {
      this.sort = picked.sort;
      this.refresh();
    }
  }

  more({ below }: More): void {
    const key = JSON.stringify(below);
    this.shown.set(key, (this.shown.get(key) ?? PAGE) + 5 * PAGE);
    this.refresh();
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!this.uri || !this.server.isThere || (node && !("variable" in node))) {
      return [];
    }
    const path = node?.path ?? [];
    const wanted = this.shown.get(JSON.stringify(path)) ?? PAGE;
    const nodes: Node[] = [];
    try {
      while (nodes.length < wanted) {
        const page = await this.page(path, nodes.length, Math.min(1000, wanted - nodes.length));
        nodes.push(...page.variables.map((variable, index) => row(path, variable, nodes.length + index)));
        if (!node) {
          this.load.fire(page);
        }
        if (!page.variables.length || nodes.length >= page.total) {
          return nodes;
        }
        if (nodes.length >= wanted) {
          nodes.push({ below: path, left: page.total - nodes.length });
        }
      }
    } catch (error) {
      console.warn("vivo: no variables:", error); // no session yet, or it has just ended: the view says so
    }
    return nodes;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (!("variable" in node)) {
      const item = new vscode.TreeItem(`${node.left} more…`);
      item.command = { command: "vivo.moreVariables", title: "More", arguments: [node] };
      return item;
    }
    const { variable } = node;
    const { name, children, changed, size, text, type } = variable;
    const item = new vscode.TreeItem(
      { label: name, highlights: changed ? [[0, name.length]] : [] },
      children ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    item.id = JSON.stringify(node.path);
    item.description = describe(variable);
    item.iconPath = new vscode.ThemeIcon(iconOf(variable));
    item.contextValue = `${node.path.length === 1 ? "variable" : "child"}${isTable(variable) ? ".table" : ""}`;
    item.tooltip = [`${name}: ${type}`, size === null ? "" : sized(size), changed ? "changed by the last cell" : "", text]
      .filter(Boolean)
      .join("\n");
    item.accessibilityInformation = { label: `${name}, ${describe(variable)}${changed ? ", changed" : ""}` };
    return item;
  }

  dispose(): void {
    this.watching.dispose();
    this.change.dispose();
    this.load.dispose();
  }

  private follow(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.languageId === "python" && document.uri.toString() !== this.uri?.toString()) {
      this.uri = document.uri;
      this.shown.clear();
      this.refresh();
    }
  }

  private page(path: Path, start: number, count: number): Promise<VariablePage> {
    const { filter, sort } = this;
    const order = path.length ? {} : { filter, sort, descending: sort === "size" };
    return this.server.query(Queries.variables, { uri: this.uri?.toString(), path, start, count, ...order });
  }
}

function row(below: Path, variable: VariableInfo, index: number): Row {
  return { path: [...below, below.length ? index : variable.name], variable };
}
