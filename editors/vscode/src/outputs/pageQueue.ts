// What waits for the page, in batches: the next one goes when the page has drawn the last, so that a
// flood meets a page that keeps up. If too much waits, the page is told all anew from the log, which is bounded.
import { isContinued, type Entry, type PageMessage } from "./outputLog.ts";

const MOST_WAITING = 20_000;

export class PageQueue {
  private entries: Entry[] = [];
  private dropped: string[] = [];
  private isDrawing = false;
  private isDue = false;
  private isOver = false;
  private readonly send: (message: PageMessage) => void;
  private readonly all: () => PageMessage;

  constructor(send: (message: PageMessage) => void, all: () => PageMessage) {
    this.send = send;
    this.all = all;
  }

  add(entry: Entry, dropped: string[]): void {
    const last = this.entries.at(-1);
    if (this.entries.length >= MOST_WAITING) {
      this.entries = [];
      this.isOver = true;
    }
    if (entry.type === "output" && last?.type === "output" && last.data.executionId === entry.data.executionId && isContinued(last.data, entry.data)) {
      last.data = { ...last.data, text: (last.data.text ?? "") + (entry.data.text ?? "") };
    } else {
      this.entries.push({ ...entry });
    }
    this.dropped.push(...dropped);
    this.flushSoon();
  }

  /** Tell all, as it is now. */
  restart(): void {
    this.entries = [];
    this.dropped = [];
    this.isOver = false;
    this.isDrawing = true;
    this.send(this.all());
  }

  /** The page has drawn what it was told. */
  drawn(): void {
    this.isDrawing = false;
    if (this.entries.length || this.dropped.length) {
      this.flushSoon();
    }
  }

  private flushSoon(): void {
    if (!this.isDrawing && !this.isDue) {
      this.isDue = true;
      setTimeout(() => this.flush());
    }
  }

  private flush(): void {
    this.isDue = false;
    if (this.isDrawing || !(this.entries.length || this.dropped.length)) {
      return;
    }
    if (this.isOver) {
      this.restart();
      return;
    }
    this.isDrawing = true;
    this.send({ type: "entries", entries: this.entries, dropped: this.dropped });
    this.entries = [];
    this.dropped = [];
  }
}
