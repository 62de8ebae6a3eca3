// HTML of a cell, in a frame of its own.
//
// Neither the frame's sandbox nor the policy, which it inherits from this page, lets a script run or anything be
// loaded; the same origin lets us measure its height.
import { element } from "./elements";
import { harmless } from "./harmless";

export function htmlFrame(html: string): HTMLElement {
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
  frame.srcdoc = harmless(html);
  return frame;
}

function fit(frame: HTMLIFrameElement): void {
  const root = frame.contentDocument?.documentElement;
  if (root) {
    frame.style.height = `${root.offsetHeight + 4}px`;
  }
}

// How tables of data are set, where their own HTML says nothing else: `:where` yields to any rule of theirs.
const TABLES = `
  :where(table.dataframe) { border: none; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  :where(table.dataframe) :where(th, td) { border: none; padding: 0.25em 0.7em; text-align: right; white-space: nowrap; }
  :where(table.dataframe thead) { border-bottom: 1px solid color-mix(in srgb, currentColor 35%, transparent); }
  :where(table.dataframe tbody tr:nth-child(odd)) { background: color-mix(in srgb, currentColor 5%, transparent); }
  :where(table.dataframe tbody tr:hover) { background: color-mix(in srgb, currentColor 12%, transparent); }
`;

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
  const Sheet = (frame.contentWindow as (Window & typeof globalThis) | null)?.CSSStyleSheet;
  if (Sheet && !inner.adoptedStyleSheets.length) {
    const sheet = new Sheet();
    sheet.replaceSync(TABLES);
    inner.adoptedStyleSheets = [sheet];
  }
  fit(frame);
}
