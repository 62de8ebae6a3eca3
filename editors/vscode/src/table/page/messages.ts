// What the page of a table and what it stands in tell each other.
import type { TablePage } from "../../protocol";
import type { Arrangement } from "./arranging.ts";

/** What the page asks for. */
export interface Wanted {
  type: "want";
  row: number;
  rows: number;
  column: number;
  columns: number;
  arrangement: Arrangement;
  generation: number;
}

/** What the page is told. */
export type Told =
  | { type: "corner"; row: number; column: number; page: TablePage; generation: number }
  | { type: "failed"; message: string; generation: number }
  | { type: "changed" };
