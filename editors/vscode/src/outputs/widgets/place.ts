// The place of one widget's view on the page: its text until it can be drawn, and a sentence where it cannot.
//
// The list draws a place when it comes into sight and removes it when it leaves: the view is made and disposed of
// with it, the model stays.
import { DOMWidgetView } from "@jupyter-widgets/base";
import { Widget } from "@lumino/widgets";
import type { Manager } from "./manager";

const GONE = "The session of this widget has ended or was restarted: run its cell again.";
const MOST_FRAMES = 600;
const WAITING = "This widget is drawn when the session is free.";

export class Place {
  private readonly sizes: ResizeObserver;
  private view: DOMWidgetView | undefined;
  private note: HTMLElement | undefined;
  private isOver = false;

  constructor(
    private readonly holder: HTMLElement,
    private readonly manager: Manager,
    readonly sessionId: string,
    private readonly modelId: string,
    private readonly left: (place: Place) => void,
  ) {
    holder.setAttribute("aria-busy", "true");
    this.sizes = new ResizeObserver(() => {
      if (!holder.isConnected) {
        this.leave();
      }
    });
    this.sizes.observe(holder);
    void this.draw();
    this.watched();
  }

  /** It is known by now which models there are. */
  watched(): void {
    const isThere = this.manager.knows(this.modelId);
    if (isThere === false) {
      this.gone();
    } else if (isThere) {
      this.back();
    } else if (isThere === undefined && this.manager.isComplete) {
      this.say(WAITING);
    }
  }

  /** The session's engine has ended. */
  gone(): void {
    this.refused(GONE);
  }

  /** The widget is not drawn, or no more: why. */
  refused(why: string): void {
    this.holder.removeAttribute("aria-busy");
    this.holder.classList.add("widget-gone");
    if (this.view) {
      this.view.el.inert = true;
    }
    this.say(why);
  }

  /** The server is there again, and the session. */
  private back(): void {
    if (this.view && this.holder.classList.contains("widget-gone")) {
      this.holder.classList.remove("widget-gone");
      this.view.el.inert = false;
      this.note?.remove();
    }
  }

  private async draw(): Promise<void> {
    let view: DOMWidgetView;
    try {
      const model = await this.manager.get_model(this.modelId);
      view = await this.manager.create_view(model);
    } catch {
      return; // it is said why: see watched() and gone()
    }
    // Within a widget it is there once that is; a page out of sight has no frames.
    for (let frames = 0; !this.holder.isConnected && !this.isOver && frames < MOST_FRAMES; frames += 1) {
      await new Promise(requestAnimationFrame);
    }
    if (this.isOver || !this.holder.isConnected) {
      view.remove();
      return this.leave();
    }
    this.view = view;
    this.holder.replaceChildren();
    this.holder.removeAttribute("aria-busy");
    Widget.attach(view.luminoWidget, this.holder);
    this.holder.classList.remove("widget-gone");
    this.watched();
    view.once("remove", () => (this.view = undefined));
  }

  private say(sentence: string): void {
    this.note ??= document.createElement("div");
    this.note.className = "widget-note";
    this.note.setAttribute("role", "status");
    this.note.textContent = sentence;
    this.holder.append(this.note);
  }

  private leave(): void {
    this.isOver = true;
    this.sizes.disconnect();
    this.view?.remove();
    this.left(this);
  }
}
