import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import type { Sample } from '../models/play.ts';
import { daily, DAY, HOUR, MINUTE } from './series.ts';
import { Watch } from './watch.ts';

const CLEAN = 14 * DAY;
const SEEDS = [1, 2, 3];
const AN_HOUR = HOUR / MINUTE;

const random = createRandom(99);
const kinds: [string, (sample: Sample) => number][] = [
  ['a level that has stepped', ({ value }) => value + 6],
  ['noise ten times as strong', ({ value }) => value + 5 * gaussian(random)],
  ['a sensor that is stuck', () => 41.23],
  ['a sensor that is dead', () => 0],
];

/** Two weeks without a fault, then the fault for two days, hour by hour. */
function stricken(seed: number, valueOf: (sample: Sample) => number) {
  const samples = daily('a', seed, { duration: CLEAN + 2 * DAY });
  const from = CLEAN / MINUTE;
  const watch = new Watch();
  watch.play(samples.slice(0, from));
  const fault = samples.slice(from).map((sample) => ({ ...sample, value: valueOf(sample) }));
  return { watch, hour: (n: number) => fault.slice(n * AN_HOUR, (n + 1) * AN_HOUR) };
}

describe.each(kinds)('a fault of 24 hours: %s', (_, valueOf) => {
  test.each(SEEDS)('is still an alert in hour 23, seed %i', (seed) => {
    const { watch, hour } = stricken(seed, valueOf);
    expect(watch.play(hour(0)).length).toBeGreaterThan(0);
    for (let n = 1; n < 23; n++) {
      watch.play(hour(n));
      expect(watch.isOpen('a'), `hour ${n + 1}`).toBe(true);
    }
  });

  test.each(SEEDS)('ends with the next sample when it is accepted, and is not told again, seed %i', (seed) => {
    const { watch, hour } = stricken(seed, valueOf);
    for (let n = 0; n < 5; n++) watch.play(hour(n));
    expect(watch.isOpen('a')).toBe(true);
    const { memory, at } = watch.track('a');
    expect(watch.detector.acceptRegime(memory, at)).toBe(true);
    const count = watch.told.length;
    watch.play(hour(5).slice(0, 1));
    expect(watch.told.slice(count).map(({ event }) => event)).toEqual(['close']);
    const opened = [...watch.play(hour(5).slice(1)), ...watch.play(hour(6))];
    expect(opened).toEqual([]);
    // For as long again as it had lasted; what is stuck for three times as long may be told once more.
    for (let n = 7; n < 10; n++) opened.push(...watch.play(hour(n)));
    expect(opened.filter(({ reason }) => reason !== 'prediction_error')).toEqual([]);
    expect(opened.length).toBeLessThanOrEqual(2);
  });
});
