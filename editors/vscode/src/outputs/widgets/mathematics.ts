// Mathematics between dollars in labels, descriptions and HTML of widgets, drawn by the page.
const MATH = /\$\$[^$]+\$\$|\$(?!\s)[^$\n]+(?<!\s)\$(?!\d)/g;

/** Draw the mathematics below an element. */
export function typeset(element: HTMLElement, draw: (text: string) => HTMLElement): void {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (text.data.includes("$") && !text.parentElement?.closest(".widget-math, code, pre")) {
      found.push(text);
    }
  }
  for (const text of found) {
    const pieces: Node[] = [];
    let from = 0;
    for (const { 0: math, index } of text.data.matchAll(MATH)) {
      const drawn = document.createElement("span");
      drawn.className = "widget-math";
      drawn.append(draw(math));
      pieces.push(document.createTextNode(text.data.slice(from, index)), drawn);
      from = index + math.length;
    }
    if (pieces.length) {
      const whole = document.createElement("span"); // one item of a label, which is a flex box
      whole.append(...pieces, document.createTextNode(text.data.slice(from)));
      text.replaceWith(whole);
    }
  }
}
