/**
 * Puts every row in the order of its series' time, or marks it as dropped with a reason.
 *
 *   in   --1--3--2--3'-|      event times of one series
 *   out  --1--3--×--×--|      × late, duplicate
 */
import { map, type MonoTypeOperatorFunction } from 'rxjs';
import type { Batch } from '../models/batch.ts';
import type { Registry } from '../models/registry.ts';

export function order(registry: Registry): MonoTypeOperatorFunction<Batch> {
  return map((batch) => {
    for (let row = 0; row < batch.length; row++) {
      const track = registry.tracks[batch.series[row]];
      if (track !== undefined) track.model.detector.order(track.memory, track.at, batch, row);
    }
    return batch;
  });
}
