import { expect, it } from 'vitest';
import { DEFAULTS } from '../../models/detector.ts';
import { detectorOptions } from '../../src/detector-options.ts';
import { PIPELINE } from '../sim/watch.ts';

it('a pipeline without rules has a detector without', () => {
  const { cell, hidden, seasonMs, alertBudgetPerDay } = PIPELINE;
  const own = { cell, hidden, season: seasonMs, budgetPerDay: alertBudgetPerDay };
  expect(detectorOptions(PIPELINE)).toEqual({ ...DEFAULTS, ...own });
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
