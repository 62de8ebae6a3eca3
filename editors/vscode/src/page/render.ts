// MIME bundles and terminal text as elements of the page.
import { type Colour, type Style, TerminalText } from "./terminalText";

export type MimeBundle = Record<string, unknown>;

const NAMES = ["Black", "Red", "Green", "Yellow", "Blue", "Magenta", "Cyan", "White"];

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = "",
  text = "",
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** A `pre` that text is written into, piece by piece, as into a terminal. */
export class TerminalView {
  readonly pre: HTMLPreElement;
  private readonly text = new TerminalText();

  constructor(className: string, text: string) {
    this.pre = element("pre", className);
    this.write(text);
  }

  write(text: string): void {
    const first = this.text.write(text);
    while (this.pre.children.length > first) {
      this.pre.lastElementChild?.remove();
    }
    const { rows } = this.text;
    for (const [offset, runs] of rows.slice(first).entries()) {
      const isLast = first + offset === rows.length - 1;
      const row = element("span", "row");
      for (const { text: piece, style } of runs) {
        const span = element("span", "", piece);
        paint(span, style);
        row.append(span);
      }
      row.append(isLast ? "" : "\n");
      this.pre.append(row);
    }
  }
}

function paint(span: HTMLElement, style: Style): void {
  const ink = cssColour(style.colour);
  const ground = cssColour(style.background);
  span.style.color = style.isInverse ? (ground ?? "var(--vscode-editor-background)") : (ink ?? "");
  span.style.backgroundColor = style.isInverse ? (ink ?? "var(--vscode-foreground)") : (ground ?? "");
  span.style.fontWeight = style.isBold ? "bold" : "";
  span.style.opacity = style.isDim ? "0.7" : "";
  span.style.fontStyle = style.isItalic ? "italic" : "";
  span.style.textDecoration = style.isUnderlined ? "underline" : "";
}

function cssColour(colour: Colour | undefined): string | undefined {
  if (typeof colour !== "number") {
    return colour;
  }
  const bright = colour >= 8 ? "Bright" : "";
  return `var(--vscode-terminal-ansi${bright}${NAMES[colour % 8]})`;
}

/** The richest form of a bundle that the page can show. */
export function rendered(data: MimeBundle): HTMLElement {
  const text = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
  for (const mime of ["image/png", "image/jpeg"]) {
    if (typeof data[mime] === "string") {
      return picture(`data:${mime};base64,${data[mime]}`, text);
    }
  }
  if (typeof data["image/svg+xml"] === "string") {
    return picture(`data:image/svg+xml;utf8,${encodeURIComponent(data["image/svg+xml"])}`, text);
  }
  if (typeof data["text/html"] === "string") {
    return page(data["text/html"]);
  }
  return new TerminalView("value", text || JSON.stringify(data, null, 2)).pre;
}

function picture(source: string, text: string): HTMLElement {
  const image = element("img");
  image.src = source;
  image.alt = text || "figure";
  return image;
}

// HTML stands in a frame of its own. Neither the frame's sandbox nor the policy, which it inherits
// from this page, lets a script run or anything be loaded; the same origin lets us measure its height.
function page(html: string): HTMLElement {
  const frame = element("iframe");
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.title = "HTML output";
  frame.onload = () => {
    dress(frame);
    const body = frame.contentDocument?.body;
    if (body) {
      new ResizeObserver(() => fit(frame)).observe(body);
    }
  };
  frame.srcdoc = html;
  return frame;
}

function fit(frame: HTMLIFrameElement): void {
  const root = frame.contentDocument?.documentElement;
  if (root) {
    frame.style.height = `${root.offsetHeight + 4}px`;
  }
}

/** Give a frame the colours and the font of the theme. */
export function dress(frame: HTMLIFrameElement): void {
  const inner = frame.contentDocument;
  if (!inner?.body) {
    return;
  }
  const theme = getComputedStyle(document.body);
  inner.documentElement.style.overflowX = "auto";
  inner.body.style.color ||= theme.color;
  inner.body.style.font ||= theme.font;
  inner.body.style.margin = "0";
  fit(frame);
}
