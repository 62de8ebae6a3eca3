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
