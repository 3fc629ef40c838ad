import { expect, test } from 'vitest';
import { ALARM_SIZE } from '../../../models/alarm.ts';
import { ALERT_SIZE } from '../../../models/alert.ts';
import { BUDGET_SIZE } from '../../../models/budget.ts';
import { CADENCE_SIZE } from '../../../models/cadence.ts';
import { eventTrackLayoutOf } from '../../../models/events/track-layout.ts';
import { ORDER_SIZE } from '../../../models/order.ts';
import { SIGNATURE_SIZE } from '../../../models/signature.ts';

test('every part has its own numbers, and together they are all there are', () => {
  const { size, ...parts } = eventTrackLayoutOf(1000);
  const sizes: Record<keyof typeof parts, number> = {
    order: ORDER_SIZE,
    cadence: CADENCE_SIZE,
    benchmark: ALARM_SIZE,
    alarm: ALARM_SIZE,
    alert: ALERT_SIZE,
    signature: SIGNATURE_SIZE,
    budget: BUDGET_SIZE,
    samples: 1,
    level: 1,
    events: 1000,
  };
  let end = 0;
  for (const [part, at] of Object.entries(parts)) {
    expect(at, part).toBe(end);
    end += sizes[part as keyof typeof parts];
  }
  expect(end).toBe(size);
});
