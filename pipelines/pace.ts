/**
 * Turns a tick of the clock into one row for every series that is overdue by its own learned cadence.
 *
 *   in   --s--s--s--t--t--t--t--s--|      s sample, t tick
 *   out  --s--s--s--------o--o--s--|      o overdue: longer silent than ever usual
 */
import { map, type MonoTypeOperatorFunction } from 'rxjs';
import { BATCH_ROWS_MAX, createBatch, pushRow, ROW, type Batch } from '../models/batch.ts';
import { lastArrivalOf } from '../models/order.ts';
import type { Registry } from '../models/registry.ts';

export function pace(registry: Registry): MonoTypeOperatorFunction<Batch> {
  return map((batch) => (Number.isNaN(batch.tick) ? batch : overdueRows(registry, batch.tick)));
}

function overdueRows(registry: Registry, now: number): Batch {
  const overdue: { index: number; silent: number }[] = [];
  for (const track of registry) {
    const { memory, at, model } = track;
    const last = lastArrivalOf(memory, at + model.detector.layout.order);
    const silent = now - Math.max(last, registry.listeningSince);
    if (silent >= model.detector.overdueAfter(memory, at)) overdue.push({ index: track.index, silent });
    // The rest, if ever there are so many, is overdue at the next tick as well.
    if (overdue.length === BATCH_ROWS_MAX) break;
  }
  const batch = createBatch(overdue.length);
  for (const { index, silent } of overdue) {
    const row = batch.length;
    pushRow(batch, index, now, now, Number.NaN, ROW.overdue);
    batch.gap[row] = silent;
  }
  return batch;
}
