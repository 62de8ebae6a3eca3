// What went wrong: each failure with its traceback, the newest first.
import type { ClusterFailure } from "../../vscode/src/protocol";
import { clock } from "./clusterModel.ts";
import { element } from "./elements.ts";

/** A failure as an entry that opens. */
export function failureEntry({ time, engine, task, error, traceback }: ClusterFailure, isOpen = false): HTMLElement {
  const entry = element("details", "failure");
  entry.open = isOpen;
  const head = element("summary");
  const where = engine === null ? (task === null ? "" : "a task") : task === null ? `engine ${engine} ended` : `engine ${engine}`;
  head.append(element("time", "", clock(time)), element("span", "where", where), element("span", "error", error));
  entry.append(head, element("pre", "", traceback || error));
  return entry;
}

export class FailureList {
  readonly view = element("div", "failures");
  private readonly shown = new Map<ClusterFailure, HTMLElement>();
  private readonly none = element("p", "none", "Nothing has failed.");

  constructor() {
    this.view.append(this.none);
  }

  show(failures: ClusterFailure[]): void {
    const wanted = new Set(failures);
    for (const [failure, entry] of this.shown) {
      if (!wanted.has(failure)) {
        entry.remove();
        this.shown.delete(failure);
      }
    }
    // Those that are open stay so: what is new goes above them.
    for (const failure of failures.toReversed()) {
      if (!this.shown.has(failure)) {
        const entry = failureEntry(failure);
        this.shown.set(failure, entry);
        this.view.prepend(entry);
      }
    }
    this.none.hidden = failures.length > 0;
  }
}
