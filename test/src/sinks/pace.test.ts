import { expect, it } from 'vitest';
import { Pace } from '../../../src/sinks/pace.ts';
import { SimulatedClock } from '../../sim/clock.ts';

function begin() {
  const clock = new SimulatedClock();
  return { clock, pace: new Pace(100, clock) };
}

it('lets a backlog go at so many a second, after a second’s worth at once', () => {
  const { clock, pace } = begin();
  let sent = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    if (pace.waitMs() === 0) {
      pace.sent(10);
      sent += 10;
    }
    clock.advance(1);
  }
  expect(sent).toBeGreaterThanOrEqual(1100);
  expect(sent).toBeLessThanOrEqual(1110);
});

it('holds nobody back who sends what comes, however much that is', () => {
  const { clock, pace } = begin();
  for (let second = 0; second < 100; second++) {
    pace.came(5000);
    expect(pace.waitMs()).toBe(0);
    pace.sent(5000);
    clock.advance(1000);
  }
});

it('says how long to wait, and is not led astray by a clock that is set back', () => {
  const { clock, pace } = begin();
  pace.sent(150);
  expect(pace.waitMs()).toBe(500);
  clock.advance(-10_000);
  expect(pace.waitMs()).toBe(500);
  clock.advance(500);
  expect(pace.waitMs()).toBe(0);
});
