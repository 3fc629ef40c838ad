/**
 * How much of an error comes back over T steps: the largest singular value of ∂c_T/∂c_0 (h for a cell without c), with
 * random inputs and weights as they start. Below 1e-10 nothing can be learned over that distance; far above 1 the
 * gradient has to be clipped.
 */
import type { Cell } from '../../models/cells/cell.ts';
import { createRandom, gaussian } from '../../models/random.ts';

/**
 * @param carrier  where in the state the H numbers lie whose errors are followed
 * @param prepare  changes the weights at memory[0..]
 */
export function errorFlow(
  cell: Cell,
  T: number,
  carrier: number,
  seed: number,
  prepare: (memory: Float64Array) => void = () => {},
): number {
  const { cacheSize, hidden: H, inputs, paramCount, stateSize } = cell;
  const random = createRandom(seed);
  const rows = paramCount + stateSize;
  const memory = new Float64Array(rows + T * cacheSize);
  cell.initialise(memory, 0, random);
  prepare(memory);
  for (let t = 0; t < T; t++) {
    const row = rows + t * cacheSize;
    for (let j = 0; j < inputs; j++) memory[row + j] = gaussian(random);
    cell.step(memory, 0, paramCount, row);
  }
  const work = new Float64Array(paramCount + stateSize);
  const jacobian = Array.from({ length: H }, (_, u) => {
    work.fill(0);
    work[paramCount + carrier + u] = 1;
    for (let t = T - 1; t >= 0; t--) {
      cell.backward(memory, 0, paramCount, rows + t * cacheSize, work, 0, paramCount, -1);
    }
    return work.slice(paramCount + carrier, paramCount + carrier + H);
  });
  return largestSingularValue(jacobian);
}

/** By power iteration, from a vector of ones. */
function largestSingularValue(rows: readonly Float64Array[]): number {
  let v = new Float64Array(rows.length).fill(1);
  let size = 0;
  for (let turn = 0; turn < 200; turn++) {
    const u = rows.map((row) => row.reduce((sum, a, j) => sum + a * v[j], 0));
    const next = v.map((_, j) => rows.reduce((sum, row, i) => sum + row[j] * u[i], 0));
    const norm = Math.hypot(...next);
    if (norm === 0) return 0;
    size = Math.hypot(...u);
    v = next.map((a) => a / norm);
  }
  return size;
}
