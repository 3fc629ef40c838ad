/**
 * Attention instead of recurrence: one head over the last N inputs, kept as keys and values in a ring, so that a step
 * costs the same for ever.
 *
 *   q = W_q·x   k = W_k·x   v = W_v·x           all of width H; k and v go into the ring
 *   context = Σ w_i·v_i, w = softmax(q·k_i/√H − slope·age_i) over the last min(t, N) rows, its own among them
 *   h = tanh(W_c·context + W_x·x + b)
 *
 * Without the slope the order of the rows would not matter: attention alone cannot tell the newest from the oldest.
 * With slope = 4/N a row as old as the ring starts out with about e⁻⁴ of the weight of a new one.
 *
 * Backward, da = dh∘(1−h²): through the two maps into context and x, through the look into q and into all keys and
 * values it saw. Those wait in the gradient of the state; the step that wrote a row turns what has come in for it into
 * gradients of W_k and W_v. What comes in for a row written before the walk's last step is dropped with the walk.
 *
 * A walk may lag `rows` steps behind the state, and must still find all that its steps saw: the ring has N + rows rows.
 *
 * Memory, I inputs, H units, R = N + rows:
 *
 *   parameters  W_q [H, I]  W_k [H, I]  W_v [H, I]  W_c [H, H]  W_x [H, I]  b [H]
 *   state       h [H]  row of the ring to be written next  rows in sight, at most N  keys [R, H]  values [R, H]
 *   cache row   x [I]  look [..] with q and context  h [H]
 *
 * Sources: Vaswani et al. 2017; slope: Press, Smith & Lewis 2022.
 */
import { xavier } from '../initial.ts';
import type { Random } from '../random.ts';
import { addProduct, addProductBackward, attend, attendBackward, type Look, lookSize, turn } from './attend.ts';
import type { Cell, Tensor } from './cell.ts';

/** What the oldest row loses of its score. */
const OLDEST = 4;

export class WindowedAttention implements Cell {
  readonly name = 'attention';
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  readonly #look: Look;
  /** dq [H], dcontext [H], da [H]; scratch, empty between calls. */
  readonly #d: Float64Array;

  /**
   * @param history  N; @param rows  steps that may be walked back, see ringRows
   * @throws RangeError when either is less than 1
   */
  constructor(inputs: number, hidden: number, { history, rows }: { history: number; rows: number }) {
    if (!(history >= 1 && rows >= 1)) {
      throw new RangeError(`attention: expected history >= 1 and rows >= 1, got ${history} and ${rows}`);
    }
    this.inputs = inputs;
    this.hidden = hidden;
    this.#look = {
      history,
      rows: history + rows,
      width: hidden,
      scale: 1 / Math.sqrt(hidden),
      slope: OLDEST / history,
    };
    this.paramCount = hidden * (4 * inputs + hidden + 1);
    this.stateSize = hidden + 2 + 2 * this.#look.rows * hidden;
    this.cacheSize = inputs + lookSize(this.#look) + hidden;
    this.tensors = [
      { name: 'weight_q', shape: [hidden, inputs] },
      { name: 'weight_k', shape: [hidden, inputs] },
      { name: 'weight_v', shape: [hidden, inputs] },
      { name: 'weight_c', shape: [hidden, hidden] },
      { name: 'weight_x', shape: [hidden, inputs] },
      { name: 'bias', shape: [hidden] },
    ];
    this.#d = new Float64Array(3 * hidden);
  }

  /** All Xavier, W_c and W_x as the one map they are; b = 0. */
  initialise(memory: Float64Array, params: number, random: Random): void {
    const { inputs: I, hidden: H } = this;
    const wC = params + 3 * H * I;
    const b = params + this.paramCount - H;
    for (let map = 0; map < 3; map++) xavier(memory, params + map * H * I, H * I, I, H, random);
    xavier(memory, wC, H * (H + I), H + I, H, random);
    memory.fill(0, b, b + H);
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const { inputs: I, hidden: H } = this;
    const R = this.#look.rows;
    const wC = params + 3 * H * I;
    const wX = wC + H * H;
    const b = wX + H * I;
    const look = row + I;
    const context = look + H;
    const keys = state + H + 2;
    const values = keys + R * H;
    const slot = memory[state + H];
    const count = Math.min(memory[state + H + 1] + 1, this.#look.history);
    memory[state + H] = turn(slot + 1, R);
    memory[state + H + 1] = count;
    memory[look + 2 * H] = turn(slot + 1 - count + R, R);
    memory[look + 2 * H + 1] = count;

    this.#project(memory, params, row, look);
    this.#project(memory, params + H * I, row, keys + slot * H);
    this.#project(memory, params + 2 * H * I, row, values + slot * H);
    attend(this.#look, memory, keys, values, look);

    memory.copyWithin(state, b, b + H);
    addProduct(memory, wC, H, H, context, state);
    addProduct(memory, wX, H, I, row, state);
    for (let u = 0; u < H; u++) memory[state + u] = Math.tanh(memory[state + u]);
    memory.copyWithin(row + this.cacheSize - H, state, state + H);
  }

  backward(
    memory: Float64Array,
    params: number,
    state: number,
    row: number,
    work: Float64Array,
    gradient: number,
    dState: number,
    dInput: number,
  ): void {
    const { inputs: I, hidden: H } = this;
    const R = this.#look.rows;
    const toC = 3 * H * I;
    const toX = toC + H * H;
    const toB = toX + H * I;
    const look = row + I;
    const h = row + this.cacheSize - H;
    const keys = state + H + 2;
    const dKeys = dState + H + 2;
    const d = this.#d;

    d.fill(0);
    for (let u = 0; u < H; u++) {
      const da = work[dState + u] * (1 - memory[h + u] * memory[h + u]);
      d[2 * H + u] = da;
      work[gradient + toB + u] += da;
      work[dState + u] = 0;
    }
    addProductBackward(memory, params + toC, H, H, look + H, d, 2 * H, work, gradient + toC, d, H);
    addProductBackward(memory, params + toX, H, I, row, d, 2 * H, work, gradient + toX, work, dInput);
    attendBackward(this.#look, memory, keys, keys + R * H, look, d, work, dKeys, dKeys + R * H);
    addProductBackward(memory, params, H, I, row, d, 0, work, gradient, work, dInput);

    const slot = turn(memory[look + 2 * H] + memory[look + 2 * H + 1] - 1, R);
    for (let map = 1; map <= 2; map++) {
      const written = dKeys + ((map - 1) * R + slot) * H;
      const to = map * H * I;
      addProductBackward(memory, params + to, H, I, row, work, written, work, gradient + to, work, dInput);
      work.fill(0, written, written + H);
    }
  }

  /** y = W·x for one of the three maps. */
  #project(memory: Float64Array, weights: number, x: number, y: number): void {
    memory.fill(0, y, y + this.hidden);
    addProduct(memory, weights, this.hidden, this.inputs, x, y);
  }
}
