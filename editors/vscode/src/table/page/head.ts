// The heads of the columns: a name that sorts, an edge that is dragged, a field that filters.
import type { Arranging } from "./arranging";
import { COLUMN } from "./window";

const NARROWEST = 40; // pixels
const HELP = "text, or > 5, <= 5, != 5, 2 & < 9 …; = alone: missing";

export interface Heading {
  name: string;
  dtype: string | null | undefined;
}

export class Head {
  private readonly widths = new Map<number, number>();
  private drawn = "";

  constructor(
    private readonly place: HTMLTableSectionElement,
    private readonly arranging: Arranging,
    private readonly does: { arranged(): void; resized(): void },
  ) {}

  widthOf(column: number): number {
    return this.widths.get(column) ?? COLUMN;
  }

  /** How many columns fit into a width, from one on. */
  fitting(left: number, columns: number, width: number): number {
    let column = left;
    for (let used = COLUMN; used < width && column < columns; column++) {
      used += this.widthOf(column);
    }
    return Math.max(1, column - left);
  }

  size(cell: HTMLElement, column: number): void {
    cell.style.width = cell.style.minWidth = cell.style.maxWidth = `${this.widthOf(column)}px`;
  }

  /** Draw it anew if anything of it has changed; the field that has the focus keeps it. */
  draw(left: number, headings: Heading[]): void {
    const { sort, descending } = this.arranging;
    const now = JSON.stringify([left, headings, sort, descending, headings.map((_, at) => this.widthOf(left + at))]);
    if (now === this.drawn) {
      return;
    }
    this.drawn = now;
    const focused = (document.activeElement as HTMLElement | null)?.dataset["filter"];
    const typed = focused === undefined ? "" : (document.activeElement as HTMLInputElement).value;
    this.place.replaceChildren(this.names(left, headings), this.fields(left, headings));
    const field = this.place.querySelector<HTMLInputElement>(`[data-filter="${focused}"]`);
    if (field) {
      field.value = typed;
      field.focus();
    }
  }

  private names(left: number, headings: Heading[]): HTMLElement {
    const line = row("1");
    line.append(document.createElement("th"));
    headings.forEach(({ name, dtype }, index) => {
      const column = left + index;
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.setAttribute("role", "columnheader");
      cell.setAttribute("aria-colindex", String(column + 2));
      const isSorted = this.arranging.sort === column;
      const direction = this.arranging.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", isSorted ? direction : "none");
      const button = document.createElement("button");
      button.dataset["sort"] = String(column);
      button.title = `${name}: sort`;
      button.textContent = name + (isSorted ? (this.arranging.descending ? " ▼" : " ▲") : "");
      button.addEventListener("click", () => {
        this.arranging.turn(column);
        this.does.arranged();
      });
      if (dtype) {
        const small = document.createElement("small");
        small.textContent = dtype;
        button.append(" ", small);
      }
      this.size(cell, column);
      cell.append(button, this.edge(column));
      line.append(cell);
    });
    return line;
  }

  private fields(left: number, headings: Heading[]): HTMLElement {
    const line = row("2");
    line.append(document.createElement("th"));
    headings.forEach(({ name }, index) => {
      const column = left + index;
      const cell = document.createElement("th");
      const field = document.createElement("input");
      field.type = "search";
      field.dataset["filter"] = String(column);
      field.placeholder = "filter";
      field.title = HELP;
      field.setAttribute("aria-label", `Filter of ${name}`);
      field.value = this.arranging.filters.get(column) ?? "";
      field.addEventListener("change", () => {
        if (this.arranging.filter(column, field.value)) {
          this.does.arranged();
        }
      });
      this.size(cell, column);
      cell.append(field);
      line.append(cell);
    });
    return line;
  }

  private edge(column: number): HTMLElement {
    const edge = document.createElement("span");
    edge.className = "edge";
    edge.addEventListener("pointerdown", (down) => {
      const before = this.widthOf(column);
      const move = ({ clientX }: PointerEvent) => {
        this.widths.set(column, Math.max(NARROWEST, before + clientX - down.clientX));
        this.does.resized();
      };
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", () => window.removeEventListener("pointermove", move), { once: true });
      down.preventDefault();
    });
    edge.addEventListener("dblclick", () => {
      this.widths.delete(column);
      this.does.resized();
    });
    return edge;
  }
}

/** A field for each dimension before the last two. */
export function pickers(place: HTMLElement, shape: number[], arranging: Arranging, arranged: () => void): void {
  const picked = shape.slice(0, -2);
  if (place.dataset["shape"] === String(shape)) {
    return;
  }
  place.dataset["shape"] = String(shape);
  place.replaceChildren(
    ...picked.map((length, dimension) => {
      const field = document.createElement("input");
      field.type = "number";
      field.min = "0";
      field.max = String(length - 1);
      field.value = String(arranging.at[dimension] ?? 0);
      field.dataset["dimension"] = String(dimension);
      field.addEventListener("change", () => {
        const wanted = Math.max(0, Math.min(length - 1, Math.trunc(Number(field.value) || 0)));
        field.value = String(wanted);
        arranging.pick(dimension, wanted);
        arranged();
      });
      const label = document.createElement("label");
      label.append(`Axis ${dimension} `, field, ` of ${length.toLocaleString("en")}`);
      return label;
    }),
  );
}

function row(index: string): HTMLElement {
  const line = document.createElement("tr");
  line.setAttribute("role", "row");
  line.setAttribute("aria-rowindex", index);
  return line;
}
