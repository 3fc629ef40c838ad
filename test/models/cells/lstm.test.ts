import { describe, expect, test } from 'vitest';
import { Lstm } from '../../../models/cells/lstm.ts';
import { createRandom } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose } from '../difference.ts';
import { runCell } from './run.ts';

interface Golden {
  sizes: { I: number; H: number; O: number; T: number };
  params: { W_ih: number[]; W_hh: number[]; b: number[]; V: number[]; bv: number[] };
  inputs: { x: number[]; target: number[]; h0: number[]; c0: number[] };
  forward: Record<'h' | 'c' | 'y' | 'i' | 'f' | 'g' | 'o', number[]>;
  loss: number;
  grads: Record<'W_ih' | 'W_hh' | 'b' | 'V' | 'bv' | 'x' | 'h0' | 'c0', number[]>;
}
const golden = readGolden('lstm') as Golden;

cellContract('lstm', (I, H) => new Lstm(I, H));
cellContract('lstm with long units', (I, H) => new Lstm(I, H, { span: 100, share: 0.25 }));

describe('golden run', () => {
  const { sizes, params, inputs, forward, grads } = golden;
  const { I, H } = sizes;
  const { V, bv } = params;
  const { x, target, h0, c0 } = inputs;
  const run = runCell(new Lstm(I, H), {
    params: [...params.W_ih, ...params.W_hh, ...params.b],
    V,
    bv,
    x,
    target,
    state: [...h0, ...c0],
  });

  test('forward: y, loss', () => {
    expectClose('y', run.y, forward.y, 1e-9);
    expectClose('loss', [run.loss], [golden.loss], 1e-9);
  });

  test.each([
    ['h', 0],
    ['c', H],
  ] as const)('forward: %s', (name, from) => {
    const states = run.states.flatMap((state) => [...state.subarray(from, from + H)]);
    expectClose(name, states, forward[name], 1e-9);
  });

  test.each(['i', 'f', 'g', 'o'] as const)('forward: gate %s', (name) => {
    const from = I + (2 + ['i', 'f', 'g', 'o'].indexOf(name)) * H;
    const gates = run.rows.flatMap((row) => [...row.subarray(from, from + H)]);
    expectClose(name, gates, forward[name], 1e-9);
  });

  test('gradients', () => {
    const { gradients } = run;
    expectClose('params', gradients.params, [...grads.W_ih, ...grads.W_hh, ...grads.b], 1e-9);
    for (const name of ['V', 'bv', 'x'] as const) expectClose(name, gradients[name], grads[name], 1e-9);
    expectClose('state', gradients.state, [...grads.h0, ...grads.c0], 1e-9);
  });
});

test('starts with forget bias 1, other biases 0, orthogonal recurrence and Xavier inputs', () => {
  const I = 5;
  const H = 8;
  const cell = new Lstm(I, H);
  expect(cell.paramCount).toBe(4 * (H * I + H * H + H));
  const at = 4;
  const memory = new Float64Array(at + cell.paramCount + 1).fill(9);
  cell.initialise(memory, at, createRandom(4));
  expect([memory[at - 1], memory[at + cell.paramCount]]).toEqual([9, 9]);
  const wHh = at + 4 * H * I;
  const b = wHh + 4 * H * H;
  const biases = [...memory.subarray(b, b + 4 * H)];
  expect(biases).toEqual(biases.map((_, k) => (k >= H && k < 2 * H ? 1 : 0)));
  const limit = Math.sqrt(6 / (I + H));
  const inputWeights = memory.subarray(at, wHh).map(Math.abs);
  expect(Math.max(...inputWeights)).toBeLessThanOrEqual(limit);
  expect(Math.max(...inputWeights)).toBeGreaterThan(0.8 * limit);
  for (let gate = 0; gate < 4; gate++) {
    const rows = memory.subarray(wHh + gate * H * H, wHh + (gate + 1) * H * H);
    for (let r = 0; r < H; r++) {
      const square = rows.subarray(r * H, (r + 1) * H).reduce((sum, w) => sum + w * w, 0);
      expect(square).toBeCloseTo(1, 12);
    }
  }
});

test('its last quarter starts out to remember: b_f = −b_i = ln u', () => {
  const H = 16;
  const cell = new Lstm(2, H, { span: 100, share: 0.25 });
  const memory = new Float64Array(cell.paramCount);
  cell.initialise(memory, 0, createRandom(4));
  const b = 4 * H * (2 + H);
  const of = (gate: number) => [...memory.subarray(b + gate * H, b + (gate + 1) * H)];
  const [input, forget] = [of(0), of(1)];
  expect(forget.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => 1));
  expect(input.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => 0));
  for (let u = 12; u < H; u++) {
    expect(forget[u]).toBeGreaterThan(0);
    expect(forget[u]).toBeLessThanOrEqual(Math.log(99));
    expect(input[u]).toBe(-forget[u]);
  }
});

test('says how far its memory has gone and how many gates are shut or wide open', () => {
  const cell = new Lstm(1, 2);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  const state = cell.paramCount;
  const row = state + cell.stateSize;
  memory.set([0, 0, -70, 3], state);
  const bias = 4 * 2 * (1 + 2);
  // i, f, g, o of both units: input shut, forget open; the gates of the second in the middle
  memory.set([-9, 0, 9, 0, 0, 0, 0, 0], bias);
  cell.step(memory, 0, state, row);
  const { largest, saturated } = cell.watch(memory, state, row);
  expect(largest).toBeCloseTo(70, 1);
  expect(saturated).toBeCloseTo(2 / 6, 12);
});
