/**
 * Scores every kept row and learns from it: a lookup and a call.
 *
 * There is no inner stream for a series and nothing is kept here; what a series knows lies in its block.
 */
import { map, type MonoTypeOperatorFunction } from 'rxjs';
import type { Batch } from '../models/batch.ts';
import type { Registry } from '../models/registry.ts';

/** What to add to an epoch time to get the local time of a pipeline, ms. */
export type LocalOffset = (pipeline: string, time: number) => number;

export function detect(registry: Registry, localOffset: LocalOffset): MonoTypeOperatorFunction<Batch> {
  return map((batch) => {
    for (let row = 0; row < batch.length; row++) {
      if (batch.drop[row] !== 0) continue;
      const track = registry.tracks[batch.series[row]];
      if (track === undefined) continue;
      const { detector, pipeline } = track.model;
      detector.step(track.memory, track.at, batch, row, localOffset(pipeline, batch.time[row]));
    }
    return batch;
  });
}
