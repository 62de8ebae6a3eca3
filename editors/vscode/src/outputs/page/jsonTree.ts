// A JSON value as a tree whose branches open on demand.
import { element } from "./elements";

const MOST_SHOWN = 500;

export function jsonTree(value: unknown): HTMLElement {
  const tree = element("div", "json");
  tree.append(node(undefined, value, true));
  return tree;
}

function node(name: string | undefined, value: unknown, isOpen = false): HTMLElement {
  if (typeof value !== "object" || value === null) {
    const leaf = element("div", "leaf");
    leaf.append(...label(name), element("span", `json-${value === null ? "null" : typeof value}`, JSON.stringify(value) ?? ""));
    return leaf;
  }
  const entries = Object.entries(value);
  const branch = element("details");
  const summary = element("summary");
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  summary.append(...label(name), element("span", "json-size", size));
  branch.append(summary);
  const fill = () => {
    if (branch.open && branch.children.length === 1) {
      more(branch, entries, 0);
    }
  };
  branch.ontoggle = fill;
  branch.open = isOpen;
  fill();
  return branch;
}

function more(branch: HTMLElement, entries: [string, unknown][], from: number): void {
  branch.append(...entries.slice(from, from + MOST_SHOWN).map(([name, value]) => node(name, value)));
  if (from + MOST_SHOWN < entries.length) {
    const next = element("button", "json-more", `${entries.length - from - MOST_SHOWN} more`);
    next.onclick = () => {
      next.remove();
      more(branch, entries, from + MOST_SHOWN);
    };
    branch.append(next);
  }
}

function label(name: string | undefined): HTMLElement[] {
  return name === undefined ? [] : [element("span", "json-name", name), element("span", "", ": ")];
}
