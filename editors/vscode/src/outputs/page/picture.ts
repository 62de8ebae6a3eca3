// A picture with zoom, save and copy.
import { button, element } from "./elements";
import { ask } from "./host";
import { copyPicture, sourceOf } from "./image";

const STEP = 1.25;

// A picture is drawn as an image element: nothing in an SVG runs there, and nothing is loaded for it.
export function picture(mime: string, data: string, text: string): HTMLElement {
  const holder = element("div", "picture");
  const view = element("div", "picture-view");
  const image = element("img");
  image.src = sourceOf(mime, data);
  image.alt = text || "figure";
  view.append(image);
  let zoom = 1;
  const zoomTo = (wanted: number) => {
    const natural = image.clientWidth / zoom;
    zoom = Math.min(16, Math.max(0.25, wanted));
    image.style.maxWidth = zoom === 1 ? "" : "none";
    image.style.width = zoom === 1 ? "" : `${natural * zoom}px`;
  };
  view.onwheel = (event) => {
    if (event.ctrlKey) {
      event.preventDefault();
      zoomTo(zoom * (event.deltaY < 0 ? STEP : 1 / STEP));
    }
  };
  const tools = element("div", "tools picture-tools");
  tools.append(
    button("tool", "Zoom in", "+", () => zoomTo(zoom * STEP)),
    button("tool", "Zoom out", "−", () => zoomTo(zoom / STEP)),
    button("tool", "Fit", "1:1", () => zoomTo(1)),
    button("tool", "Copy figure", "Copy", () => void copyPicture(image).then((text) => ask({ type: "told", text }))),
    button("tool", "Save figure", "Save", () => ask({ type: "save", mime, data })),
  );
  holder.append(view, tools);
  return holder;
}
