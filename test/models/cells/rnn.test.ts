import { describe, expect, test } from 'vitest';
import { Rnn } from '../../../models/cells/rnn.ts';
import { createRandom } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose } from '../difference.ts';
import { runCell } from './run.ts';

interface Golden {
  sizes: { I: number; H: number; O: number; T: number };
  params: { W_ih: number[]; W_hh: number[]; b: number[]; V: number[]; bv: number[] };
  inputs: { x: number[]; target: number[]; h0: number[] };
  forward: Record<'h' | 'y', number[]>;
  loss: number;
  grads: Record<'W_ih' | 'W_hh' | 'b' | 'V' | 'bv' | 'x' | 'h0', number[]>;
}
const golden = readGolden('rnn') as Golden;

cellContract('rnn', (I, H) => new Rnn(I, H));

describe('golden run', () => {
  const { sizes, params, inputs, forward, grads } = golden;
  const { V, bv } = params;
  const { x, target, h0 } = inputs;
  const run = runCell(new Rnn(sizes.I, sizes.H), {
    params: [...params.W_ih, ...params.W_hh, ...params.b],
    V,
    bv,
    x,
    target,
    state: h0,
  });

  test('forward: h, y, loss', () => {
    const states = run.states.flatMap((state) => [...state]);
    expectClose('h', states, forward.h, 1e-9);
    expectClose('y', run.y, forward.y, 1e-9);
    expectClose('loss', [run.loss], [golden.loss], 1e-9);
  });

  test('gradients', () => {
    const { gradients } = run;
    expectClose('params', gradients.params, [...grads.W_ih, ...grads.W_hh, ...grads.b], 1e-9);
    for (const name of ['V', 'bv', 'x'] as const) expectClose(name, gradients[name], grads[name], 1e-9);
    expectClose('state', gradients.state, grads.h0, 1e-9);
  });
});

test('starts with biases 0, orthogonal recurrence and Xavier inputs', () => {
  const I = 5;
  const H = 8;
  const cell = new Rnn(I, H);
  expect(cell.paramCount).toBe(H * I + H * H + H);
  const at = 4;
  const memory = new Float64Array(at + cell.paramCount + 1).fill(9);
  cell.initialise(memory, at, createRandom(4));
  expect([memory[at - 1], memory[at + cell.paramCount]]).toEqual([9, 9]);
  const wHh = at + H * I;
  const b = wHh + H * H;
  expect(memory.subarray(b, b + H).every((bias) => bias === 0)).toBe(true);
  const limit = Math.sqrt(6 / (I + H));
  const inputWeights = memory.subarray(at, wHh).map(Math.abs);
  expect(Math.max(...inputWeights)).toBeLessThanOrEqual(limit);
  expect(Math.max(...inputWeights)).toBeGreaterThan(0.8 * limit);
  const products = Array.from({ length: H * H }, (_, i) => {
    const [p, q] = [Math.floor(i / H), i % H].map((k) => memory.subarray(wHh + k * H, wHh + (k + 1) * H));
    return p.reduce((sum, w, j) => sum + w * q[j], 0);
  });
  const identity = products.map((_, i) => (Math.floor(i / H) === i % H ? 1 : 0));
  expectClose('Q·Qᵀ', products, identity, 1e-12);
});

test('an error fades on its way back: W_hh of norm 0.9 leaves less than 0.9^50 after 50 steps', () => {
  const cell = new Rnn(1, 2);
  const STEPS = 50;
  const memory = new Float64Array(cell.paramCount + cell.stateSize + STEPS * cell.cacheSize);
  const [cos, sin] = [0.9 * Math.cos(0.7), 0.9 * Math.sin(0.7)];
  memory.set([1, -1, cos, -sin, sin, cos], 0);
  const state = cell.paramCount;
  const rowOf = (t: number) => state + cell.stateSize + t * cell.cacheSize;
  for (let t = 0; t < STEPS; t++) {
    memory[rowOf(t)] = Math.sin(t);
    cell.step(memory, 0, state, rowOf(t));
  }
  const work = new Float64Array(cell.paramCount + cell.stateSize);
  work.set([0.6, 0.8], state);
  for (let t = STEPS - 1; t >= 0; t--) cell.backward(memory, 0, state, rowOf(t), work, 0, state, -1);
  const left = Math.hypot(work[state], work[state + 1]);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(0.9 ** STEPS);
});
