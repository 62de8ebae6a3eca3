// The page of the output panel: keeps what the extension sends, and draws what of it is in sight.
import { Blocks } from "../blocks.ts";
import type { Entry, PageMessage } from "../outputLog.ts";
import { ask, blobCame } from "./host";
import { dress } from "./htmlFrame";
import { VirtualList } from "./virtualList";

const root = document.getElementById("cells") as HTMLElement;
const empty = document.getElementById("empty") as HTMLElement;
const told = document.getElementById("told") as HTMLElement;
const blocks = new Blocks();
let pinned = new Set<string>();
const list = new VirtualList(root, () => blocks.list, (key) => pinned.has(key));

function add(entries: Entry[]): void {
  for (const entry of entries) {
    blocks.add(entry);
    if (entry.type === "finished") {
      const { executionCount, status } = entry.data;
      told.textContent = `Cell ${executionCount ?? ""} ${status === "ok" ? "done" : status}`;
    }
  }
}

function obey(message: PageMessage): void {
  switch (message.type) {
    case "all":
      blocks.clear();
      pinned = new Set(message.pinned);
      add(message.entries);
      break;
    case "entries":
      add(message.entries);
      blocks.drop(message.dropped);
      break;
    case "pinned":
      pinned = new Set(message.pinned);
      break;
    case "show": {
      const index = blocks.indexOf(message.executionId);
      if (index >= 0) {
        list.show(index);
      }
      return;
    }
    case "blob":
      return blobCame(message.id, message.data);
    case "commEvent":
    case "commsWatched":
    case "commHandled":
      return; // heard by what draws widgets
  }
  empty.hidden = blocks.list.length > 0;
  list.draw();
  if (message.type !== "pinned") {
    ask({ type: "drawn" });
  }
}

window.addEventListener("message", ({ data }: MessageEvent<PageMessage>) => obey(data));

// The workbench changes the body's class with the theme.
new MutationObserver(() => document.querySelectorAll("iframe").forEach(dress)).observe(document.body, {
  attributeFilter: ["class", "style"],
});

ask({ type: "ready" });
