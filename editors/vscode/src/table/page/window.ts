// Which rows and columns of a table are in sight. A scroll bar cannot be as high as 10⁷ rows: above a
// height it stands for places, not for pixels. Pure.

export const ROW = 22; // pixels
export const COLUMN = 120;
const HEADS = 2; // rows: the names of the columns and their filters
const HIGHEST = 8_000_000; // pixels that every browser can scroll

/** What there is, and what the view can hold. */
export interface Extent {
  rows: number;
  /** Pixels. */
  height: number;
}

/** The height of the scrolled space, in pixels. */
export function spaceOf({ rows }: Extent): number {
  return Math.min((rows + HEADS) * ROW, HIGHEST);
}

/** How many rows are in sight. */
export function inSight({ height }: Extent): number {
  return Math.max(1, Math.floor(height / ROW) - HEADS);
}

/** The last row that can be the first in sight. */
export function lastTop(extent: Extent): number {
  return Math.max(0, extent.rows - inSight(extent));
}

/** The first row in sight where the bar stands. */
export function topOf(extent: Extent, scrolled: number): number {
  const room = spaceOf(extent) - extent.height;
  const share = room > 0 ? Math.min(1, Math.max(0, scrolled / room)) : 0;
  return Math.round(share * lastTop(extent));
}

/** Where the bar stands for a first row in sight. */
export function scrolledTo(extent: Extent, top: number): number {
  const last = lastTop(extent);
  return last > 0 ? (top / last) * Math.max(0, spaceOf(extent) - extent.height) : 0;
}
