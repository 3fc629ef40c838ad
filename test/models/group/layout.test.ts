import { expect, test } from 'vitest';
import { groupLayoutOf } from '../../../models/group/layout.ts';

test('every part lies behind the one before it, and more of a part moves only what is behind', () => {
  const { learned, size, ...parts } = groupLayoutOf(5, 2, 1000, 300);
  const starts = Object.values(parts);
  expect(starts.toSorted((a, b) => a - b)).toEqual(starts);
  expect(new Set(starts).size).toBe(starts.length);
  expect(learned).toBe(parts.frames);
  expect(size).toBe(parts.joint + 1000);
  const wider = groupLayoutOf(5, 2, 1000, 301);
  expect(wider).toEqual({ ...parts, learned, joint: parts.joint + 1, size: size + 1 });
});

test('what a person did and what alerts are open lies before what may be forgotten', () => {
  const { learned, alert, alarm, budget, samples, blame, order, cadence, signature, gather } = groupLayoutOf(
    3,
    1,
    9,
    9,
  );
  expect(Math.max(alert, alarm, budget, samples, blame, order, cadence, signature, gather)).toBeLessThan(learned);
});
