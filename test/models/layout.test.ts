import { expect, test } from 'vitest';
import { ALARM_SIZE } from '../../models/alarm.ts';
import { ALERT_SIZE } from '../../models/alert.ts';
import { BUDGET_SIZE } from '../../models/budget.ts';
import { CADENCE_SIZE } from '../../models/cadence.ts';
import { CALIBRATION_SIZE } from '../../models/calibration.ts';
import { featuresSize } from '../../models/features.ts';
import { FRAME_SIZE } from '../../models/frame.ts';
import { KIND_SIZE } from '../../models/kind.ts';
import { LANE_SIZE } from '../../models/lane.ts';
import { type DetectorLayout, layoutOf } from '../../models/layout.ts';
import { LIMITS_SIZE } from '../../models/limits.ts';
import { ORDER_SIZE } from '../../models/order.ts';
import { RANGE_SIZE } from '../../models/range.ts';
import { SIGNATURE_SIZE } from '../../models/signature.ts';
import { SKEW_SIZE } from '../../models/skew.ts';
import { STANDING_SIZE } from '../../models/standing.ts';
import { STUCK_SIZE } from '../../models/stuck.ts';
import { SUDDEN_SIZE } from '../../models/sudden.ts';
import { TRUE_RATE_SIZE } from '../../models/true-rate.ts';
import { TYPE_CHANGE_SIZE } from '../../models/type-change.ts';

const sizes = (
  lags: number,
  ahead: number,
  fast: number,
  weights: number,
): Record<Exclude<keyof DetectorLayout, 'learned' | 'size'>, number> => ({
  order: ORDER_SIZE,
  cadence: CADENCE_SIZE,
  kind: KIND_SIZE,
  stuck: STUCK_SIZE,
  limits: LIMITS_SIZE,
  typeChange: TYPE_CHANGE_SIZE,
  skew: SKEW_SIZE,
  benchmark: ALARM_SIZE,
  alarm: ALARM_SIZE,
  healthAlarm: ALARM_SIZE,
  alert: ALERT_SIZE,
  signature: SIGNATURE_SIZE,
  budget: BUDGET_SIZE,
  samples: 1,
  frame: FRAME_SIZE,
  range: RANGE_SIZE,
  features: featuresSize(lags),
  context: 0,
  forecast: 1,
  errorSquare: 1,
  clipped: 1,
  sudden: SUDDEN_SIZE,
  surprise: CALIBRATION_SIZE,
  trueRate: TRUE_RATE_SIZE,
  lasting: LANE_SIZE,
  unlike: LANE_SIZE,
  level: 1,
  standing: STANDING_SIZE,
  ahead,
  fast,
  weights,
});

test.each([
  [0, 30, 100, 0],
  [20, 1234, 4567, 890],
])('with %i lags, every number of the block belongs to exactly one part', (lags, ahead, fast, weights) => {
  const layout = layoutOf(lags, ahead, fast, 0, weights);
  const owner = Array.from({ length: layout.size }, () => '');
  for (const [part, size] of Object.entries(sizes(lags, ahead, fast, weights))) {
    const at = layout[part as keyof DetectorLayout];
    for (let i = at; i < at + size; i++) {
      expect(owner[i], `number ${i}, of ${part}`).toBe('');
      owner[i] = part;
    }
  }
  expect(owner.indexOf('')).toBe(-1);
  expect(owner).toHaveLength(layout.size);
});

test('what is forgotten with the kind of a series lies behind what is kept', () => {
  const layout = layoutOf(3, 20, 10, 0, 5);
  const kept =
    'order cadence kind stuck limits typeChange skew benchmark alarm healthAlarm alert signature budget samples';
  for (const part of Object.keys(sizes(3, 20, 10, 5))) {
    expect(layout[part as keyof DetectorLayout] < layout.learned, part).toBe(kept.split(' ').includes(part));
  }
});
