// The widgets whose value is HTML, which the library puts into the page as it is: here it is cleaned first.
import { HTMLMathModel, HTMLMathView, HTMLModel, HTMLView } from "@jupyter-widgets/controls";
import { harmlessHtml } from "./harmlessHtml";

/** A model of which nobody reads HTML that was not cleaned. */
function cleaned<Model extends new (...given: any[]) => HTMLModel>(Base: Model): Model {
  return class extends Base {
    override get(name: string): unknown {
      const value: unknown = super.get(name);
      return name === "value" && typeof value === "string" ? harmlessHtml(value) : value;
    }
  };
}

export const HTML = {
  HTMLModel: cleaned(HTMLModel),
  HTMLMathModel: cleaned(HTMLMathModel as unknown as typeof HTMLModel),
  HTMLView,
  HTMLMathView,
};
