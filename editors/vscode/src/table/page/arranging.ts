// How the table is shown: the sheet of an array, the order of its rows, the filters of its columns. The
// session sorts and filters; here stands what it is asked. Pure.

/** What the session is asked beside the corner. */
export interface Arrangement {
  at: number[];
  sort: number | null;
  descending: boolean;
  filters: { column: number; condition: string }[];
}

export class Arranging {
  /** Another for each arrangement, so that late rows of an earlier one are known. */
  generation = 0;
  at: number[] = [];
  sort: number | null = null;
  descending = false;
  readonly filters = new Map<number, string>();

  get isPlain(): boolean {
    return this.sort === null && this.filters.size === 0;
  }

  /** Ascending, then descending, then as the rows stand. */
  turn(column: number): void {
    if (this.sort !== column) {
      [this.sort, this.descending] = [column, false];
    } else if (this.descending) {
      [this.sort, this.descending] = [null, false];
    } else {
      this.descending = true;
    }
    this.generation++;
  }

  /** Whether that changes anything. */
  filter(column: number, condition: string): boolean {
    if ((this.filters.get(column) ?? "") === condition.trim()) {
      return false;
    }
    if (condition.trim()) {
      this.filters.set(column, condition.trim());
    } else {
      this.filters.delete(column);
    }
    this.generation++;
    return true;
  }

  /** Pick a position along a dimension before the last two. */
  pick(dimension: number, position: number): void {
    while (this.at.length <= dimension) {
      this.at.push(0);
    }
    this.at[dimension] = position;
    this.generation++;
  }

  asked(): Arrangement {
    const filters = [...this.filters].map(([column, condition]) => ({ column, condition }));
    return { at: [...this.at], sort: this.sort, descending: this.descending, filters };
  }
}
