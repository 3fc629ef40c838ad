import { describe, expect, test } from 'vitest';
import { Lstm } from '../../models/lstm.ts';
import { createRandom, gaussian, type Random } from '../../models/random.ts';
import { readGolden } from '../golden/golden.ts';
import { expectClose, expectSameBits } from './difference.ts';

/** The cell with a linear head, y = V·h + bv, loss Σ|y − target|²/2, run forward and backward over T steps. */
interface Problem {
  sizes: { I: number; H: number; O: number; T: number };
  params: { W_ih: number[]; W_hh: number[]; b: number[]; V: number[]; bv: number[] };
  inputs: { x: number[]; target: number[]; h0: number[]; c0: number[] };
}
type Gradients = Record<'W_ih' | 'W_hh' | 'b' | 'V' | 'bv' | 'x' | 'h0' | 'c0', ArrayLike<number>>;
type Trace = Record<'h' | 'c' | 'y' | 'i' | 'f' | 'g' | 'o', number[]>;
interface Golden extends Problem {
  forward: Trace;
  loss: number;
  grads: Gradients;
}
const golden = readGolden('lstm') as Golden;

/** Cache rows first, then parameters, then state, all at odd places: the cell must believe its offsets. */
function run({ sizes, params, inputs }: Problem): { loss: number; trace: Trace; gradients: Gradients } {
  const { I, H, O, T } = sizes;
  const cell = new Lstm(I, H);
  const rows = 5;
  const at = rows + T * cell.cacheSize + 3;
  const state = at + cell.paramCount + 1;
  const memory = new Float64Array(state + cell.stateSize + 2);
  memory.set([...params.W_ih, ...params.W_hh, ...params.b], at);
  memory.set([...inputs.h0, ...inputs.c0], state);
  const trace: Trace = { h: [], c: [], y: [], i: [], f: [], g: [], o: [] };
  const dy: number[] = [];
  let loss = 0;
  for (let t = 0; t < T; t++) {
    const row = rows + t * cell.cacheSize;
    memory.set(inputs.x.slice(t * I, (t + 1) * I), row);
    cell.step(memory, at, state, row);
    const h = [...memory.subarray(state, state + H)];
    trace.h.push(...h);
    trace.c.push(...memory.subarray(state + H, state + 2 * H));
    for (const [gate, name] of (['i', 'f', 'g', 'o'] as const).entries()) {
      const from = row + I + (2 + gate) * H;
      trace[name].push(...memory.subarray(from, from + H));
    }
    for (let k = 0; k < O; k++) {
      const y = h.reduce((sum, hu, u) => sum + params.V[k * H + u] * hu, params.bv[k]);
      const error = y - inputs.target[t * O + k];
      trace.y.push(y);
      dy.push(error);
      loss += error ** 2 / 2;
    }
  }

  const gradient = new Float64Array(cell.paramCount);
  const dState = new Float64Array(cell.stateSize);
  const dX = new Float64Array(T * I);
  const dV = new Float64Array(O * H);
  const dBv = new Float64Array(O);
  for (let t = T - 1; t >= 0; t--) {
    for (let k = 0; k < O; k++) {
      dBv[k] += dy[t * O + k];
      for (let u = 0; u < H; u++) {
        dV[k * H + u] += dy[t * O + k] * trace.h[t * H + u];
        dState[u] += dy[t * O + k] * params.V[k * H + u];
      }
    }
    cell.backward(memory, at, rows + t * cell.cacheSize, gradient, dState, dX.subarray(t * I, (t + 1) * I));
  }
  const gradients = {
    W_ih: gradient.subarray(0, 4 * H * I),
    W_hh: gradient.subarray(4 * H * I, 4 * H * (I + H)),
    b: gradient.subarray(4 * H * (I + H)),
    V: dV,
    bv: dBv,
    x: dX,
    h0: dState.subarray(0, H),
    c0: dState.subarray(H),
  };
  return { loss, trace, gradients };
}

describe('golden run', () => {
  const result = run(golden);

  test.each(['h', 'y', 'c', 'i', 'f', 'g', 'o'] as const)('forward: %s', (name) => {
    expectClose(name, result.trace[name], golden.forward[name], 1e-9);
  });

  test('loss', () => expectClose('loss', [result.loss], [golden.loss], 1e-9));

  test.each(['W_ih', 'W_hh', 'b', 'V', 'bv', 'x', 'h0', 'c0'] as const)('gradient: %s', (name) => {
    expectClose(name, result.gradients[name], golden.grads[name], 1e-9);
  });
});

function randomProblem(random: Random, I: number, H: number, O: number, T: number): Problem {
  const numbers = (count: number, scale: number) => Array.from({ length: count }, () => scale * gaussian(random));
  return {
    sizes: { I, H, O, T },
    params: {
      W_ih: numbers(4 * H * I, 0.5),
      W_hh: numbers(4 * H * H, 0.5),
      b: numbers(4 * H, 0.5),
      V: numbers(O * H, 0.5),
      bv: numbers(O, 0.5),
    },
    inputs: { x: numbers(T * I, 1), target: numbers(T * O, 1), h0: numbers(H, 0.5), c0: numbers(H, 0.5) },
  };
}

test.each([
  [1, 1, 1, 1],
  [1, 5, 1, 6],
  [4, 3, 2, 5],
  [2, 6, 1, 9],
])('gradients agree with central differences: %i inputs, %i units, %i outputs, %i steps', (I, H, O, T) => {
  const problem = randomProblem(createRandom(100 * I + H), I, H, O, T);
  const { gradients } = run(problem);
  const { W_ih, W_hh, b, V, bv } = problem.params;
  const { x, h0, c0 } = problem.inputs;
  for (const [name, numbers] of Object.entries({ W_ih, W_hh, b, V, bv, x, h0, c0 })) {
    const measured = numbers.map((number, i) => {
      numbers[i] = number + 1e-6;
      const above = run(problem).loss;
      numbers[i] = number - 1e-6;
      const below = run(problem).loss;
      numbers[i] = number;
      return (above - below) / 2e-6;
    });
    expectClose(name, gradients[name as keyof Gradients], measured, 1e-7);
  }
});

test('without a place for the input gradient, the rest is the same', () => {
  const cell = new Lstm(2, 3);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  const row = cell.paramCount + cell.stateSize;
  cell.initialise(memory, 0, createRandom(1));
  memory.set([0.3, -0.8], row);
  cell.step(memory, 0, cell.paramCount, row);
  const backward = (dInput?: Float64Array) => {
    const gradient = new Float64Array(cell.paramCount);
    const dState = Float64Array.from({ length: cell.stateSize }, (_, i) => 0.1 * (i + 1));
    cell.backward(memory, 0, row, gradient, dState, dInput);
    return [...gradient, ...dState];
  };
  expectSameBits('gradient', backward(), backward(new Float64Array(2)));
});

test('the gradient is added to what is there, so that many steps can share one buffer', () => {
  const cell = new Lstm(1, 2);
  const row = cell.paramCount + cell.stateSize;
  const memory = new Float64Array(row + cell.cacheSize);
  cell.initialise(memory, 0, createRandom(2));
  memory[row] = 1;
  cell.step(memory, 0, cell.paramCount, row);
  const once = new Float64Array(cell.paramCount);
  cell.backward(memory, 0, row, once, Float64Array.of(1, 2, 3, 4));
  const twice = new Float64Array(cell.paramCount);
  for (let i = 0; i < 2; i++) cell.backward(memory, 0, row, twice, Float64Array.of(1, 2, 3, 4));
  expectClose(
    'twice',
    twice,
    once.map((d) => 2 * d),
    1e-15,
  );
});

test('streams that take turns on one cell and one set of weights give what each gives alone, to the last bit', () => {
  const streams = 5;
  const steps = 40;
  const cell = new Lstm(3, 6);
  const stateOf = (stream: number) => cell.paramCount + stream * (cell.stateSize + cell.cacheSize);
  const make = () => {
    const memory = new Float64Array(stateOf(streams));
    cell.initialise(memory, 0, createRandom(3));
    return memory;
  };
  const step = (memory: Float64Array, stream: number, t: number) => {
    const row = stateOf(stream) + cell.stateSize;
    for (let j = 0; j < 3; j++) memory[row + j] = Math.sin(t * (stream + 1) + j);
    cell.step(memory, 0, stateOf(stream), row);
  };
  const together = make();
  for (let t = 0; t < steps; t++) for (let stream = 0; stream < streams; stream++) step(together, stream, t);
  for (let stream = 0; stream < streams; stream++) {
    const alone = make();
    for (let t = 0; t < steps; t++) step(alone, stream, t);
    const from = stateOf(stream);
    const to = from + cell.stateSize + cell.cacheSize;
    expectSameBits(`stream ${stream}`, together.subarray(from, to), alone.subarray(from, to));
  }
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
