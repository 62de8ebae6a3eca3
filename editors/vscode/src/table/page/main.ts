// Draws the rows and columns in sight, and asks for those that it does not have.
import type { TablePage } from "../../protocol";
import type { Told } from "./messages";
import { between, blocksOf, countOf, type Marked, MOST_CELLS, tabSeparated } from "./copying";
import { Arranging } from "./arranging";
import { Head, pickers } from "./head";
import { inSight, lastTop, ROW, scrolledTo, spaceOf, topOf } from "./window";

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const BLOCK = 100; // rows asked for at once
const BLOCK_COLUMNS = 50;
const MOST_BLOCKS = 60;
const BUSY = "the session is busy: as known last";
const BUSY_ELSE = "the session is busy: the rows come when it answers again";
const MAKING = "sorting and filtering…";
const RUNNING = "a cell runs: what it changes is sorted and filtered when it ends";
const editor = acquireVsCodeApi();
const element = <Kind extends HTMLElement>(selector: string) => document.querySelector(selector) as Kind;
const grid = element<HTMLDivElement>("#grid");
const space = element<HTMLDivElement>("#space");
const table = element<HTMLTableElement>("table");
const body = element<HTMLTableSectionElement>("tbody");
const state = element("#state");

let rows = 0;
let columns = 0;
let top = 0;
let left = 0;
let problem = "";
let cursor = { row: 0, column: 0 };
let anchor = cursor;
const blocks = new Map<string, TablePage>();
const asked = new Set<string>();

const extent = () => ({ rows, height: grid.clientHeight });
const arranging = new Arranging();
const head = new Head(element<HTMLTableSectionElement>("thead"), arranging, { arranged, resized: () => draw() });
const columnsInSight = () => head.fitting(left, columns, grid.clientWidth);

function want(row: number, column: number): void {
  const key = `${row} ${column}`;
  if (!blocks.has(key) && !asked.has(key)) {
    asked.add(key);
    const { generation } = arranging;
    const corner = { row, rows: BLOCK, column, columns: BLOCK_COLUMNS };
    editor.postMessage({ type: "want", ...corner, arrangement: arranging.asked(), generation });
  }
}

// The rows are others now: those that were there are forgotten, and the first ones are asked for.
function arranged(): void {
  copying = undefined;
  blocks.clear();
  asked.clear();
  state.textContent = MAKING;
  cursor = anchor = { row: 0, column: cursor.column };
  top = 0;
  want(0, start(left, BLOCK_COLUMNS));
}

const start = (position: number, size: number) => Math.floor(position / size) * size;
const blockOf = (row: number, column: number) => blocks.get(`${start(row, BLOCK)} ${start(column, BLOCK_COLUMNS)}`);

function draw(): void {
  const count = Math.min(inSight(extent()) + 1, rows - top);
  const across = Math.min(columnsInSight(), columns - left);
  for (const row of new Set([start(top, BLOCK), start(Math.max(top, top + count - 1), BLOCK)])) {
    for (const column of new Set([start(left, BLOCK_COLUMNS), start(Math.max(left, left + across - 1), BLOCK_COLUMNS)])) {
      want(row, column);
    }
  }
  if (blockOf(top, left) || !rows) {
    const headings = Array.from({ length: Math.max(0, across) }, (_, index) => headingOf(left + index));
    head.draw(left, headings);
  }
  body.replaceChildren(...Array.from({ length: Math.max(0, count) }, (_, index) => bodyRow(top + index, across)));
  grid.setAttribute("aria-activedescendant", "cursor");
  grid.setAttribute("aria-rowcount", String(rows + 2));
  grid.setAttribute("aria-colcount", String(columns + 1));
}

function headingOf(column: number): { name: string; dtype: string | null | undefined } {
  const block = blockOf(top, column) ?? blockOf(0, column);
  return { name: block?.names[column % BLOCK_COLUMNS] ?? "", dtype: block?.dtypes[column % BLOCK_COLUMNS] };
}

function bodyRow(row: number, across: number): HTMLTableRowElement {
  const line = document.createElement("tr");
  line.setAttribute("role", "row");
  line.setAttribute("aria-rowindex", String(row + 3));
  const label = document.createElement("th");
  label.scope = "row";
  label.setAttribute("role", "rowheader");
  label.setAttribute("aria-colindex", "1");
  label.textContent = blockOf(row, left)?.labels[row % BLOCK] ?? "";
  line.append(label);
  for (let column = left; column < left + across; column++) {
    const cell = document.createElement("td");
    const text = blockOf(row, column)?.cells[row % BLOCK]?.[column % BLOCK_COLUMNS];
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", String(column + 2));
    cell.textContent = text ?? "…";
    cell.title = text ?? "";
    head.size(cell, column);
    cell.dataset["place"] = `${row} ${column}`;
    const isMarked = within(row, anchor.row, cursor.row) && within(column, anchor.column, cursor.column);
    cell.classList.toggle("marked", isMarked);
    cell.setAttribute("aria-selected", String(isMarked));
    if (row === cursor.row && column === cursor.column) {
      cell.classList.add("cursor");
      cell.id = "cursor"; // the grid has the focus; a reader tells this cell
    }
    line.append(cell);
  }
  return line;
}

const within = (value: number, a: number, b: number) => value >= Math.min(a, b) && value <= Math.max(a, b);

function place(newTop: number): void {
  top = Math.max(0, Math.min(newTop, lastTop(extent())));
  const wanted = scrolledTo(extent(), top);
  if (Math.abs(grid.scrollTop - wanted) >= 1) {
    grid.scrollTop = wanted;
  }
  draw();
}

function go(row: number, column: number, isMarking: boolean): void {
  cursor = { row: Math.max(0, Math.min(row, rows - 1)), column: Math.max(0, Math.min(column, columns - 1)) };
  anchor = isMarking ? anchor : cursor;
  const across = Math.max(1, columnsInSight() - 2);
  left = Math.min(Math.max(left, cursor.column - across), cursor.column);
  const sight = inSight(extent());
  place(Math.min(Math.max(top, cursor.row - sight + 1), cursor.row));
}

// Copied at once, or when the last of the blocks that are marked has come.
let copying: Marked | undefined;

function copy(): void {
  const marked = between(anchor, cursor);
  const count = countOf(marked);
  if (count > MOST_CELLS) {
    const most = MOST_CELLS.toLocaleString("en");
    state.textContent = `${count.toLocaleString("en")} cells are too many to copy: mark at most ${most}`;
    return;
  }
  copying = marked;
  copyWhenThere();
}

function copyWhenThere(): void {
  if (!copying) {
    return;
  }
  const missing = blocksOf(copying, BLOCK, BLOCK_COLUMNS).filter(({ row, column }) => !blocks.has(`${row} ${column}`));
  if (missing.length) {
    missing.forEach(({ row, column }) => want(row, column));
    state.textContent = "copying…";
    return;
  }
  const cell = (row: number, column: number) => blockOf(row, column)?.cells[row % BLOCK]?.[column % BLOCK_COLUMNS] ?? "";
  editor.postMessage({ type: "copy", text: tabSeparated(copying, cell) });
  const lines = copying.last.row - copying.first.row + 1;
  state.textContent = `copied ${lines === 1 ? "a row" : `${lines.toLocaleString("en")} rows`}`;
  copying = undefined;
}

const KEYS: Record<string, (page: number) => [number, number]> = {
  ArrowDown: () => [1, 0],
  ArrowUp: () => [-1, 0],
  ArrowRight: () => [0, 1],
  ArrowLeft: () => [0, -1],
  PageDown: (page) => [page, 0],
  PageUp: (page) => [-page, 0],
};

grid.addEventListener("keydown", (event) => {
  if (event.target !== grid) {
    return; // typed into a filter, or pressed on a name
  }
  const { key, shiftKey, ctrlKey, metaKey } = event;
  const step = KEYS[key];
  if (step) {
    const [down, right] = step(inSight(extent()));
    go(cursor.row + down, cursor.column + right, shiftKey);
  } else if (key === "Home") {
    go(ctrlKey ? 0 : cursor.row, 0, shiftKey);
  } else if (key === "End") {
    go(ctrlKey ? rows - 1 : cursor.row, columns - 1, shiftKey);
  } else if (key === "c" && (ctrlKey || metaKey)) {
    copy();
  } else {
    return;
  }
  event.preventDefault();
});
grid.addEventListener("wheel", (event) => {
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    left = Math.max(0, Math.min(columns - 1, left + Math.sign(event.deltaX || event.deltaY)));
    draw();
  } else {
    place(top + Math.trunc(event.deltaY / ROW) || top + Math.sign(event.deltaY));
  }
  event.preventDefault();
}, { passive: false });
grid.addEventListener("scroll", () => {
  const there = topOf(extent(), grid.scrollTop);
  // A bar moved by a hand; that which `place` has set says what `top` is already.
  if (Math.abs(grid.scrollTop - scrolledTo(extent(), top)) >= 1 && there !== top) {
    top = there;
    draw();
  }
});
grid.addEventListener("mousedown", (event) => {
  const cell = (event.target as HTMLElement).closest<HTMLElement>("td");
  const [row, column] = (cell?.dataset["place"] ?? "").split(" ").map(Number);
  if (row !== undefined && column !== undefined) {
    go(row, column, event.shiftKey);
  }
});
element<HTMLInputElement>("#goto").addEventListener("change", (event) => {
  const row = Number((event.target as HTMLInputElement).value);
  go(row, cursor.column, false);
  place(row);
  grid.focus();
});
window.addEventListener("resize", () => place(top));
window.addEventListener("message", ({ data }: MessageEvent<Told>) => {
  if (data.type === "changed") {
    copying = undefined; // its rows would be of two values
    blocks.clear();
    asked.clear();
    want(start(top, BLOCK), start(left, BLOCK_COLUMNS));
    return;
  }
  if (data.generation !== arranging.generation) {
    return; // of an earlier arrangement
  }
  if (data.type === "failed") {
    copying = undefined;
    state.textContent = data.message;
    return;
  }
  const { row, column, page } = data;
  asked.delete(`${row} ${column}`);
  if (page.busy && !page.names.length && columns) {
    state.textContent = BUSY_ELSE; // asked for again when a cell has ended
    return;
  }
  const isOfRows = [BUSY, BUSY_ELSE, MAKING, RUNNING, problem].includes(state.textContent ?? "");
  problem = page.problem;
  if (problem || page.busy || page.running) {
    state.textContent = problem || (page.busy ? BUSY : RUNNING);
  } else if (isOfRows) {
    state.textContent = "";
  }
  blocks.set(`${row} ${column}`, page);
  copyWhenThere();
  // While a copy waits for more, what it needs is kept.
  const surplus = copying ? 0 : Math.max(0, blocks.size - MOST_BLOCKS);
  for (const oldest of [...blocks.keys()].slice(0, surplus)) {
    blocks.delete(oldest);
  }
  ({ rows, columns } = page);
  const all = arranging.filters.size ? `${rows.toLocaleString("en")} of ${page.allRows.toLocaleString("en")}` : rows.toLocaleString("en");
  element("#form").textContent = `${all} rows × ${columns.toLocaleString("en")} columns`;
  pickers(element("#sheet"), page.shape, arranging, arranged);
  space.style.height = `${spaceOf(extent())}px`;
  place(top);
});
table.style.top = "0";
want(0, 0);
