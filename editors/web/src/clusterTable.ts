// The engines as a table: a thousand cost as much as those that are seen.
import { megabytes, type Engine } from "./clusterModel.ts";
import { element } from "./elements.ts";

interface Column {
  name: string;
  key: keyof Engine;
  text: (engine: Engine) => string;
  isNumber?: boolean;
}

const COLUMNS: Column[] = [
  { name: "Engine", key: "number", text: ({ number }) => String(number), isNumber: true },
  { name: "State", key: "state", text: ({ state }) => state },
  { name: "Host", key: "host", text: ({ host }) => host ?? "–" },
  { name: "Rank", key: "rank", text: ({ rank }) => String(rank ?? "–"), isNumber: true },
  { name: "Process", key: "pid", text: ({ pid }) => String(pid ?? "–"), isNumber: true },
  { name: "Load", key: "load", text: ({ load }) => (load === null ? "–" : load.toFixed(2)), isNumber: true },
  { name: "Memory", key: "memory", text: ({ memory }) => megabytes(memory), isNumber: true },
  { name: "Tasks", key: "tasks", text: ({ tasks }) => String(tasks), isNumber: true },
  { name: "Done", key: "done", text: ({ done }) => String(done), isNumber: true },
  { name: "Failed", key: "failed", text: ({ failed }) => String(failed), isNumber: true },
];
const ROW = 26; // pixels, as app.css has it
const MARGIN = 4; // rows above and below those that are seen

interface Row {
  row: HTMLElement;
  cells: HTMLElement[];
  bar: HTMLElement;
}

export class EngineTable {
  readonly view = element("section", "engines");
  private readonly scroller = element("div", "rows");
  private readonly space = element("div");
  private readonly heads: HTMLButtonElement[] = [];
  private readonly filter = element("input");
  private readonly total = element("span", "total");
  private readonly pool: Row[] = [];
  private engines: Engine[] = [];
  private shown: Engine[] = [];
  private sorted: Column = COLUMNS[0] as Column;
  private isDescending = false;
  private isAwaitingFrame = false;
  selected: number | undefined;

  /** @param select is told which engine was chosen */
  constructor(private readonly select: (number: number) => void) {
    this.view.setAttribute("aria-label", "Engines");
    this.filter.type = "search";
    this.filter.placeholder = "Filter engines: a number, a host, a state";
    this.filter.setAttribute("aria-label", "Filter engines");
    this.filter.oninput = () => this.arrange();
    const top = element("header");
    top.append(this.filter, this.total);
    const grid = element("div", "grid");
    grid.role = "grid";
    grid.setAttribute("aria-label", "Engines");
    const head = element("div", "row head");
    head.role = "row";
    for (const column of COLUMNS) {
      const cell = element("div", column.isNumber ? "number" : "");
      cell.role = "columnheader";
      const sort = element("button", "", column.name);
      sort.type = "button";
      sort.onclick = () => this.sort(column);
      cell.append(sort);
      head.append(cell);
      this.heads.push(sort);
    }
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("aria-label", "Engines; arrows choose one");
    this.scroller.onscroll = () => this.draw();
    this.scroller.onkeydown = (event) => this.key(event);
    this.scroller.append(this.space);
    grid.append(head, this.scroller);
    this.view.append(top, grid);
    new ResizeObserver(() => this.draw()).observe(this.scroller);
    this.tellOrder();
  }

  show(engines: Engine[]): void {
    this.engines = engines;
    this.view.classList.toggle("ranked", engines.some(({ rank }) => rank !== null));
    this.arrange();
  }

  private sort(column: Column): void {
    this.isDescending = column === this.sorted ? !this.isDescending : Boolean(column.isNumber) && column.key !== "number";
    this.sorted = column;
    this.tellOrder();
    this.arrange();
  }

  private tellOrder(): void {
    this.heads.forEach((head, at) => {
      const cell = head.parentElement as HTMLElement;
      cell.ariaSort = COLUMNS[at] !== this.sorted ? "none" : this.isDescending ? "descending" : "ascending";
    });
  }

  private arrange(): void {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ number, state, host, reason }: Engine) => {
      const text = `${host ?? ""} ${state} ${reason}`.toLowerCase();
      return words.every((word) => (/^\d+$/.test(word) ? String(number) === word : text.includes(word)));
    };
    const { key } = this.sorted;
    const sign = this.isDescending ? -1 : 1;
    this.shown = (words.length ? this.engines.filter(fits) : [...this.engines]).sort((left, right) => {
      const [one, other] = [left[key] ?? -1, right[key] ?? -1];
      return (one < other ? -sign : one > other ? sign : 0) || left.number - right.number;
    });
    const [count, all] = [this.shown.length, this.engines.length];
    this.total.textContent = count === all ? `${all}` : `${count} of ${all}`;
    this.draw();
  }

  private draw(): void {
    if (!this.isAwaitingFrame) {
      this.isAwaitingFrame = true;
      requestAnimationFrame(() => {
        this.isAwaitingFrame = false;
        this.paint();
      });
    }
  }

  private paint(): void {
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - MARGIN);
    const count = Math.min(this.shown.length - first, Math.ceil(clientHeight / ROW) + 2 * MARGIN);
    this.space.style.height = `${this.shown.length * ROW}px`;
    for (let at = 0; at < Math.max(count, this.pool.length); at++) {
      const engine = at < count ? this.shown[first + at] : undefined;
      const made = this.pool[at] ?? (engine && this.row());
      if (made) {
        made.row.hidden = !engine;
        if (engine) {
          this.fill(made, engine, first + at);
        }
      }
    }
  }

  private row(): Row {
    const row = element("div", "row");
    row.role = "row";
    const cells = COLUMNS.map(({ isNumber, key }) => {
      const cell = element("div", `${isNumber ? "number" : ""} ${key}`);
      cell.role = "gridcell";
      return cell;
    });
    const bar = element("span", "bar");
    row.append(...cells);
    const made = { row, cells, bar };
    row.onclick = () => this.choose(Number(row.dataset["engine"]));
    this.pool.push(made);
    this.space.append(row);
    return made;
  }

  private fill({ row, cells, bar }: Row, engine: Engine, at: number): void {
    row.style.top = `${at * ROW}px`;
    row.dataset["engine"] = String(engine.number);
    row.dataset["state"] = engine.state;
    row.ariaRowIndex = String(at + 2);
    row.ariaSelected = String(engine.number === this.selected);
    row.title = engine.reason;
    COLUMNS.forEach(({ key, text }, column) => {
      const cell = cells[column] as HTMLElement;
      const told = text(engine);
      if (cell.dataset["told"] !== told) {
        cell.dataset["told"] = told;
        cell.textContent = told;
        if (key === "load") {
          cell.append(bar);
        }
      }
      if (key === "failed") {
        cell.classList.toggle("some", engine.failed > 0);
      }
    });
    bar.style.width = `${Math.min(1, engine.load ?? 0) * 100}%`;
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) {
      return;
    }
    event.preventDefault();
    const at = this.shown.findIndex(({ number }) => number === this.selected);
    const next = Math.min(this.shown.length - 1, Math.max(0, at + step));
    const top = next * ROW;
    const { scrollTop, clientHeight } = this.scroller;
    this.scroller.scrollTop = Math.min(top, Math.max(scrollTop, top + ROW - clientHeight));
    const engine = this.shown[next];
    if (engine) {
      this.choose(engine.number);
    }
  }

  private choose(number: number): void {
    this.selected = number;
    this.draw();
    this.select(number);
  }
}
