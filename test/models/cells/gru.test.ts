import { describe, expect, test } from 'vitest';
import { Gru, type GruOptions } from '../../../models/cells/gru.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { runCell } from './run.ts';

interface Golden {
  sizes: { I: number; H: number; O: number; T: number };
  params: Record<'W_ih' | 'W_hh' | 'b_ih' | 'b_hh' | 'V' | 'bv', number[]>;
  inputs: { x: number[]; target: number[]; h0: number[] };
  forward: Record<'h' | 'y' | 'r' | 'z' | 'n', number[]>;
  loss: number;
  grads: Record<'W_ih' | 'W_hh' | 'b_ih' | 'b_hh' | 'V' | 'bv' | 'x' | 'h0', number[]>;
}
const golden = readGolden('gru') as Record<GruOptions['reset'], Golden>;
const RESETS = ['after', 'before'] as const;

cellContract('gru', (I, H) => new Gru(I, H, { reset: 'after' }));
cellContract('gru with reset before', (I, H) => new Gru(I, H, { reset: 'before' }));
cellContract('gru with long units', (I, H) => new Gru(I, H, { reset: 'after', chrono: { span: 100, share: 0.25 } }));

test('says by its name which of the two it is', () => {
  expect(RESETS.map((reset) => new Gru(1, 1, { reset }).name)).toEqual(['gru', 'gru_before']);
});

describe.each(RESETS)('golden run with reset %s', (reset) => {
  const { sizes, params, inputs, forward, loss, grads } = golden[reset];
  const { I, H } = sizes;
  const { V, bv } = params;
  const { x, target, h0 } = inputs;
  const run = runCell(new Gru(I, H, { reset }), {
    params: [...params.W_ih, ...params.W_hh, ...params.b_ih, ...params.b_hh],
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
    expectClose('loss', [run.loss], [loss], 1e-9);
  });

  test.each(['r', 'z', 'n'] as const)('forward: gate %s', (name) => {
    const from = I + (1 + ['r', 'z', 'n'].indexOf(name)) * H;
    const gates = run.rows.flatMap((row) => [...row.subarray(from, from + H)]);
    expectClose(name, gates, forward[name], 1e-9);
  });

  test('gradients', () => {
    const { gradients } = run;
    const wanted = [...grads.W_ih, ...grads.W_hh, ...grads.b_ih, ...grads.b_hh];
    expectClose('params', gradients.params, wanted, 1e-9);
    for (const name of ['V', 'bv', 'x'] as const) expectClose(name, gradients[name], grads[name], 1e-9);
    expectClose('state', gradients.state, grads.h0, 1e-9);
  });
});

test.each([
  [1, 1],
  [3, 8],
  [9, 16],
])('has 0.75 of the parameters of an LSTM with as many biases per gate: %i inputs, %i units', (I, H) => {
  const gru = new Gru(I, H, { reset: 'after' });
  const lstm = new Lstm(I, H);
  expect(gru.paramCount - 3 * H).toBe(0.75 * lstm.paramCount); // one bias per gate
  expect(gru.paramCount).toBe(0.75 * (lstm.paramCount + 4 * H)); // two
});

describe.each(RESETS)('with reset %s', (reset) => {
  const I = 3;
  const H = 5;
  const cell = new Gru(I, H, { reset });
  const R = 3 * H * I;
  const bIh = R + 3 * H * H;
  const bHh = bIh + 3 * H;
  const state = cell.paramCount;
  const row = state + H;
  const [r, z, n] = [1, 2, 3].map((block) => row + I + block * H);
  const random = createRandom(21);
  const numbers = (count: number, scale: number) => Array.from({ length: count }, () => scale * gaussian(random));

  function stepped(params: ArrayLike<number>, h: readonly number[], x: readonly number[]): Float64Array {
    const memory = new Float64Array(row + cell.cacheSize);
    memory.set(params);
    memory.set(h, state);
    memory.set(x, row);
    cell.step(memory, 0, state, row);
    return memory;
  }

  test('the rows of z negated, it is the GRU of the texts whose z lets go: (1−z)∘h′ + z∘n', () => {
    const params = numbers(cell.paramCount, 1);
    const negated = params.slice();
    for (const [at, width] of [
      [0, I],
      [R, H],
      [bIh, 1],
      [bHh, 1],
    ] as const) {
      for (let i = at + H * width; i < at + 2 * H * width; i++) negated[i] = -params[i];
    }
    for (let trial = 0; trial < 20; trial++) {
      const h = numbers(H, 1);
      const x = numbers(I, 3);
      const keeps = stepped(params, h, x);
      const letsGo = stepped(negated, h, x);
      expectSameBits('r', letsGo.subarray(r, z), keeps.subarray(r, z));
      expectSameBits('n', letsGo.subarray(n, n + H), keeps.subarray(n, n + H));
      const gate = [...keeps.subarray(z, n)];
      const complement = gate.map((share) => 1 - share);
      expectClose('z', letsGo.subarray(z, n), complement, 2e-16);
      const wanted = gate.map((share, u) => (1 - share) * h[u] + share * keeps[n + u]);
      expectClose('h', letsGo.subarray(state, row), wanted, 1e-15);
    }
  });

  test('a z held open by its bias keeps h, a z held shut puts the candidate in its place', () => {
    const params = numbers(cell.paramCount, 0.5);
    const h = numbers(H, 1);
    const x = numbers(I, 1);
    params.fill(60, bIh + H, bIh + 2 * H);
    expectClose('kept', stepped(params, h, x).subarray(state, row), h, 1e-15);
    params.fill(-60, bIh + H, bIh + 2 * H);
    const replaced = stepped(params, h, x);
    expectClose('replaced', replaced.subarray(state, row), replaced.subarray(n, n + H), 1e-15);
  });

  test('a reset gate held shut hides h from the candidate, and its second bias where that is inside the reset', () => {
    const params = numbers(cell.paramCount, 0.5);
    const x = numbers(I, 1);
    params.fill(-800, bIh, bIh + H);
    const candidate = (h: readonly number[], bias: number) => {
      params.fill(bias, bHh + 2 * H, bHh + 3 * H);
      return [...stepped(params, h, x).subarray(n, n + H)];
    };
    const rest = candidate(numbers(H, 1), 0);
    expect(candidate(numbers(H, 1), 0)).toEqual(rest);
    const biased = candidate(numbers(H, 1), 0.5);
    if (reset === 'after') expect(biased).toEqual(rest);
    else expect(biased.every((number, u) => number > rest[u])).toBe(true);
  });
});

describe('initial parameters', () => {
  const I = 5;
  const H = 8;

  test.each(RESETS)('reset %s: biases 0, orthogonal recurrence per gate and Xavier inputs', (reset) => {
    const cell = new Gru(I, H, { reset });
    const at = 4;
    const memory = new Float64Array(at + cell.paramCount + 1).fill(9);
    cell.initialise(memory, at, createRandom(4));
    expect([memory[at - 1], memory[at + cell.paramCount]]).toEqual([9, 9]);
    const R = at + 3 * H * I;
    const bIh = R + 3 * H * H;
    expect(memory.subarray(bIh, bIh + 6 * H).every((bias) => bias === 0)).toBe(true);
    const limit = Math.sqrt(6 / (I + H));
    for (let gate = 0; gate < 3; gate++) {
      const inputWeights = memory.subarray(at + gate * H * I, at + (gate + 1) * H * I).map(Math.abs);
      expect(Math.max(...inputWeights)).toBeLessThanOrEqual(limit);
      expect(Math.max(...inputWeights)).toBeGreaterThan(0.8 * limit);
      const rows = memory.subarray(R + gate * H * H, R + (gate + 1) * H * H);
      const products = Array.from({ length: H * H }, (_, i) => {
        const [a, b] = [Math.floor(i / H), i % H].map((k) => rows.subarray(k * H, (k + 1) * H));
        return a.reduce((sum, w, j) => sum + w * b[j], 0);
      });
      const identity = products.map((_, i) => (Math.floor(i / H) === i % H ? 1 : 0));
      expectClose('Q·Qᵀ', products, identity, 1e-12);
    }
  });

  test.each(RESETS)('reset %s: the last quarter starts out to remember, b_z = ln u, and nothing else does', (reset) => {
    const units = 16;
    const cell = new Gru(2, units, { reset, chrono: { span: 100, share: 0.25 } });
    const memory = new Float64Array(cell.paramCount);
    cell.initialise(memory, 0, createRandom(4));
    const bIh = 3 * units * (2 + units);
    const long = [...memory.subarray(bIh + 2 * units - 4, bIh + 2 * units)];
    expect(Math.min(...long)).toBeGreaterThan(0);
    expect(Math.max(...long)).toBeLessThanOrEqual(Math.log(99));
    expect(new Set(long).size).toBe(4);
    memory.fill(0, bIh + 2 * units - 4, bIh + 2 * units);
    expect(memory.subarray(bIh).every((bias) => bias === 0)).toBe(true);
  });

  test('a unit that starts out to remember still holds most of h when the others have let go', () => {
    const units = 16;
    const cell = new Gru(1, units, { reset: 'after', chrono: { span: 1000, share: 0.5 } });
    const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
    cell.initialise(memory, 0, createRandom(5));
    const bIh = 3 * units * (1 + units);
    memory.fill(0, 0, bIh); // the biases alone
    const state = cell.paramCount;
    memory.fill(1, state, state + units);
    for (let t = 0; t < 20; t++) cell.step(memory, 0, state, state + units);
    const h = [...memory.subarray(state, state + units)];
    expect(Math.max(...h.slice(0, 8))).toBeCloseTo(1 / 2 ** 20, 12);
    for (let u = 8; u < units; u++) {
      const span = Math.exp(memory[bIh + units + u]);
      expect(h[u]).toBeCloseTo((span / (span + 1)) ** 20, 12);
    }
    expect(h.slice(8).filter((kept) => kept > 0.5).length).toBeGreaterThan(4);
  });
});

test('has no memory that could run away: h stays within ±1 under any input', () => {
  const cell = new Gru(1, 4, { reset: 'after' });
  expect('watch' in cell).toBe(false);
  const random = createRandom(6);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  for (let i = 0; i < cell.paramCount; i++) memory[i] = 5 * gaussian(random);
  const state = cell.paramCount;
  for (let t = 0; t < 2000; t++) {
    memory[state + cell.stateSize] = 1e6 * gaussian(random);
    cell.step(memory, 0, state, state + cell.stateSize);
    const h = memory.subarray(state, state + cell.hidden);
    expect(h.every((number) => Math.abs(number) <= 1)).toBe(true);
  }
});
