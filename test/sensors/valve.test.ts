import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Valve } from '../../sensors/valve.ts';

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
