// One block of the list: the cell's head and its outputs, drawn from what is known, and again as it changes.
import type { Output } from "../../protocol";
import type { Block, Item } from "../blocks.ts";
import { button, element, TerminalView } from "./elements";
import { ask } from "./host";
import { rendered } from "./render";

interface Drawn {
  holder: HTMLElement;
  output: Output;
  stream: TerminalView | undefined;
}

export class Section {
  readonly element = element("section", "cell");
  private head: HTMLElement | undefined;
  private readonly drawn = new Map<Item, Drawn>();

  constructor(
    private readonly block: Block,
    private readonly isPinned: (key: string) => boolean,
  ) {
    this.element.setAttribute("role", "article");
    this.element.tabIndex = -1;
  }

  /** Draw what has changed. */
  draw(): void {
    const { cell, items, isFirst } = this.block;
    const { started, finished } = cell;
    this.element.classList.toggle("running", Boolean(started && !finished));
    this.element.classList.toggle("error", finished?.status === "error");
    this.element.classList.toggle("goes-on", !isFirst);
    this.element.setAttribute("aria-label", `Cell ${started?.executionCount ?? ""}`.trim());
    if (isFirst && started && !this.head) {
      const label = `In [${started.executionCount ?? " "}]`;
      this.head = element("div", "head");
      this.head.append(
        button("label", `Show the code of ${label}`, label, () => ask({ type: "reveal", executionId: cell.id })),
        ...(started.client && !started.own ? [element("span", "who", started.client)] : []),
        element("pre", "code", started.code),
      );
      this.element.prepend(this.head);
    }
    const kept = new Set(items);
    for (const [item, { holder }] of this.drawn) {
      if (!kept.has(item)) {
        holder.remove();
        this.drawn.delete(item);
      }
    }
    items.forEach((item) => this.drawItem(item));
  }

  private drawItem(item: Item): void {
    const before = this.drawn.get(item);
    if (before?.output === item.output) {
      this.markPin(before.holder, item);
      return;
    }
    const text = item.output.text ?? "";
    if (before?.stream && text.startsWith(before.output.text ?? "")) {
      before.stream.write(text.slice((before.output.text ?? "").length));
      before.output = item.output;
      return;
    }
    const made = this.made(item);
    this.drawn.set(item, made);
    if (before) {
      before.holder.replaceWith(made.holder);
    } else {
      this.element.append(made.holder);
    }
  }

  private made(item: Item): Drawn {
    const { output } = item;
    const holder = element("div", `output ${output.kind}`);
    if (output.engine != null) {
      holder.append(element("div", "engine", `engine ${output.engine}`));
    }
    if (output.kind === "result") {
      holder.append(element("div", "label", `Out[${output.executionCount ?? " "}]`));
    }
    let stream: TerminalView | undefined;
    if (output.kind === "stream") {
      stream = new TerminalView(output.name ?? "stdout", output.text ?? "");
      holder.append(stream.pre);
    } else if (output.error) {
      holder.append(new TerminalView("traceback", output.error.traceback.join("\n")).pre, frames(output));
    } else {
      holder.append(rendered(output));
    }
    holder.append(this.tools(item));
    this.markPin(holder, item);
    holder.onclick = (event) => {
      const isControl = (event.target as Element).closest("a, button, summary, img, details, .json, .widget");
      if (!isControl && getSelection()?.isCollapsed !== false) {
        ask({ type: "reveal", executionId: output.executionId });
      }
    };
    return { holder, output, stream };
  }

  private markPin(holder: HTMLElement, { key }: Item): void {
    const isPinned = this.isPinned(key);
    holder.classList.toggle("pinned", isPinned);
    holder.querySelector(".tool.pin")?.setAttribute("aria-pressed", String(isPinned));
  }

  private tools(item: Item): HTMLElement {
    const tools = element("div", "tools");
    tools.append(
      button("tool pin", "Pin: keep this output when the panel is cleared", "Pin", () => ask({ type: "pin", key: item.key })),
      button("tool", "Copy text", "Copy text", () => ask({ type: "copy", text: textOf(item.output) })),
    );
    return tools;
  }
}

// The frames of a traceback, the innermost first: where the error is.
function frames({ error }: Output): HTMLElement {
  const list = element("ul", "frames");
  list.setAttribute("aria-label", "Frames, the innermost first");
  for (const { path, line, function: name, values } of [...(error?.frames ?? [])].reverse()) {
    const row = element("li");
    const label = `${path.split(/[\\/]/).at(-1)}:${line + 1}`;
    row.append(
      button("frame", `Open ${path}, line ${line + 1}`, label, () => ask({ type: "frame", path, line })),
      element("span", "in", ` in ${name}`),
    );
    for (const { name: variable, text } of values ?? []) {
      row.append(element("div", "frame-value", `${variable} = ${text}`));
    }
    list.append(row);
  }
  return list;
}

const CODES = /\x1b\[[0-9;:?]*[@-~]/g;

export function textOf({ text, data, error }: Output): string {
  const value = text ?? error?.traceback.join("\n") ?? data?.["text/plain"] ?? data?.["text/markdown"] ?? data ?? "";
  return (typeof value === "string" ? value : JSON.stringify(value, null, 2)).replace(CODES, "");
}
