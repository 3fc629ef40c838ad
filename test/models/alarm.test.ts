import { beforeEach, describe, expect, test } from 'vitest';
import { ALARM_SIZE, alarmStep, calmAlarm, initialiseAlarm } from '../../models/alarm.ts';

const THRESHOLD = 4;
const QUIET = 1000;
let memory: Float64Array;
beforeEach(() => {
  memory = new Float64Array(ALARM_SIZE);
  initialiseAlarm(memory, 0);
});
const step = (time: number, score: number) => alarmStep(memory, 0, time, score, THRESHOLD, QUIET);

describe('an alarm starts', () => {
  test('at the first score that reaches the threshold', () => {
    expect([step(0, 3.999), step(1, 4)]).toEqual([false, true]);
  });

  test('once for an event that goes on', () => {
    const fired = Array.from({ length: 11 }, (_, i) => step(i * 100, 5)).filter(Boolean);
    expect(fired).toHaveLength(1);
  });

  test('again when more than R has passed since the last', () => {
    for (let time = 0; time <= 1000; time += 100) step(time, 5);
    expect(step(1001, 5)).toBe(true);
    expect(step(1002, 5)).toBe(false);
  });

  test('again when the score was low for more than a fifth of R', () => {
    step(0, 5);
    step(100, 3);
    expect(step(200, 5)).toBe(false);
    step(350, 3);
    expect(step(401, 5)).toBe(true);
  });

  test('again when the score is more than 2 above that of the last alarm', () => {
    step(0, 5);
    expect([step(1, 7), step(2, 7.1), step(3, 9), step(4, 9.2)]).toEqual([false, true, false, true]);
  });

  test('never at a score that is not a number', () => {
    expect(step(0, Number.NaN)).toBe(false);
    expect(step(1, 5)).toBe(true);
  });
});

describe('an alarm that was calmed', () => {
  test('does not start again for a score like the one that was told', () => {
    step(0, 8);
    calmAlarm(memory, 0, 500, 8);
    for (let time = 500; time <= 1500; time += 100) expect(step(time, 9.9), `at ${time}`).toBe(false);
    expect(step(1501, 5)).toBe(true);
  });

  test('starts again when it is worse by more than 2, or after a pause', () => {
    calmAlarm(memory, 0, 500, 8);
    expect(step(600, 10.1)).toBe(true);
    calmAlarm(memory, 0, 1000, 8);
    expect(step(1100, 5)).toBe(false);
    expect(step(1301, 5)).toBe(true);
  });
});
