// The page of the plots: thumbnails, and the selected figure large, with zoom and pan.
import { button, element } from "../../outputs/page/elements";
import { copyPicture, sourceOf } from "../../outputs/page/image";
import type { PlotsMessage, PlotsRequest } from "../figures";

declare function acquireVsCodeApi(): { postMessage(message: PlotsRequest): void };

interface Shown {
  key: string;
  label: string;
  mime: string;
}

const STEP = 1.25;
const api = acquireVsCodeApi();
const large = document.getElementById("large") as HTMLElement;
const thumbnails = document.getElementById("thumbnails") as HTMLElement;
const empty = document.getElementById("empty") as HTMLElement;
const pictures = new Map<string, string>();
const options = new Map<string, HTMLElement>();
const view = element("div", "view");
const image = element("img");
const caption = element("span", "caption");
let figures: Shown[] = [];
let selected: string | undefined;
let zoom = 1;

function current(): Shown | undefined {
  return figures.find(({ key }) => key === selected);
}

function zoomTo(wanted: number): void {
  const natural = image.clientWidth / zoom;
  zoom = Math.min(16, Math.max(0.25, wanted));
  image.style.maxWidth = image.style.maxHeight = zoom === 1 ? "" : "none";
  image.style.width = zoom === 1 ? "" : `${natural * zoom}px`;
}

function select(key: string | undefined): void {
  selected = key;
  zoomTo(1);
  draw();
}

function move(by: number): void {
  const at = figures.findIndex(({ key }) => key === selected);
  const next = figures[Math.min(figures.length - 1, Math.max(0, at + by))];
  if (next) {
    select(next.key);
  }
}

function remove(): void {
  const gone = current();
  if (gone) {
    const at = figures.indexOf(gone);
    selected = (figures[at + 1] ?? figures[at - 1])?.key;
    api.postMessage({ type: "delete", key: gone.key });
  }
}

function save(): void {
  const figure = current();
  const data = figure && pictures.get(figure.key);
  if (figure && data) {
    api.postMessage({ type: "save", mime: figure.mime, data });
  }
}

async function copy(): Promise<void> {
  api.postMessage({ type: "told", text: await copyPicture(image) });
}

function option({ key, label }: Shown): HTMLElement {
  let made = options.get(key);
  if (!made) {
    made = element("div", "thumbnail");
    made.id = `figure-${key}`;
    made.setAttribute("role", "option");
    made.setAttribute("aria-label", label);
    made.title = label;
    made.onclick = () => select(key);
    options.set(key, made);
    api.postMessage({ type: "picture", key });
  }
  made.classList.toggle("selected", key === selected);
  made.setAttribute("aria-selected", String(key === selected));
  return made;
}

function draw(): void {
  const figure = current();
  const data = figure && pictures.get(figure.key);
  large.hidden = thumbnails.hidden = !figures.length;
  empty.hidden = figures.length > 0;
  thumbnails.replaceChildren(...figures.map(option));
  caption.textContent = figure ? `${figure.label} (${figures.indexOf(figure) + 1} of ${figures.length})` : "";
  if (figure && data) {
    image.alt = figure.label;
    image.src = sourceOf(figure.mime, data);
  }
  if (figure) {
    thumbnails.setAttribute("aria-activedescendant", `figure-${figure.key}`);
    options.get(figure.key)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function take(message: PlotsMessage): void {
  if (message.type === "picture") {
    const figure = figures.find(({ key }) => key === message.key);
    const holder = options.get(message.key);
    if (figure && message.data !== null) {
      pictures.set(message.key, message.data);
      const small = element("img");
      small.src = sourceOf(figure.mime, message.data);
      small.alt = "";
      holder?.replaceChildren(small);
    } else {
      holder?.replaceChildren("gone");
    }
    return draw();
  }
  const newest = message.figures.at(-1)?.key;
  const isNew = newest !== undefined && newest !== figures.at(-1)?.key && !figures.some(({ key }) => key === newest);
  figures = message.figures;
  const known = new Set(figures.map(({ key }) => key));
  for (const key of options.keys()) {
    if (!known.has(key)) {
      options.delete(key);
      pictures.delete(key);
    }
  }
  select(isNew || !current() ? newest : selected);
}

const KEYS: Record<string, () => void> = {
  ArrowLeft: () => move(-1),
  ArrowUp: () => move(-1),
  ArrowRight: () => move(1),
  ArrowDown: () => move(1),
  Home: () => move(-figures.length),
  End: () => move(figures.length),
  Delete: remove,
  Enter: () => selected && api.postMessage({ type: "reveal", key: selected }),
  "+": () => zoomTo(zoom * STEP),
  "-": () => zoomTo(zoom / STEP),
  "0": () => zoomTo(1),
};

thumbnails.onkeydown = (event) => {
  const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
};
view.onwheel = (event) => {
  if (event.ctrlKey) {
    event.preventDefault();
    zoomTo(zoom * (event.deltaY < 0 ? STEP : 1 / STEP));
  }
};
view.onpointerdown = (event) => {
  event.preventDefault();
  view.setPointerCapture(event.pointerId);
};
view.onpointermove = (event) => {
  if (view.hasPointerCapture(event.pointerId)) {
    view.scrollBy(-event.movementX, -event.movementY);
  }
};

const tools = element("div", "tools");
tools.setAttribute("role", "toolbar");
tools.setAttribute("aria-label", "Figure");
tools.append(
  button("tool", "Previous figure", "‹", () => move(-1)),
  button("tool", "Next figure", "›", () => move(1)),
  button("tool", "Zoom in", "+", () => zoomTo(zoom * STEP)),
  button("tool", "Zoom out", "−", () => zoomTo(zoom / STEP)),
  button("tool", "Fit", "Fit", () => zoomTo(1)),
  button("tool", "Copy figure", "Copy", () => void copy()),
  button("tool", "Save figure", "Save", save),
  button("tool", "Show the cell of this figure", "Cell", () => selected && api.postMessage({ type: "reveal", key: selected })),
  button("tool", "Delete figure", "Delete", remove),
);
view.append(image);
large.append(tools, view, caption);
window.addEventListener("message", ({ data }: MessageEvent<PlotsMessage>) => take(data));
draw();
api.postMessage({ type: "ready" });
