// Markdown and LaTeX, by a script that is loaded when the first of them is shown.
import { element, TerminalView } from "./elements";

export type RichKind = "markdown" | "latex";
export type Rich = Record<RichKind, (text: string) => Node>;

declare global {
  interface Window {
    vivoRich?: Rich;
  }
}

let loading: Promise<Rich> | undefined;

function load(): Promise<Rich> {
  loading ??= new Promise((resolve, reject) => {
    const own = document.getElementById("own") as HTMLScriptElement;
    const script = element("script");
    script.nonce = own.nonce;
    script.src = own.dataset["later"] ?? "";
    script.onload = () => (window.vivoRich ? resolve(window.vivoRich) : reject(new Error("not loaded")));
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

export function rich(kind: RichKind, text: string): HTMLElement {
  const holder = element("div", `rich ${kind}`);
  holder.append(new TerminalView("value", text).pre); // until it is drawn, and if it cannot be
  load().then(
    (drawn) => holder.replaceChildren(drawn[kind](text)),
    () => undefined,
  );
  return holder;
}
