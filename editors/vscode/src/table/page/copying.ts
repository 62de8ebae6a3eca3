// What is copied of a table: the marked cells, as lines of tab-separated texts. Pure.
//
// 1. A cell that has not come yet is asked for, never left out: what is pasted is what is in the table.
// 2. What would be too much for a clipboard is refused with its size, and nothing is copied.

export interface Place {
  row: number;
  column: number;
}

/** The marked cells, both ends included. */
export interface Marked {
  first: Place;
  last: Place;
}

export const MOST_CELLS = 100_000;

/** The cells between two corners, whichever is the first. */
export function between(a: Place, b: Place): Marked {
  return {
    first: { row: Math.min(a.row, b.row), column: Math.min(a.column, b.column) },
    last: { row: Math.max(a.row, b.row), column: Math.max(a.column, b.column) },
  };
}

/** How many cells are marked. */
export function countOf({ first, last }: Marked): number {
  return (last.row - first.row + 1) * (last.column - first.column + 1);
}

/** Where the blocks begin that hold marked cells. */
export function blocksOf({ first, last }: Marked, rows: number, columns: number): Place[] {
  const places: Place[] = [];
  for (let row = first.row - (first.row % rows); row <= last.row; row += rows) {
    for (let column = first.column - (first.column % columns); column <= last.column; column += columns) {
      places.push({ row, column });
    }
  }
  return places;
}

/** The marked cells as text. A tab or a line's end within a cell would begin another: it becomes a space. */
export function tabSeparated({ first, last }: Marked, cell: (row: number, column: number) => string): string {
  const lines: string[] = [];
  for (let row = first.row; row <= last.row; row++) {
    const cells: string[] = [];
    for (let column = first.column; column <= last.column; column++) {
      cells.push(cell(row, column).replaceAll(/[\t\r\n]+/g, " "));
    }
    lines.push(cells.join("\t"));
  }
  return lines.join("\n");
}
