import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from '../../sensors/mqtt-backoff.ts';
import { topicFits } from '../../sensors/mqtt-filter.ts';
import { Valve } from '../../sensors/mqtt-valve.ts';

describe('a topic filter', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a', false],
    ['a', 'a/b', false],
    ['a/b', '+/b', true],
    ['a/b/c', 'a/+', false],
    ['a/b/c', 'a/#', true],
    ['a', 'a/#', true],
    ['ab', 'a/#', false],
    ['a', '#', true],
    ['/a', '+/a', true],
    ['$SYS/a', '#', false],
    ['$SYS/a', '+/a', false],
    ['$SYS/a', '$SYS/#', true],
    ['a/b', '$share/group/a/+', true],
    ['a', '', false],
  ])('%s fits %s: %s', (topic, filter, fits) => {
    expect(topicFits(topic, filter)).toBe(fits);
  });
});

describe('back-off', () => {
  it('doubles from half a second to thirty, by chance down to half, and starts again after a good connection', () => {
    const backoff = new Backoff();
    expect([0, 0, 0, 0, 0, 0, 0].map((chance) => backoff.delayMs(chance))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
    ]);
    backoff.lasted(500);
    expect(backoff.delayMs(0.999999)).toBeCloseTo(15_000, -1);
    backoff.lasted(10_000);
    expect(backoff.delayMs(0.999999)).toBeCloseTo(500, 0);
  });
});

describe('a valve', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('never holds for longer than it may, takes a breath, and holds again until it is released', () => {
    const states: [number, boolean][] = [];
    const began = Date.now();
    const valve = new Valve(1000, (held) => states.push([Date.now() - began, held]));
    valve.hold();
    valve.hold();
    vi.advanceTimersByTime(1500);
    valve.release();
    valve.release();
    vi.advanceTimersByTime(10_000);
    expect(states).toEqual([
      [0, true],
      [1000, false],
      [1100, true],
      [1500, false],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
