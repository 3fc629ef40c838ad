import { expect, test } from 'vitest';
import { alphabetSize } from '../../../models/events/alphabet.ts';
import { countsSize } from '../../../models/events/counts.ts';
import { eventLayoutOf } from '../../../models/events/layout.ts';

test('every part has its own numbers, and together they are all there are', () => {
  const { size, ...parts } = eventLayoutOf(20, 1000);
  const sizes: Record<keyof typeof parts, number> = {
    events: 1,
    since: 1,
    level: 1,
    alphabet: alphabetSize(20),
    counts: countsSize(20),
    next: 1000,
  };
  let end = 0;
  for (const [part, at] of Object.entries(parts)) {
    expect(at, part).toBe(end);
    end += sizes[part as keyof typeof parts];
  }
  expect(end).toBe(size);
});
