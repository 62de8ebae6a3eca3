// A notebook in a workbench: its cells, what they show, what is on the disk.
import fs from "node:fs";
import path from "node:path";

/** The text of an .ipynb with cells of code. */
export const ipynb = (...cells) =>
  JSON.stringify({
    cells: cells.map((source, at) => ({
      cell_type: "code", id: `c${at}`, execution_count: null, metadata: {}, outputs: [], source: source.split(/(?<=\n)/),
    })),
    metadata: { kernelspec: { display_name: "vivo", language: "python", name: "vivo" }, language_info: { name: "python" } },
    nbformat: 4,
    nbformat_minor: 5,
  });

export class Notebook {
  constructor(workbench, name) {
    this.workbench = workbench;
    this.name = name;
  }

  get page() {
    return this.workbench.page;
  }

  // From the list of files: what a window opens at its start may be there before notebooks are known.
  async open() {
    await this.page.locator(".explorer-folders-view .explorer-item").filter({ hasText: this.name }).first().dblclick();
    await this.cells.first().waitFor({ timeout: 60000 });
    return this;
  }

  get cells() {
    return this.page.locator(".notebookOverlay .cell-list-container .monaco-list-row .cell.code");
  }

  cell(at) {
    return this.page.locator(`.notebookOverlay .cell-list-container .monaco-list-row[data-index="${at}"]`);
  }

  // Put the keyboard into a cell's text.
  async focus(at) {
    // The cursor may stand where the click goes: that is no obstacle.
    await this.cell(at).locator(".monaco-editor .view-lines").click({ force: true });
    await this.cell(at).locator(".monaco-editor.focused").waitFor();
  }

  // Run a cell as a user does.
  async run(at) {
    await this.focus(at);
    await this.page.keyboard.press("Control+Enter");
  }

  async replace(at, text) {
    await this.focus(at);
    await this.page.keyboard.press("Control+KeyA");
    await this.page.keyboard.insertText(text);
  }

  // All outputs are in one webview.
  get outputs() {
    return this.page.frameLocator("iframe.webview.ready[src*=\"purpose=notebookRenderer\"]").frameLocator("iframe#active-frame").locator(".output_container");
  }

  output(text) {
    return this.outputs.filter({ hasText: text }).first();
  }

  count(at) {
    return this.cell(at).locator(".execution-count-label");
  }

  async save() {
    await this.workbench.command("File: Save");
    await this.page.locator(".tab.active:not(.dirty)").filter({ hasText: this.name }).first().waitFor();
  }

  onDisk() {
    return JSON.parse(fs.readFileSync(path.join(this.workbench.workspace, this.name), "utf8"));
  }
}
