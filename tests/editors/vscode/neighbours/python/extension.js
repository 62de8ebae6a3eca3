// Stands in for the Python extension: the part of its interface by which others learn the interpreter.
const vscode = require("vscode");

exports.activate = () => {
  const interpreters = vscode.workspace.getConfiguration("python.standIn").get("interpreters");
  const changed = new vscode.EventEmitter();
  let active = 0;
  vscode.commands.registerCommand("python.execSelectionInTerminal", () =>
    vscode.window.setStatusBarMessage("python's terminal ran"),
  );
  vscode.commands.registerCommand("python.standIn.choose", () => {
    active = 1;
    changed.fire({ id: interpreters[1], path: interpreters[1], resource: undefined });
  });
  return {
    environments: {
      getActiveEnvironmentPath: () => ({ id: interpreters[active], path: interpreters[active] }),
      resolveEnvironment: async ({ path }) => ({ id: path, path, executable: { uri: vscode.Uri.file(path) } }),
      onDidChangeActiveEnvironmentPath: changed.event,
    },
  };
};
