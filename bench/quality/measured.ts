/** One method on one set, with every figure that the set is measured by. */
import { mean } from '../rows.ts';
import type { Figure } from './bootstrap.ts';
import type { Stream } from './data.ts';
import type { Method } from './methods.ts';
import type { Scores } from './score.ts';
import type { Measure, SetSpec } from './sets.ts';

export interface SetRuns {
  set: SetSpec;
  streams: Stream[];
  methods: Method[];
}

/** Scores of all streams, of one method and seed; none where that seed was not run. */
export type ScoresOf = (method: string, seed: number) => Scores[];

export interface Measured {
  method: Method;
  /** By seed. */
  scores: Scores[][];
  /** By measure, then seed. */
  figures: Map<Measure, Figure[]>;
  secondsPerRow: number;
}

export function measureMethod({ set, streams }: SetRuns, method: Method, scoresOf: ScoresOf): Measured {
  const scores: Scores[][] = [];
  for (let seed = 1; ; seed++) {
    const ofSeed = scoresOf(method.id, seed);
    if (ofSeed.length === 0) break;
    scores.push(ofSeed);
  }
  const figures = new Map<Measure, Figure[]>();
  for (const measure of set.measures) {
    if (measure.own === true && method.kind === 'floor') continue;
    figures.set(
      measure,
      scores.map((ofSeed) => measure.figure(streams, ofSeed)),
    );
  }
  const rows = streams.reduce((sum, { labels }) => sum + labels.length, 0);
  const seconds = mean(scores.map((ofSeed) => ofSeed.reduce((sum, one) => sum + one.seconds, 0)));
  return { method, scores, figures, secondsPerRow: seconds / rows };
}

export function valuesOf(one: Measured | undefined, measure: Measure, weights: readonly number[]): number[] {
  return (one?.figures.get(measure) ?? []).map((figure) => figure(weights));
}

export function valueOf(one: Measured, measure: Measure, weights: readonly number[]): number {
  return mean(valuesOf(one, measure, weights));
}
