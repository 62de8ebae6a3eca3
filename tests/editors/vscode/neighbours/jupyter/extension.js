// Stands in for Jupyter's extension in Python files: lenses above cells, and commands that say they ran.
const vscode = require("vscode");

exports.activate = () => {
  vscode.commands.executeCommand("setContext", "jupyter.hascodecells", true);
  for (const name of ["runcurrentcell", "runcurrentcelladvance", "execSelectionInteractive"]) {
    vscode.commands.registerCommand(`jupyter.${name}`, () => vscode.window.setStatusBarMessage(`jupyter's ${name} ran`));
  }
  const changed = new vscode.EventEmitter();
  vscode.workspace.onDidChangeConfiguration(() => changed.fire());
  vscode.languages.registerCodeLensProvider(
    { language: "python" },
    {
      onDidChangeCodeLenses: changed.event,
      provideCodeLenses(document) {
        if (!vscode.workspace.getConfiguration("jupyter").get("enableCellCodeLens")) return [];
        const lenses = [];
        for (let line = 0; line < document.lineCount; line++) {
          if (document.lineAt(line).text.startsWith("# %%")) {
            const command = { title: "Run Cell", tooltip: "of Jupyter", command: "jupyter.runcurrentcell" };
            lenses.push(new vscode.CodeLens(new vscode.Range(line, 0, line, 0), command));
          }
        }
        return lenses;
      },
    },
  );
};
