/** What every recurrent cell promises, whatever it computes. Each cell's own test runs it whole. */
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../models/cells/cell.ts';
import { createRandom, gaussian, type Random } from '../../models/random.ts';
import { expectClose, expectSameBits } from '../models/difference.ts';
import { type CellProblem, runCell } from '../models/cells/run.ts';

interface Promises {
  /**
   * The backward step is the whole derivative. A cell that cuts the gradient on purpose says false and proves by
   * itself what it is the derivative of.
   */
  exact?: boolean;
  /** The state is a history with a count in it, so it can start at rest only. */
  history?: boolean;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

const numbers = (count: number, scale: number, random: Random) =>
  Array.from({ length: count }, () => scale * gaussian(random));

/** 1..most */
const whole = (random: Random, most: number) => 1 + Math.floor(most * random());

function randomProblem(cell: Cell, steps: number, history: boolean, random: Random): CellProblem {
  const params = numbers(cell.paramCount, 0.5, random);
  const outputs = 1 + (steps % 2);
  return {
    params,
    V: numbers(outputs * cell.hidden, 0.5, random),
    bv: numbers(outputs, 0.5, random),
    x: numbers(steps * cell.inputs, 1, random),
    target: numbers(steps * outputs, 1, random),
    state: numbers(cell.stateSize, history ? 0 : 0.5, random),
  };
}

/** @param make  a cell of I inputs and about H units, whose history outlasts `steps` steps */
export function cellContract(
  name: string,
  make: (inputs: number, hidden: number, steps: number) => Cell,
  { exact = true, history = false }: Promises = {},
): void {
  const sizes = createRandom(name.length);
  const drawn = Array.from({ length: 4 }, () => [whole(sizes, 4), whole(sizes, 6), 3 + whole(sizes, 6)] as const);

  describe(`${name} with random sizes`, () => {
    test.each(drawn)('says what its parameters are: %i inputs, %i units', (I, H) => {
      const cell = make(I, H, 4);
      expect(cell.tensors.reduce((sum, { shape }) => sum + product(shape), 0)).toBe(cell.paramCount);
      expect(new Set(cell.tensors.map((tensor) => tensor.name)).size).toBe(cell.tensors.length);
      expect(cell.inputs).toBe(I);
      expect(cell.stateSize).toBeGreaterThanOrEqual(cell.hidden);
      expect(cell.cacheSize).toBeGreaterThanOrEqual(I);
    });

    test.runIf(exact).each(drawn)(
      'has the gradients of central differences: %i inputs, %i units, %i steps',
      (I, H, T) => {
        const cell = make(I, H, T);
        const problem = randomProblem(cell, T, history, createRandom(100 * I + 10 * H + T));
        const { gradients } = runCell(cell, problem);
        for (const key of ['params', 'V', 'bv', 'x', 'state'] as const) {
          if (key === 'state' && history) continue;
          const list = problem[key];
          const measured = list.map((number, i) => {
            list[i] = number + 1e-6;
            const above = runCell(cell, problem).loss;
            list[i] = number - 1e-6;
            const below = runCell(cell, problem).loss;
            list[i] = number;
            return (above - below) / 2e-6;
          });
          expectClose(key, gradients[key], measured, 1e-7);
        }
      },
    );

    test.each(drawn)('draws the same parameters for the same seed, and only them: %i, %i', (I, H) => {
      const cell = make(I, H, 4);
      const draw = (seed: number) => {
        const memory = new Float64Array(cell.paramCount + 5).fill(9);
        cell.initialise(memory, 2, createRandom(seed));
        return memory;
      };
      const one = draw(3);
      expectSameBits('parameters', draw(3), one);
      if (cell.paramCount > 0) expect([...draw(4)]).not.toEqual([...one]);
      expect([one[0], one[1], ...one.subarray(cell.paramCount + 2)]).toEqual([9, 9, 9, 9, 9]);
      expect(one.every(Number.isFinite)).toBe(true);
    });
  });

  test(`${name}: many streams together are the same as one by one, to the last bit`, () => {
    const STREAMS = 5;
    const STEPS = 12;
    const cell = make(3, 5, STEPS);
    const start = new Float64Array(cell.paramCount);
    cell.initialise(start, 0, createRandom(11));
    const random = createRandom(12);
    const input = Array.from({ length: STREAMS * STEPS }, () => numbers(3, 1, random));
    const play = (order: readonly number[]) => {
      const streamSize = cell.stateSize + cell.cacheSize;
      const memory = new Float64Array(cell.paramCount + STREAMS * streamSize);
      memory.set(start);
      const taken = new Float64Array(STREAMS);
      for (const stream of order) {
        const state = cell.paramCount + stream * streamSize;
        const row = state + cell.stateSize;
        memory.set(input[stream * STEPS + taken[stream]++], row);
        cell.step(memory, 0, state, row);
      }
      expectSameBits('parameters', memory.subarray(0, cell.paramCount), start);
      return memory;
    };
    const all = Array.from({ length: STREAMS * STEPS }, (_, i) => i);
    expectSameBits('memory', play(all.map((i) => i % STREAMS)), play(all.map((i) => Math.floor(i / STEPS))));
  });

  test(`${name}: leaves its input as it was and its neighbours alone`, () => {
    const cell = make(2, 4, 3);
    const state = 3;
    const params = state + cell.stateSize + 2;
    const row = params + cell.paramCount + 1;
    const memory = new Float64Array(row + cell.cacheSize + 2);
    cell.initialise(memory, params, createRandom(1));
    const mine = [
      [state, cell.stateSize],
      [params, cell.paramCount],
      [row, cell.cacheSize],
    ] as const;
    const strangers = Array.from(memory.keys()).filter((i) => !mine.some(([at, size]) => i >= at && i < at + size));
    for (const i of strangers) memory[i] = 7;
    memory.set([0.3, -0.4], row);
    cell.step(memory, params, state, row);
    expect([memory[row], memory[row + 1]]).toEqual([0.3, -0.4]);
    expect(strangers.map((i) => memory[i])).toEqual(strangers.map(() => 7));

    const work = new Float64Array(cell.paramCount + cell.stateSize + 2 + 8).fill(0.25);
    const before = memory.slice();
    cell.backward(memory, params, state, row, work, 2, cell.paramCount + 4, cell.paramCount + cell.stateSize + 6);
    expectSameBits('memory', memory, before);
    const gaps = [0, 1, cell.paramCount + 2, cell.paramCount + 3, cell.paramCount + cell.stateSize + 4];
    expect(gaps.map((i) => work[i])).toEqual(gaps.map(() => 0.25));
    expect([work.at(-1), work.at(-2)]).toEqual([0.25, 0.25]);
  });

  test(`${name}: adds its gradient to what is there, and needs no place for that of the input`, () => {
    const cell = make(2, 4, 3);
    const row = cell.paramCount + cell.stateSize;
    const memory = new Float64Array(row + cell.cacheSize);
    cell.initialise(memory, 0, createRandom(2));
    memory.set([0.9, -0.2], row);
    cell.step(memory, 0, cell.paramCount, row);
    const dX = row;
    const back = (times: number, dInput: number) => {
      const work = new Float64Array(dX + 2);
      for (let i = 0; i < times; i++) {
        for (let u = 0; u < cell.stateSize; u++) work[cell.paramCount + u] = Math.cos(u);
        cell.backward(memory, 0, cell.paramCount, row, work, 0, cell.paramCount, dInput);
      }
      return work;
    };
    const once = back(1, dX);
    const twice = once.map((d, i) => (i >= cell.paramCount && i < dX ? d : 2 * d));
    expectClose('twice', back(2, dX), twice, 1e-14);
    expectSameBits('without dInput', back(1, -1).subarray(0, dX), once.subarray(0, dX));
  });
}
