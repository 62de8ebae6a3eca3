// Widgets, by a script and a style that are loaded when the first of them is shown; until then, and where
// they cannot be drawn, their text with the reason.
import type { Output } from "../../protocol";
import type { WidgetRequest } from "../widgetMessages.ts";
import { element, TerminalView } from "./elements";
import { ask } from "./host";
import { notebookOutput } from "./notebookOutput";
import { rich } from "./richLoader";

export const WIDGET = "application/vnd.jupyter.widget-view+json";

/** What the page gives to what draws widgets. */
export interface WidgetHost {
  ask(request: WidgetRequest): void;
  tellUser(sentence: string): void;
  /** Text with mathematics between dollars. */
  math(text: string): HTMLElement;
  /** An output of an `Output` widget, as a notebook's cell has it. */
  drawOutput(output: Record<string, unknown>, sessionId: string): HTMLElement;
}

/** Draws a widget into its holder, which has its text so far. */
export type DrawWidget = (holder: HTMLElement, sessionId: string, modelId: string) => void;

declare global {
  interface Window {
    vivoWidgets?: (host: WidgetHost) => DrawWidget;
  }
}

let loading: Promise<DrawWidget> | undefined;

function load(): Promise<DrawWidget> {
  loading ??= new Promise((resolve, reject) => {
    const own = document.getElementById("own") as HTMLScriptElement;
    const style = element("link");
    style.rel = "stylesheet";
    style.href = own.dataset["widgetsStyle"] ?? "";
    const script = element("script");
    script.nonce = own.nonce;
    script.src = own.dataset["widgets"] ?? "";
    const tellUser = (text: string) => ask({ type: "told", text });
    const host: WidgetHost = { ask, tellUser, math: (text) => rich("markdown", text), drawOutput: notebookOutput };
    script.onload = () => (window.vivoWidgets ? resolve(window.vivoWidgets(host)) : reject(new Error("not loaded")));
    script.onerror = reject;
    document.head.append(style, script);
  });
  return loading;
}

/** @param view the widget's view as its MIME bundle has it */
export function widget(output: Output, view: unknown, text: string): HTMLElement {
  const holder = element("div", "widget");
  holder.append(new TerminalView("value", text).pre);
  const modelId = (view as { model_id?: unknown } | null)?.model_id;
  if (typeof modelId === "string") {
    load().then(
      (draw) => draw(holder, output.sessionId, modelId),
      () => holder.append(element("div", "widget-note", "Widgets could not be loaded: install vivo's extension again.")),
    );
  }
  return holder;
}
