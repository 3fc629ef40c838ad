import { expect, test } from 'vitest';
import { SnapLstm } from '../../../models/cells/snap-lstm.ts';
import { TracedLstm } from '../../../models/cells/traced-lstm.ts';
import { createRandom } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { traceCellContract } from '../../contracts/trace-cell.ts';
import { expectClose } from '../difference.ts';
import { cosineWithExact, goldenProblem, goldenSizes, goldenTraces } from './golden-traces.ts';
import { runCell } from './run.ts';
import { randomProblem, runTraces } from './traces.ts';

cellContract('snap lstm', (I, H) => new SnapLstm(I, H));
traceCellContract('snap lstm', (I, H) => new SnapLstm(I, H));

test('golden run: the gradient, and how nearly it points where the exact one does', () => {
  const { gradient, cosine } = goldenTraces('snap1');
  const traced = runTraces(new SnapLstm(goldenSizes.I, goldenSizes.H), goldenProblem);
  expectClose('gradient', traced, gradient, 1e-9);
  expectClose('cosine', [cosineWithExact(traced)], [cosine], 1e-9);
  expect(cosine).toBeCloseTo(0.98511, 5);
});

test.each([
  [1, 30],
  [4, 12],
])('is exact where there is but one unit: %i inputs, %i steps', (I, T) => {
  const cell = new SnapLstm(I, 1);
  const problem = randomProblem(cell, T, 2, createRandom(I));
  expectClose('gradient', runTraces(cell, problem), runCell(cell, problem).gradients.params, 1e-12);
});

test('is exact where no unit hears another', () => {
  const [I, H, T] = [2, 4, 15];
  const cell = new SnapLstm(I, H);
  const problem = randomProblem(cell, T, 1, createRandom(3));
  const own = (k: number) => Math.floor(k / H) % H === k % H;
  const wHh = 4 * H * I;
  for (let k = 0; k < 4 * H * H; k++) if (!own(k)) problem.params[wHh + k] = 0;
  const heard = (_: number, i: number) => i < wHh || i >= wHh + 4 * H * H || own(i - wHh);
  const { params } = runCell(cell, problem).gradients;
  expectClose('gradient', runTraces(cell, problem).filter(heard), params.filter(heard), 1e-12);
});

test('knows no more than e-prop does where no unit hears itself', () => {
  const [I, H, T] = [2, 3, 10];
  const problem = randomProblem(new SnapLstm(I, H), T, 1, createRandom(4));
  for (let gate = 0; gate < 4; gate++) {
    for (let u = 0; u < H; u++) problem.params[4 * H * I + (gate * H + u) * H + u] = 0;
  }
  expectClose('gradient', runTraces(new SnapLstm(I, H), problem), runTraces(new TracedLstm(I, H), problem), 1e-12);
});

test('needs eight traces for each unit and source, and no window', () => {
  expect(new SnapLstm(5, 16).traceSize).toBe(8 * 16 * (5 + 16 + 1));
});
