import { expect, test } from 'vitest';
import { ContextTrack } from '../../models/context-track.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { learningOf } from '../../models/progress.ts';
import { newWorld, play } from './play.ts';

const SEASON = 1_000_000;
const detector = new Detector({ ...DEFAULTS, hidden: 2, lags: 0, season: SEASON });

/** Progress after n samples, `cadence` apart. */
function progress(n: number, cadence: number): number {
  const world = newWorld(detector);
  const track = world.registry.admit('a', 'a', world.model)!;
  play(
    world,
    Array.from({ length: n }, (_, i) => ({ id: 'a', time: 5e8 + i * cadence, value: i % 7 })),
  );
  return learningOf(track);
}

test('is 0 before the first sample', () => expect(progress(0, 1)).toBe(0));

test('of what only explains others is whole at once', () => {
  const model = { detector: new ContextTrack({ cell: 'lstm', season: SEASON, budgetPerDay: 1 }) };
  const { registry, model: rest } = newWorld(detector);
  expect(learningOf(registry.admit('c', 'c', { ...rest, ...model })!)).toBe(1);
});

test('waits for 200 samples', () => {
  expect(progress(100, SEASON)).toBe(0.5);
  expect(progress(200, SEASON)).toBe(1);
});

test('waits for two seasons', () => {
  expect(progress(251, SEASON / 250)).toBe(0.5);
  expect(progress(501, SEASON / 250)).toBe(1);
  expect(progress(900, SEASON / 250)).toBe(1);
});
