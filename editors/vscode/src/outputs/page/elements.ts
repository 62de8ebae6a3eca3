// Elements of the page, and its terminal text.
import { type Colour, type Style, TerminalText } from "./terminalText";

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

export function button(className: string, label: string, text: string, onClick: () => void): HTMLButtonElement {
  const made = element("button", className, text);
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.onclick = (event) => {
    event.stopPropagation();
    onClick();
  };
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

