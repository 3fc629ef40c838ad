import { expect, test } from 'vitest';
import { TracedLstm } from '../../../models/cells/traced-lstm.ts';
import { createRandom } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { traceCellContract } from '../../contracts/trace-cell.ts';
import { expectClose } from '../difference.ts';
import { cosineWithExact, goldenProblem, goldenSizes, goldenTraces } from './golden-traces.ts';
import { frozenDifferences, randomProblem, runTraces } from './traces.ts';

cellContract('traced lstm', (I, H) => new TracedLstm(I, H));
traceCellContract('traced lstm', (I, H) => new TracedLstm(I, H));

test('golden run: the gradient, and how nearly it points where the exact one does', () => {
  const { gradient, cosine } = goldenTraces('eprop');
  const traced = runTraces(new TracedLstm(goldenSizes.I, goldenSizes.H), goldenProblem);
  expectClose('gradient', traced, gradient, 1e-9);
  expectClose('cosine', [cosineWithExact(traced)], [cosine], 1e-9);
  expect(cosine).toBeCloseTo(0.98731, 5);
});

test.each([
  [1, 1, 15],
  [2, 4, 8],
  [3, 6, 5],
])('is the derivative with the earlier h held fast inside the gates: %i, %i, %i', (I, H, T) => {
  const cell = new TracedLstm(I, H);
  const problem = randomProblem(cell, T, 2, createRandom(7 * I + H));
  expectClose('gradient', runTraces(cell, problem), frozenDifferences(cell, problem, H), 1e-7);
});

test('needs three traces for each unit and source, and no window', () => {
  expect(new TracedLstm(5, 16).traceSize).toBe(3 * 16 * (5 + 16 + 1));
});
