// A widget of a package whose code vivo does not load: said in a sentence, inside of others too.
import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";

export class UnknownModel extends DOMWidgetModel {}

export class UnknownView extends DOMWidgetView {
  override render(): void {
    this.el.classList.add("jupyter-widgets", "widget-note");
    this.el.textContent = reason(String(this.model.get("_model_module")), String(this.model.get("_model_module_version")));
  }
}

export function reason(module: string, version: string): string {
  return module.startsWith("@jupyter-widgets/")
    ? `This widget is of another version (${module} ${version}): vivo draws those of ipywidgets 8.`
    : `This widget needs code of ${module}, which vivo does not load: only ipywidgets' own are drawn here.`;
}
