/**
 * The part of a ring that a chart shows, as the plain columns it draws from.
 *
 * One sample left of the window is kept, so that the line enters at the edge. Where samples stayed away for long, a
 * row of nulls breaks the line: silence must look like silence.
 */
import type { Ring } from '../ring.ts';

type Cell = number | null;

export interface ChartColumns {
  t: number[];
  lo: Cell[];
  hi: Cell[];
  y: Cell[];
  e: Cell[];
  z: Cell[];
}

export interface ColumnOptions {
  from: number;
  to: number;
  /** A longer pause than this breaks the line. */
  gapMs: number;
  /** The last value holds until a new one comes, as with a switch: draw it up to `to`. */
  holds: boolean;
}

export function columnsOf(ring: Ring, options: ColumnOptions): ChartColumns {
  const columns: ChartColumns = { t: [], lo: [], hi: [], e: [], y: [], z: [] };
  const inside = ring.indexAt(options.from);
  // Nothing inside: a lone dot at the edge would look like news.
  if (inside === ring.length && !options.holds) return columns;
  const first = Math.max(0, inside - 1);
  for (let i = first; i < ring.length; i++) {
    const time = ring.time(i);
    if (i > first && !options.holds && time - ring.time(i - 1) > options.gapMs) {
      pushRow(columns, ring.time(i - 1) + 1, null);
    }
    pushRow(columns, time, ring, i);
  }
  const last = ring.length - 1;
  if (options.holds && last >= 0 && ring.time(last) < options.to) pushRow(columns, options.to, ring, last);
  return columns;
}

function pushRow(columns: ChartColumns, time: number, ring: Ring | null, i = 0): void {
  columns.t.push(time);
  columns.lo.push(cell(ring?.lower(i)));
  columns.hi.push(cell(ring?.upper(i)));
  columns.e.push(cell(ring?.expectation(i)));
  columns.y.push(cell(ring?.value(i)));
  columns.z.push(cell(ring?.surprise(i)));
}

/** Beyond this the arithmetic of a scale overflows. */
const SIZE_MAX = 1e300;

function cell(value: number | undefined): Cell {
  return value !== undefined && Math.abs(value) <= SIZE_MAX ? value : null;
}
