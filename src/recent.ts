/**
 * The last samples of every series, for whoever opens a page: a bounded ring each, and only as columns for a screen.
 */
import { emptyColumns, type SampleColumns } from '../pipelines/thin.ts';

const SAMPLES_MAX = 600;
/** Trimmed in steps, so that a push costs O(1) on average. */
const SLACK = 150;

export class Recent {
  readonly #bySeries = new Map<string, SampleColumns>();

  push(columns: SampleColumns): void {
    let kept = this.#bySeries.get(columns.s);
    if (kept === undefined) this.#bySeries.set(columns.s, (kept = emptyColumns(columns.s)));
    appendColumns(kept, columns, SAMPLES_MAX, SLACK);
  }

  /** The last 600 samples of a series. */
  of(series: string): SampleColumns | undefined {
    const kept = this.#bySeries.get(series);
    if (kept === undefined) return undefined;
    const { t, y, e, lo, hi, z } = kept;
    const from = Math.max(0, t.length - SAMPLES_MAX);
    return {
      s: series,
      t: t.slice(from),
      y: y.slice(from),
      e: e.slice(from),
      lo: lo.slice(from),
      hi: hi.slice(from),
      z: z.slice(from),
    };
  }

  forget(series: string): void {
    this.#bySeries.delete(series);
  }
}

/** Appends columns to others and drops the oldest rows once there are more than `max` + `slack`. */
export function appendColumns(to: SampleColumns, from: SampleColumns, max: number, slack = 0): void {
  to.t.push(...from.t);
  to.y.push(...from.y);
  to.e.push(...from.e);
  to.lo.push(...from.lo);
  to.hi.push(...from.hi);
  to.z.push(...from.z);
  const excess = to.t.length - max;
  if (excess <= slack) return;
  for (const column of [to.t, to.y, to.e, to.lo, to.hi, to.z]) column.splice(0, excess);
}
