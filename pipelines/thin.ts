/**
 * Scored rows gathered for screens: at most one message a series and interval, columns instead of rows.
 *
 *   in   -b-b-b-b-b-b-b-|
 *   due  ------d------d--
 *   out  ------m------m-|
 */
import { buffer, filter, map, type Observable, type OperatorFunction } from 'rxjs';
import type { Batch } from '../models/batch.ts';
import { ROW } from '../models/batch.ts';
import type { Registry } from '../models/registry.ts';
import { known } from './known.ts';

/** Columns of one series, oldest first. A null expectation or band: not known yet. */
export interface SampleColumns {
  /** Series id. */
  s: string;
  /** Time, epoch ms. */
  t: number[];
  /** Value. */
  y: number[];
  /** Expectation made before the value came. */
  e: (number | null)[];
  /** Lower and upper end of the band: outside it, the sample alarms by itself. */
  lo: (number | null)[];
  hi: (number | null)[];
  /** Surprise of the sample, −log10 p. */
  z: number[];
}

/** @param due  when what was gathered is given away */
export function thin(registry: Registry, due: Observable<unknown>): OperatorFunction<Batch, SampleColumns[]> {
  return (batches) =>
    batches.pipe(
      filter((batch) => batch.length > 0),
      buffer(due),
      filter((gathered) => gathered.length > 0),
      map((gathered) => columnsOf(gathered, registry)),
    );
}

function columnsOf(batches: readonly Batch[], registry: Registry): SampleColumns[] {
  const bySeries = new Map<number, SampleColumns>();
  for (const batch of batches) {
    for (let row = 0; row < batch.length; row++) {
      if (batch.drop[row] !== 0 || (batch.flags[row] & (ROW.overdue | ROW.text)) !== 0) continue;
      const series = batch.series[row];
      const id = registry.tracks[series]?.id;
      if (id === undefined) continue;
      let columns = bySeries.get(series);
      if (columns === undefined) bySeries.set(series, (columns = emptyColumns(id)));
      columns.t.push(batch.time[row]);
      columns.y.push(batch.value[row]);
      columns.e.push(known(batch.expected[row]));
      columns.lo.push(known(batch.lower[row]));
      columns.hi.push(known(batch.upper[row]));
      columns.z.push(batch.surprise[row]);
    }
  }
  return [...bySeries.values()];
}

export function emptyColumns(s: string): SampleColumns {
  return { s, t: [], y: [], e: [], lo: [], hi: [], z: [] };
}
