// The page of the output panel: draws what the extension sends, cell by cell, in order.
import type { ExecutionFinished, ExecutionStarted, Output } from "../protocol";
import type { Entry, PageMessage } from "../outputLog";
import { dress, element, rendered, TerminalView } from "./render";

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

interface Shown {
  section: HTMLElement;
  /** The stream that goes on, as long as nothing else comes after it. */
  stream: { name: string; view: TerminalView } | undefined;
  isToClear: boolean;
}

const root = document.getElementById("cells") as HTMLElement;
const cells = new Map<string, Shown>();

function cellOf(id: string): Shown {
  let cell = cells.get(id);
  if (!cell) {
    cell = { section: element("section", "cell running"), stream: undefined, isToClear: false };
    cells.set(id, cell);
    root.append(cell.section);
  }
  return cell;
}

function drawStart({ executionId, executionCount, code }: ExecutionStarted): void {
  const { section } = cellOf(executionId);
  section.prepend(element("div", "label", `In [${executionCount ?? " "}]`), element("pre", "code", code));
}

function drawFinish({ executionId, status }: ExecutionFinished): void {
  const { section } = cellOf(executionId);
  section.classList.remove("running");
  section.classList.toggle("error", status === "error");
}

function drawOutput(output: Output): void {
  if (output.kind === "update") {
    for (const holder of root.querySelectorAll<HTMLElement>(".output")) {
      if (output.displayId && holder.dataset["display"] === output.displayId) {
        holder.replaceChildren(rendered(output.data ?? {}));
      }
    }
    return;
  }
  const cell = cellOf(output.executionId);
  if (output.kind === "clear" && output.wait) {
    cell.isToClear = true;
    return;
  }
  if (output.kind === "clear" || cell.isToClear) {
    cell.section.querySelectorAll(".output").forEach((shown) => shown.remove());
    cell.stream = undefined;
    cell.isToClear = false;
  }
  if (output.kind === "stream") {
    drawStream(cell, output.name ?? "stdout", output.text ?? "");
  } else if (output.kind !== "clear") {
    cell.stream = undefined;
    drawValue(cell, output);
  }
}

function drawStream(cell: Shown, name: string, text: string): void {
  if (cell.stream?.name === name) {
    cell.stream.view.write(text);
    return;
  }
  const view = new TerminalView(`output ${name}`, text);
  cell.stream = { name, view };
  cell.section.append(view.pre);
}

function drawValue(cell: Shown, output: Output): void {
  const holder = element("div", `output ${output.kind}`);
  if (output.kind === "result") {
    holder.append(element("div", "label", `Out[${output.executionCount ?? " "}]`));
  }
  holder.append(
    output.error
      ? new TerminalView("traceback", output.error.traceback.join("\n")).pre
      : rendered(output.data ?? {}),
  );
  if (output.displayId) {
    holder.dataset["display"] = output.displayId;
  }
  cell.section.append(holder);
}

function draw(entry: Entry): void {
  switch (entry.type) {
    case "started":
      return drawStart(entry.data);
    case "output":
      return drawOutput(entry.data);
    case "finished":
      return drawFinish(entry.data);
  }
}

function drop(ids: string[]): void {
  for (const id of ids) {
    cells.get(id)?.section.remove();
    cells.delete(id);
  }
}

window.addEventListener("message", ({ data }: MessageEvent<PageMessage>) => {
  if (data.type === "all") {
    drop([...cells.keys()]);
    data.entries.forEach(draw);
  } else {
    draw(data.entry);
    drop(data.dropped);
  }
});

// The page follows the newest output, unless the reader has scrolled away from it. Pictures and
// frames get their height late, so it is the size that is followed, not the message.
let isFollowing = true;
let lastTop = 0;
window.addEventListener("scroll", () => {
  const isUp = window.scrollY < lastTop;
  const isAtEnd = window.innerHeight + window.scrollY >= document.body.scrollHeight - 40;
  isFollowing = isAtEnd || (isFollowing && !isUp);
  lastTop = window.scrollY;
});
const follow = () => isFollowing && window.scrollTo(0, document.body.scrollHeight);
new ResizeObserver(follow).observe(root);
window.addEventListener("resize", follow);

// The workbench changes the body's class with the theme.
new MutationObserver(() => document.querySelectorAll("iframe").forEach(dress)).observe(document.body, {
  attributeFilter: ["class", "style"],
});

acquireVsCodeApi().postMessage({ type: "ready" });
