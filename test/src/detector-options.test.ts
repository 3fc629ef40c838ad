import { expect, it } from 'vitest';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { EventTrack } from '../../models/events/event-track.ts';
import { GROUP_DEFAULTS } from '../../models/group/group-detector.ts';
import { seriesId } from '../../sensors/topic.ts';
import type { PipelineConfig } from '../../src/config/config.ts';
import { contextOf, createDetector, detectorOptions, groupOptions } from '../../src/detector-options.ts';
import { PIPELINE } from '../sim/watch.ts';

const beside = (...context: string[]) => createDetector({ ...PIPELINE, context });
const slowestOf = (group: PipelineConfig['group']) => groupOptions({ ...PIPELINE, group }, 2, 0).slowest;

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

it('a pipeline with context has a detector with as many inputs more, of another shape beside others', () => {
  expect(detectorOptions({ ...PIPELINE, context: ['a/x', 'a/y'] })).toMatchObject({ context: 2 });
  expect(beside('a/x', 'a/y').shape).toBe(beside('a/x', 'a/y').shape);
  expect(beside('a/x', 'a/y').shape).not.toBe(beside('a/x', 'a/z').shape);
  expect(contextOf('main', { ...PIPELINE, context: ['a/x', 'B'] })).toMatchObject({
    ids: ['a_x', seriesId('B')],
    model: { pipeline: 'main', detector: { shape: 'context' } },
  });
  expect(contextOf('main', PIPELINE)).toBeUndefined();
});

it('a group by hand waits for the slowest of its series, that of a topic does not', () => {
  expect(slowestOf('topic')).toBe(GROUP_DEFAULTS.slowest);
  expect(slowestOf(new Map([['a', ['x/v', 'y/v']]]))).toBe(Infinity);
});

it('the kind of a pipeline decides what steps its series', () => {
  expect(createDetector(PIPELINE)).toBeInstanceOf(Detector);
  const detector = createDetector({ ...PIPELINE, kind: 'events', hidden: 5 });
  expect(detector).toBeInstanceOf(EventTrack);
  expect(detector.options).toMatchObject({ cell: 'lstm', season: PIPELINE.seasonMs, budgetPerDay: 1 });
  expect(detector.shape).toBe('track of events lstm 64 5 false 8 rmsprop');
});
