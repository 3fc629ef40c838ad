/**
 * Turns a tick of the clock into one row for every series that is overdue by its own learned cadence.
 *
 *   in   --s--s--s--t--t--t--t--s--|      s sample, t tick
 *   out  --s--s--s--------o--o--s--|      o overdue: longer silent than ever usual
 *
 * Where more are overdue than a batch can hold, a tick becomes several batches.
 */
import { concatMap, type MonoTypeOperatorFunction } from 'rxjs';
import { BATCH_ROWS_MAX, createBatch, pushRow, ROW, type Batch } from '../models/batch.ts';
import type { Registry, Track } from '../models/registry.ts';

export function pace(registry: Registry): MonoTypeOperatorFunction<Batch> {
  return concatMap((batch) => (Number.isNaN(batch.tick) ? [batch] : overdueRows(registry, batch.tick)));
}

function overdueRows(registry: Registry, now: number): Batch[] {
  const overdue: { track: Track; silent: number }[] = [];
  for (const track of registry) {
    const silent = track.model.detector.silence(track.memory, track.at, now, track.model.listeningSince);
    if (silent > 0) overdue.push({ track, silent });
  }
  // In an order that a restart does not change.
  overdue.sort(({ track: a }, { track: b }) => a.number - b.number || (a.id < b.id ? -1 : 1));
  const batches: Batch[] = [];
  for (let from = 0; from < overdue.length; from += BATCH_ROWS_MAX) {
    const rows = overdue.slice(from, from + BATCH_ROWS_MAX);
    const batch = createBatch(rows.length);
    for (const { track, silent } of rows) {
      const row = batch.length;
      const time = track.model.detector.ownTime(track.memory, track.at, now);
      pushRow(batch, track.index, time, now, Number.NaN, ROW.overdue);
      batch.gap[row] = silent;
    }
    batches.push(batch);
  }
  return batches;
}
