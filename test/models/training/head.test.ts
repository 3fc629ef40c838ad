import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../models/random.ts';
import { Head, type HeadOptions } from '../../../models/training/head.ts';
import { expectSameBits } from '../difference.ts';

const [HIDDEN, INPUTS, OUTPUTS] = [5, 3, 2];
const V = OUTPUTS * HIDDEN;
const AT = 2;

function fresh(options: Partial<HeadOptions>): { head: Head; memory: Float64Array } {
  const head = new Head(HIDDEN, INPUTS, { outputs: OUTPUTS, skip: true, bias: true, ...options });
  const memory = new Float64Array(AT + head.paramCount + 1).fill(7);
  head.initialise(memory, AT, createRandom(3));
  expect([memory[0], memory[1], memory.at(-1)]).toEqual([7, 7, 7]);
  return { head, memory };
}

/** y of a state and inputs that are not 0. */
function first(gain: number): Float64Array {
  const { head, memory } = fresh({ gain });
  const work = new Float64Array(AT + head.paramCount + HIDDEN + INPUTS + OUTPUTS);
  work.set(memory.subarray(0, AT + head.paramCount));
  const h = AT + head.paramCount;
  const x = h + HIDDEN;
  const y = x + INPUTS;
  for (let i = h; i < y; i++) work[i] = Math.cos(i);
  head.forward(work, AT, h, x, y);
  return work.subarray(y);
}

describe('the gain of a head', () => {
  test('is what its weights on the hidden state start at, of what they would have', () => {
    const whole = fresh({}).memory.subarray(AT, AT + V);
    expect(whole.every((weight) => weight !== 0)).toBe(true);
    for (const gain of [1, 0.25, 0]) {
      expectSameBits(
        `V at gain ${gain}`,
        fresh({ gain }).memory.subarray(AT, AT + V),
        whole.map((weight) => gain * weight),
      );
    }
  });

  test.each([
    { skip: true, bias: true },
    { skip: false, bias: true },
    { skip: true, bias: false },
  ])('leaves the skip path and the bias at 0: %o', (options) => {
    const { memory, head } = fresh({ gain: 0.25, ...options });
    expect(head.paramCount).toBeGreaterThan(V);
    expect(memory.subarray(AT + V, AT + head.paramCount).every((weight) => weight === 0)).toBe(true);
  });

  test('brings the first outputs as near to 0, whatever the state', () => {
    const [large, small] = [first(1), first(0.125)];
    for (let k = 0; k < OUTPUTS; k++) expect(small[k]).toBeCloseTo(large[k] / 8, 12);
    expect(large.some((output) => Math.abs(output) > 0.01)).toBe(true);
  });
});
