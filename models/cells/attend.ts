/**
 * One query looks over rows of a ring: scaled dot-product attention and its derivative.
 *
 *   s_i = scale·q·k_i − slope·age_i   age 0 = the newest row
 *   w = softmax(s)   context = Σ w_i·v_i
 *
 * Backward, given dcontext:
 *
 *   ds_i = w_i·dcontext·(v_i − context)
 *   dq += Σ scale·ds_i·k_i   dk_i += scale·ds_i·q   dv_i += w_i·dcontext
 *
 * Memory, width W, N rows looked at at most, R ≥ N rows in the ring:
 *
 *   ring  keys [R, W]  values [R, W]; both may be the same rows
 *   look  q [W]  context [W]  first  count  w [N]
 *
 * The rows looked at are first, first + 1, .. first + count − 1, round the ring, the newest last; w is in that order.
 * Beside it, what the projections of both attention cells share: y += W·x, its transpose and its derivative.
 *
 * Sources: Vaswani et al. 2017; slope: Press, Smith & Lewis 2022.
 */

export interface Look {
  /** Rows looked at, at most: N. */
  readonly history: number;
  /** Rows in the ring: R. */
  readonly rows: number;
  /** Numbers in a query, a key and a value: W. */
  readonly width: number;
  readonly scale: number;
  /** What a row loses of its score with every step that it ages. */
  readonly slope: number;
}

/** Beyond it a score is as good as any other, and q·k of a spike may not even be a number. */
const SCORE_LIMIT = 1e9;

export function lookSize({ history, width }: Look): number {
  return 2 * width + 2 + history;
}

/** Reads q, first and count of the look, writes its context and w; no rows, no context: 0. Allocates nothing. */
export function attend(shape: Look, memory: Float64Array, keys: number, values: number, look: number): void {
  const { rows: R, width: W } = shape;
  const context = look + W;
  const first = memory[look + 2 * W];
  const count = memory[look + 2 * W + 1];
  const weights = look + 2 * W + 2;
  score(shape, memory, keys, look);
  softmax(memory, weights, count);
  memory.fill(0, context, context + W);
  for (let i = 0; i < count; i++) {
    const w = memory[weights + i];
    const value = values + turn(first + i, R) * W;
    for (let j = 0; j < W; j++) memory[context + j] += w * memory[value + j];
  }
}

/**
 * Takes dLook = dq [W] dcontext [W], adds to dq and, in `work`, to the gradients of keys and values [R, W] each, which
 * may be the same. Allocates nothing.
 */
export function attendBackward(
  shape: Look,
  memory: Float64Array,
  keys: number,
  values: number,
  look: number,
  dLook: Float64Array,
  work: Float64Array,
  dKeys: number,
  dValues: number,
): void {
  const { rows: R, width: W, scale } = shape;
  const first = memory[look + 2 * W];
  const count = memory[look + 2 * W + 1];
  const weights = look + 2 * W + 2;
  for (let i = 0; i < count; i++) {
    const w = memory[weights + i];
    const row = turn(first + i, R) * W;
    let ds = 0;
    for (let j = 0; j < W; j++) ds += dLook[W + j] * (memory[values + row + j] - memory[look + W + j]);
    ds *= scale * w;
    for (let j = 0; j < W; j++) {
      dLook[j] += ds * memory[keys + row + j];
      work[dKeys + row + j] += ds * memory[look + j];
      work[dValues + row + j] += w * dLook[W + j];
    }
  }
}

/** A place of the ring, from one that may lie up to a turn too far. */
export function turn(index: number, rows: number): number {
  return index < rows ? index : index - rows;
}

function score({ rows: R, width: W, scale, slope }: Look, memory: Float64Array, keys: number, look: number): void {
  const first = memory[look + 2 * W];
  const count = memory[look + 2 * W + 1];
  const weights = look + 2 * W + 2;
  for (let i = 0; i < count; i++) {
    const key = keys + turn(first + i, R) * W;
    let s = 0;
    for (let j = 0; j < W; j++) s += memory[look + j] * memory[key + j];
    s = scale * s - slope * (count - 1 - i);
    // Not a number counts as the lowest.
    memory[weights + i] = s > SCORE_LIMIT ? SCORE_LIMIT : s > -SCORE_LIMIT ? s : -SCORE_LIMIT;
  }
}

function softmax(memory: Float64Array, at: number, count: number): void {
  let largest = -Infinity;
  for (let i = at; i < at + count; i++) if (memory[i] > largest) largest = memory[i];
  let sum = 0;
  for (let i = at; i < at + count; i++) {
    memory[i] = Math.exp(memory[i] - largest);
    sum += memory[i];
  }
  for (let i = at; i < at + count; i++) memory[i] /= sum;
}

/** y [rows] += W·x, W [rows, columns]. */
export function addProduct(
  memory: Float64Array,
  weights: number,
  rows: number,
  columns: number,
  x: number,
  y: number,
): void {
  for (let k = 0; k < rows; k++) {
    const w = weights + k * columns;
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += memory[w + j] * memory[x + j];
    memory[y + k] += sum;
  }
}

/** y [columns] += Wᵀ·x. */
export function addTransposed(
  memory: Float64Array,
  weights: number,
  rows: number,
  columns: number,
  x: number,
  y: number,
): void {
  for (let k = 0; k < rows; k++) {
    const w = weights + k * columns;
    for (let j = 0; j < columns; j++) memory[y + j] += memory[w + j] * memory[x + k];
  }
}

/** The derivative of y = W·x, given dy at dys[dy..]: gradient += dy·xᵀ in `work`, dx += Wᵀ·dy at dxs[dx..] unless −1. */
export function addProductBackward(
  memory: Float64Array,
  weights: number,
  rows: number,
  columns: number,
  x: number,
  dys: Float64Array,
  dy: number,
  work: Float64Array,
  gradient: number,
  dxs: Float64Array,
  dx: number,
): void {
  for (let k = 0; k < rows; k++) {
    const d = dys[dy + k];
    if (d === 0) continue;
    const g = gradient + k * columns;
    const w = weights + k * columns;
    for (let j = 0; j < columns; j++) work[g + j] += d * memory[x + j];
    if (dx >= 0) for (let j = 0; j < columns; j++) dxs[dx + j] += d * memory[w + j];
  }
}
