import { beforeEach, describe, expect, test } from 'vitest';
import { isEnum, isReset, KIND, KIND_SIZE, kindOf, type KindReading, kindStep } from '../../models/kind.ts';

let memory: Float64Array;
beforeEach(() => {
  memory = new Float64Array(KIND_SIZE);
});

function step(raw: number, { gap = 1000, onOff = false } = {}): KindReading {
  const reading: KindReading = { value: 0, gap: 0, kind: -1, changed: false };
  kindStep(memory, 0, raw, gap, onOff, reading);
  return reading;
}
/** Values that rise by 5 from `from`, `n` of them. */
function rise(from: number, n: number): KindReading[] {
  return Array.from({ length: n }, (_, i) => step(from + 5 * i));
}

describe('a gauge', () => {
  test('is what every series is at first, and passes its values on', () => {
    expect(step(21.5)).toMatchObject({ value: 21.5, kind: KIND.gauge, changed: false });
    expect(step(-3)).toMatchObject({ value: -3, kind: KIND.gauge, changed: false });
  });

  test('that falls now and then never becomes a counter', () => {
    for (let i = 0; i < 1000; i++) expect(step(i % 60).kind).toBe(KIND.gauge);
  });

  test('below 0 never becomes a counter', () => {
    for (let i = 0; i < 500; i++) expect(step(-1000 + i).kind).toBe(KIND.gauge);
  });
});

describe('a counter', () => {
  test('is guessed after 64 rises without a fall, and says so once', () => {
    const readings = rise(0, 70);
    expect(readings.findIndex((reading) => reading.kind === KIND.counter)).toBe(64);
    expect(readings.filter((reading) => reading.changed)).toHaveLength(1);
    expect(readings[64].changed).toBe(true);
  });

  test('is guessed although it pauses', () => {
    for (let i = 0; i < 64; i++) {
      step(i);
      step(i);
    }
    expect(step(64).kind).toBe(KIND.counter);
  });

  test('is seen as its rate per second', () => {
    rise(0, 70);
    expect(step(345 + 3, { gap: 2000 }).value).toBe(1.5);
    expect(step(348, { gap: 500 }).value).toBe(0);
  });

  test('that is reset has a missing sample and goes on', () => {
    rise(1000, 70);
    const reset = step(2);
    expect(reset.value).toBeNaN();
    expect([reset.kind, reset.changed]).toEqual([KIND.counter, false]);
    expect(step(7)).toMatchObject({ value: 5, kind: KIND.counter, changed: false });
  });

  test('after missing values has the rate over the whole gap', () => {
    rise(0, 70);
    expect(step(Number.NaN, { gap: 1000 })).toMatchObject({ value: Number.NaN, kind: KIND.counter, changed: false });
    step(Number.NaN, { gap: 500 });
    expect(step(345 + 30, { gap: 1500 })).toMatchObject({ value: 10, gap: 3000 });
    expect(step(380)).toMatchObject({ value: 5, gap: 1000 });
  });

  test('with no time between two samples has a missing sample', () => {
    rise(0, 70);
    expect(step(400, { gap: 0 }).value).toBeNaN();
    expect(step(410).value).toBe(10);
  });

  test('is guessed with its first fall, if that is a reset and it was long enough on its way', () => {
    for (let i = 0; i < 250; i++) expect(step(Math.floor(i / 10)).kind).toBe(KIND.gauge);
    const reset = step(0);
    expect([reset.kind, reset.changed]).toEqual([KIND.counter, true]);
    expect(reset.value).toBeNaN();
    expect(step(3).value).toBe(3);
  });

  test.each([
    ['by less than half', 250, 20],
    ['too early', 190, 0],
    ['below 0', 250, -1],
  ])('is not guessed with a fall %s', (_, samples, next) => {
    for (let i = 0; i < samples; i++) step(Math.floor(i / 10));
    expect(step(next).kind).toBe(KIND.gauge);
  });

  test('may be what is reset, long before that is known; what has fallen otherwise is none', () => {
    for (const raw of [1, 2, 3, 4]) step(raw);
    expect(isReset(memory, 0, 0)).toBe(true);
    expect(isReset(memory, 0, 3)).toBe(false);
    expect(isReset(memory, 0, -127)).toBe(false);
    step(0);
    for (const raw of [1, 2, 3, 4]) step(raw);
    expect(isReset(memory, 0, 0)).toBe(true);
    step(3);
    for (const raw of [4, 5, 6, 7]) step(raw);
    expect(isReset(memory, 0, 0)).toBe(false);
  });

  test('that falls a little was none: it is a gauge again, for good', () => {
    rise(0, 70);
    expect(step(344)).toMatchObject({ value: 344, kind: KIND.gauge, changed: true });
    expect(rise(345, 500).every(({ kind, changed }) => kind === KIND.gauge && !changed)).toBe(true);
    expect(kindOf(memory, 0)).toBe(KIND.gauge);
  });
});

describe('an on/off series', () => {
  test('is known by its flag and passes 0 and 1 on', () => {
    expect(step(1, { onOff: true })).toMatchObject({ value: 1, kind: KIND.onOff, changed: false });
    expect(step(0, { onOff: true })).toMatchObject({ value: 0, kind: KIND.onOff, changed: false });
  });

  test('that begins to send numbers is a gauge from then on, and the other way round', () => {
    step(1, { onOff: true });
    expect(step(0.5)).toMatchObject({ value: 0.5, kind: KIND.gauge, changed: true });
    expect(step(1, { onOff: true })).toMatchObject({ value: 1, kind: KIND.onOff, changed: true });
  });
});

const after = (values: readonly number[], n = 60): boolean => {
  for (let i = 0; i < n; i++) step(values[i % values.length]);
  return isEnum(memory, 0);
};

describe('an enum', () => {
  test('is a gauge that took three to eight whole numbers and no others', () => {
    expect(after([0, 2, 5])).toBe(true);
    expect(kindOf(memory, 0)).toBe(KIND.gauge);
    step(0.5);
    expect(isEnum(memory, 0)).toBe(false);
  });

  test('needs samples to be told by, and more values than a switch has', () => {
    expect(after([0, 2, 5], 59)).toBe(false);
    memory.fill(0);
    expect(after([0, 1])).toBe(false);
  });

  test('is none with more than eight values', () => {
    expect(after([1, 2, 3, 4, 5, 6, 7, 8])).toBe(true);
    step(9);
    expect(isEnum(memory, 0)).toBe(false);
  });
});
