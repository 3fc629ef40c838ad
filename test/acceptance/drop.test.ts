import { describe, expect, test } from 'vitest';
import type { Entry, Sample } from '../models/play.ts';
import { daily, HOUR, machine, MINUTE, SECOND } from './series.ts';
import { ticks, Watch } from './watch.ts';

const SEEDS = [1, 2, 3, 4, 5];
const GONE = 40;

/** Name, time from one sample to the next, intervals until a drop to zero is told, series. */
const cases: [string, number, number, (seed: number) => Sample[]][] = [
  ['minute by minute', MINUTE, 3, (seed) => daily('a', seed, { duration: 80 * HOUR })],
  // A machine at rest is near zero anyway: in 1 of 5 the drop is told by its standing still, a sample later.
  ['second by second', SECOND, 4, (seed) => machine('a', seed, { duration: 4 * HOUR })],
];

/** The time up to which the series is played, with what watches it: a moment at which nothing is told of it. */
function untilCalm(samples: readonly Sample[]): { watch: Watch; from: number } {
  const watch = new Watch();
  let from = Math.floor(0.7 * samples.length);
  watch.play(samples.slice(0, from));
  for (; watch.isOpen('a'); from++) watch.play([samples[from]]);
  return { watch, from };
}

/** What is told while it is down, what opens within 200 samples of its way back, and whether the alert ends. */
function outcomeOf(watch: Watch, down: readonly Entry[], back: readonly Sample[]) {
  const count = watch.told.length;
  watch.play(down);
  const told = watch.told.slice(count);
  const isOpen = watch.isOpen('a');
  const opened = watch.play(back.slice(0, 200));
  watch.play(back.slice(200));
  const ends = watch.told.slice(count + told.length).some(({ event }) => event === 'close');
  return { first: told[0], isOpen, opened, ends };
}

describe.each(cases)('a series that reports %s', (_, cadence, most, make) => {
  test.each(SEEDS)(
    `drops to zero and raises within ${most} intervals; its way back raises nothing, seed %i`,
    (seed) => {
      const samples = make(seed);
      const { watch, from } = untilCalm(samples);
      const zeros = samples.slice(from, from + GONE).map((sample) => ({ ...sample, value: 0 }));
      const { first, isOpen, opened, ends } = outcomeOf(watch, zeros, samples.slice(from + GONE));
      expect(first?.event).toBe('open');
      expect(first.time - samples[from - 1].time).toBeLessThanOrEqual(most * cadence);
      expect([isOpen, opened, ends]).toEqual([true, [], true]);
    },
  );

  test.each(SEEDS)('drops to nothing and raises within 3 intervals; its way back raises nothing, seed %i', (seed) => {
    const samples = make(seed);
    const { watch, from } = untilCalm(samples);
    const last = samples[from - 1].time;
    const nothing = ticks(last + cadence, last + GONE * cadence, Math.min(cadence, 10 * SECOND));
    const { first, isOpen, opened, ends } = outcomeOf(watch, nothing, samples.slice(from + GONE));
    expect([first?.event, first?.reason]).toEqual(['open', 'silence']);
    expect(first.time - last).toBeLessThanOrEqual(3 * cadence);
    expect([isOpen, opened, ends]).toEqual([true, [], true]);
  });
});
