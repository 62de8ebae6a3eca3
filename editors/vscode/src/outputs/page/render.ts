// MIME bundles as elements of the page: the richest form that it can show.
import type { Output } from "../../protocol";
import { element, TerminalView } from "./elements";
import { blob } from "./host";
import { htmlFrame } from "./htmlFrame";
import { jsonTree } from "./jsonTree";
import { picture } from "./picture";
import { rich } from "./richLoader";
import { WIDGET, widget } from "./widget";

export type MimeBundle = Record<string, unknown>;

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"];

type Draw = (value: unknown, text: string, mime: string) => HTMLElement;

const FORMS: [(mime: string) => boolean, Draw][] = [
  [(mime) => PICTURES.includes(mime), (value, text, mime) => picture(mime, String(value), text)],
  [(mime) => mime === "text/html", (value) => htmlFrame(String(value))],
  [(mime) => mime === "text/markdown", (value) => rich("markdown", String(value))],
  [(mime) => mime === "text/latex", (value) => rich("latex", String(value))],
  [(mime) => /^application\/(?:.*\+)?json$/.test(mime), (value) => jsonTree(parsed(value))],
];

/** An output's value; what it refers to is drawn when it has come. */
export function rendered(output: Output): HTMLElement {
  const data = output.data ?? {};
  const text = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
  if (WIDGET in data) {
    return widget(output, data[WIDGET], text);
  }
  for (const [fits, draw] of FORMS) {
    const mime = Object.keys(data).find(fits);
    if (mime) {
      return resolved(output, mime, (value) => draw(value, text, mime));
    }
  }
  const plain = "text/plain" in data ? "text/plain" : Object.keys(data)[0];
  return plain
    ? resolved(output, plain, (value) => new TerminalView("value", asText(value)).pre)
    : element("pre", "value");
}

function resolved(output: Output, mime: string, draw: (value: unknown) => HTMLElement): HTMLElement {
  const value = output.data?.[mime] as { blob?: unknown; size?: number } | null;
  if (typeof value !== "object" || typeof value?.blob !== "string") {
    return draw(value);
  }
  const holder = element("div", "coming", "…");
  holder.setAttribute("aria-busy", "true");
  void blob(value.blob, output.sessionId, output.sequence).then((base64) => {
    const isText = !mime.startsWith("image/") || mime === "image/svg+xml";
    holder.replaceWith(
      base64 === null
        ? element("div", "missing", "The session no longer has this output. Run its cell again.")
        : draw(isText ? decoded(base64) : base64),
    );
  });
  return holder;
}

function decoded(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") {
    return value;
  }
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value; // a string is JSON's too
  }
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
