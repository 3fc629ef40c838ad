/**
 * Scores every kept row and learns from it: a lookup and a call.
 *
 * There is no inner stream for a series and nothing is kept here; what a series knows lies in its block. One that begins
 * takes over what a sibling knows.
 */
import { map, type MonoTypeOperatorFunction } from 'rxjs';
import { isFiring } from '../models/alert.ts';
import type { Batch } from '../models/batch.ts';
import { Detector } from '../models/detector.ts';
import type { Registry, Track } from '../models/registry.ts';

/** What to add to an epoch time to get the local time of a pipeline, ms. */
export type LocalOffset = (pipeline: string, time: number) => number;

/** Fewer have taught a sibling nothing worth handing on. */
const SCORED_MIN = 1000;
/** Fewer have no frame to stand in. */
const KNOWN_MIN = 200;

/** A series that begins takes over what the sibling knows that knows most. */
function warmStart(registry: Registry, track: Track, family: string, value: number): void {
  const { detector } = track.model;
  if (!(detector instanceof Detector) || detector.scoredOf(track.memory, track.at) > 0 || Number.isNaN(value)) return;
  let best: Track | undefined;
  let most = SCORED_MIN;
  for (const sibling of registry.siblings(family)) {
    if (sibling === track || sibling.model.detector.shape !== detector.shape) continue;
    const scored = detector.scoredOf(sibling.memory, sibling.at);
    if (scored < most || isFiring(sibling.memory, sibling.at + detector.layout.alert)) continue;
    if (scored === most && best !== undefined) continue;
    best = sibling;
    most = scored;
  }
  if (best !== undefined) detector.adopt(track.memory, track.at, best.memory, best.at, value);
}

const SIBLINGS_MIN = 3;
const SIBLINGS_MAX = 64;
const FRESH_CADENCES = 3;

/** Where siblings stand now, each in its own frame: the mean of the first that are known and awake. */
function siblingsMean(registry: Registry, track: Track, family: string, time: number, cadence: number): number {
  const { detector } = track.model;
  if (!(detector instanceof Detector)) return Number.NaN;
  let [sum, count] = [0, 0];
  for (const sibling of registry.siblings(family)) {
    if (count === SIBLINGS_MAX) break;
    if (sibling === track) continue;
    const { memory, at } = sibling;
    if (!(sibling.model.detector instanceof Detector) || detector.scoredOf(memory, at) < KNOWN_MIN) continue;
    // Not what has come of it, but what was scored: the batch may hold its next sample as well.
    if (Math.abs(time - detector.scoredAt(memory, at)) > FRESH_CADENCES * cadence) continue;
    sum += detector.standingOf(memory, at);
    count++;
  }
  return count < SIBLINGS_MIN ? Number.NaN : sum / count;
}

export function detect(registry: Registry, localOffset: LocalOffset): MonoTypeOperatorFunction<Batch> {
  return map((batch) => {
    for (let row = 0; row < batch.length; row++) {
      if (batch.drop[row] !== 0) continue;
      const track = registry.tracks[batch.series[row]];
      if (track === undefined) continue;
      if (track.family !== undefined) {
        warmStart(registry, track, track.family, batch.value[row]);
        batch.siblings[row] = siblingsMean(registry, track, track.family, batch.time[row], batch.cadence[row]);
      }
      const { detector, pipeline } = track.model;
      detector.step(track.memory, track.at, batch, row, localOffset(pipeline, batch.time[row]), track.weights);
    }
    return batch;
  });
}
