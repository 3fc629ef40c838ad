import { describe, expect, test } from 'vitest';
import { createBatch, pushRow } from '../../models/batch.ts';
import { Context } from '../../models/context.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { createRandom, gaussian } from '../../models/random.ts';

const SECOND = 1000;
const START = Date.UTC(2026, 0, 5);

describe('the inputs that context makes', () => {
  const context = new Context(2);
  const AT = 3;
  const TO = AT + context.size;
  const memory = new Float64Array(TO + context.inputs);
  const inputs = (...values: number[]): number[] => {
    context.step(memory, AT, Float64Array.from(values), TO);
    return [...memory.subarray(TO)];
  };

  test('are where each stands in its own frame, and how it has changed', () => {
    expect(inputs(5, 100)).toEqual([0, 0, 0, 0]);
    const [z, other, change, otherChange] = inputs(6, 100);
    expect(z).toBeGreaterThan(0.5);
    expect(change).toBe(z);
    expect([other, otherChange]).toEqual([0, 0]);
  });

  test('are as they were where nothing is said', () => {
    const [z] = [...memory.subarray(TO)];
    expect(inputs(Number.NaN, Number.NaN)).toEqual([z, 0, 0, 0]);
    context.step(memory, AT, undefined, TO);
    expect([...memory.subarray(TO)]).toEqual([z, 0, 0, 0]);
  });

  test('of nobody are none', () => {
    const none = new Context(0);
    expect([none.size, none.inputs, none.wakened(memory, AT)]).toEqual([0, 0, 0]);
  });
});

/** A series that does at once what a command says, which changes every 40 to 80 samples. */
function commanded(n: number): { value: number; command: number }[] {
  const random = createRandom(5);
  let command = 0;
  let until = 0;
  return Array.from({ length: n }, (_, i) => {
    if (i === until) {
      command = 1 - command;
      until = i + 40 + Math.floor(40 * random());
    }
    return { value: 20 + 10 * command + 0.3 * gaussian(random), command };
  });
}

describe('a series with context', () => {
  const rows = commanded(8000);
  /** Mean |error| of the forecast over the samples that jump, in units of the jump. */
  function errorOfJumps(context: 0 | 1): number {
    const detector = new Detector({ ...DEFAULTS, hidden: 8, season: 3600_000, context });
    const memory = new Float64Array(detector.size);
    detector.initialise(memory, 0, 1);
    const errors: number[] = [];
    for (const [i, { value, command }] of rows.entries()) {
      const time = START + i * SECOND;
      const batch = createBatch(1);
      if (context > 0) batch.members[0] = Float64Array.of(command);
      pushRow(batch, 0, time, time, value, 0);
      detector.order(memory, 0, batch, 0);
      detector.step(memory, 0, batch, 0, 0);
      const jumps = i > 6000 && command !== rows[i - 1].command;
      if (jumps) errors.push(Math.abs(value - batch.expected[0]));
    }
    return errors.reduce((sum, error) => sum + error, 0) / errors.length / 10;
  }

  test('is expected to do what it is told in the very sample in which it is told', () => {
    expect(errorOfJumps(0)).toBeGreaterThan(0.9);
    expect(errorOfJumps(1)).toBeLessThan(0.3);
  });

  test('is of another shape beside others, and of the same beside the same', () => {
    const [one, same, other] = ['a', 'a', 'b'].map((beside) => new Detector({ ...DEFAULTS, context: 2, beside }).shape);
    expect(one).toBe(same);
    expect(one).not.toBe(other);
    expect(new Detector(DEFAULTS).shape).toBe('lstm 16 20 0 4 4 false rmsprop');
  });
});
