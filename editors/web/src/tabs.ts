// The views of the page: one is shown at a time, and all go on.
import { element } from "./elements.ts";

export class Tabs {
  private readonly views = new Map<string, { tab: HTMLButtonElement; view: HTMLElement; shown: () => void }>();

  constructor(
    private readonly bar: HTMLElement,
    private readonly holder: HTMLElement,
  ) {
    bar.onkeydown = ({ key }) => {
      const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
      const names = [...this.views.keys()];
      const at = names.findIndex((name) => this.views.get(name)?.tab.ariaSelected === "true");
      const next = names[(at + step + names.length) % names.length];
      if (step && next) {
        this.show(next);
        this.views.get(next)?.tab.focus();
      }
    };
  }

  /** @param shown is told whenever the view comes to the front */
  add(name: string, content: HTMLElement[], shown: () => void = () => undefined): void {
    const tab = element("button", "", name);
    const view = element("div", "view");
    tab.type = "button";
    tab.id = `tab-${name}`;
    tab.role = "tab";
    view.role = "tabpanel";
    view.setAttribute("aria-labelledby", tab.id);
    view.append(...content);
    tab.onclick = () => this.show(name);
    this.views.set(name, { tab, view, shown });
    this.bar.append(tab);
    this.holder.append(view);
  }

  show(wanted: string): void {
    for (const [name, { tab, view, shown }] of this.views) {
      const isShown = name === wanted;
      tab.ariaSelected = String(isShown);
      tab.tabIndex = isShown ? 0 : -1;
      view.hidden = !isShown;
      if (isShown) {
        shown();
      }
    }
  }
}
