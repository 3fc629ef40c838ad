import { expect, it } from 'vitest';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { EventTrack } from '../../models/events/event-track.ts';
import { createDetector, detectorOptions } from '../../src/detector-options.ts';
import { PIPELINE } from '../sim/watch.ts';

it('a pipeline without rules has a detector without', () => {
  const { cell, hidden, seasonMs, alertBudgetPerDay } = PIPELINE;
  const own = { cell, hidden, season: seasonMs, budgetPerDay: alertBudgetPerDay };
  expect(detectorOptions(PIPELINE)).toEqual({ ...DEFAULTS, ...own });
});

it('a pipeline that shares weights has a detector whose block ends before them', () => {
  const [own, shared] = (['per_series', 'shared'] as const).map((weights) => createDetector({ ...PIPELINE, weights }));
  expect(own.sharedWeights).toBeUndefined();
  expect(shared.sharedWeights!.size).toBeGreaterThan(0);
  expect(shared.size).toBeLessThan(own.size - shared.sharedWeights!.size + 5);
});

it('what the rules leave open is no limit, and a percentage is a share', () => {
  const { rules } = detectorOptions({
    ...PIPELINE,
    direction: 'down',
    minDeviation: { amount: 0, percent: 5 },
    limits: { min: null, max: 90, rate: null },
  });
  expect(rules).toEqual({
    direction: 'down',
    minDeviation: 0,
    minDeviationShare: 0.05,
    limits: { min: -Infinity, max: 90, rate: Infinity },
  });
});

it('the kind of a pipeline decides what steps its series', () => {
  expect(createDetector(PIPELINE)).toBeInstanceOf(Detector);
  const detector = createDetector({ ...PIPELINE, kind: 'events', hidden: 5 });
  expect(detector).toBeInstanceOf(EventTrack);
  expect(detector.options).toMatchObject({ cell: 'lstm', season: PIPELINE.seasonMs, budgetPerDay: 1 });
  expect(detector.shape).toBe('track of events lstm 64 5 false 8 rmsprop');
});
