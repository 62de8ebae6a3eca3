// The `Output` widget: shows what the server says that it has captured.
import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";
import type { WidgetHost } from "../page/widget";

type NotebookOutput = Record<string, unknown>;

export class OutputModel extends DOMWidgetModel {
  override defaults() {
    return {
      ...super.defaults(),
      _model_name: "OutputModel",
      _model_module: "@jupyter-widgets/output",
      _view_name: "OutputView",
      _view_module: "@jupyter-widgets/output",
      msg_id: "",
      outputs: [],
    };
  }
}

/** The view of it, which lets the page draw the outputs. */
export function outputView(host: WidgetHost, sessionId: string): typeof DOMWidgetView {
  return class OutputView extends DOMWidgetView {
    private shown: [string, HTMLElement][] = [];

    override render(): void {
      this.el.classList.add("jupyter-widgets", "widget-captured");
      this.el.setAttribute("aria-live", "polite");
      this.listenTo(this.model, "change:outputs", () => this.draw());
      this.draw();
    }

    // What is as it was stays: a picture that is drawn anew would flicker.
    private draw(): void {
      const outputs = this.model.get("outputs") as NotebookOutput[];
      const before = this.shown;
      this.shown = outputs.map((output, index) => {
        const told = JSON.stringify(output);
        const known = before[index];
        return known?.[0] === told ? known : [told, host.drawOutput(output, sessionId)];
      });
      const elements = this.shown.map(([, element]) => element);
      if (elements.length !== this.el.children.length || elements.some((each, index) => each !== this.el.children[index])) {
        this.el.replaceChildren(...elements);
      }
    }
  };
}
