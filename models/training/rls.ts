/**
 * A linear readout that is the best there is after every sample: recursive least squares that forgets.
 *
 *   w = argmin Σ λ^age·(t − w·x)² + ρ|w|²
 *
 * found anew for each sample x, t in O(n²). P = (Σ λ^age·xxᵀ + ρI)⁻¹ is kept as its root S, P = SSᵀ:
 *
 *   f = Sᵀx   β = λ + f·f   e = t − w·x
 *   w ← w + Sf·e/β          S ← (S − Sf·fᵀ/(β + √(λβ)))/√λ
 *
 * What keeps it sound for ever:
 *
 *   a root      P is symmetric and never negative, whatever rounding does: β ≥ λ.
 *   a ridge     forgetting takes a little of ρI with every sample, and P would grow without end in each direction in
 *               which nothing comes in (a stuck sensor, two features that are the same). So each sample also puts back
 *               ρ(1 − λⁿ) in one coordinate, all in turn, as one more sample √(ρ(1 − λⁿ))·e_j with target 0. Hence
 *               P ≤ I/(ρλⁿ) in every direction, and w goes to 0 where nothing was heard for long.
 *   sense       a sample with a number that is not finite, or so large that its square might not be, is left out.
 *
 * Features and target should be about 1 in size, ρ is in units of x². λ = 1 forgets nothing and needs no ridge put back.
 *
 * Memory, n features:  w [n]  S [n, n]  coordinate whose turn it is [1].
 * Sources: Potter 1963 (the root); Gunnarsson 1996 (ridge and forgetting together).
 */
import { dot } from '../matching.ts';

export interface RlsOptions {
  /** λ, 0 < λ ≤ 1: a sample counts 1/e after 1/(1 − λ) more. */
  forgetting: number;
  /** ρ > 0. */
  ridge: number;
}

const SQUARE_MAX = 1e150;

export class Rls {
  readonly features: number;
  readonly options: Readonly<RlsOptions>;
  /** Numbers of memory a readout needs. */
  readonly size: number;
  /** √(ρ(1 − λⁿ)). */
  readonly #ridgeRow: number;
  /** f [n]; scratch, empty between calls. */
  readonly #f: Float64Array;

  /** @throws RangeError for options outside their range */
  constructor(features: number, options: RlsOptions) {
    const { forgetting, ridge } = options;
    if (!(forgetting > 0 && forgetting <= 1)) {
      throw new RangeError(`rls: expected 0 < forgetting <= 1, got ${forgetting}`);
    }
    if (!(ridge > 0 && ridge < Infinity)) throw new RangeError(`rls: expected ridge > 0, got ${ridge}`);
    this.features = features;
    this.options = options;
    this.size = features * (features + 1) + 1;
    let left = 1;
    for (let i = 0; i < features; i++) left *= forgetting;
    this.#ridgeRow = Math.sqrt(ridge * (1 - left));
    this.#f = new Float64Array(features);
  }

  /** w = 0, P = I/ρ. */
  initialise(memory: Float64Array, at: number): void {
    const n = this.features;
    memory.fill(0, at, at + this.size);
    const start = 1 / Math.sqrt(this.options.ridge);
    for (let i = 0; i < n; i++) memory[at + n + i * n + i] = start;
  }

  predict(memory: Float64Array, at: number, x: number): number {
    return dot(memory, at, x, this.features);
  }

  /** Takes in x and its target. Returns the error before, target − prediction. Allocates nothing. */
  learn(memory: Float64Array, at: number, x: number, target: number): number {
    const n = this.features;
    const f = this.#f;
    const S = at + n;
    const error = target - this.predict(memory, at, x);
    f.fill(0);
    for (let i = 0; i < n; i++) {
      const xi = memory[x + i];
      for (let j = 0; j < n; j++) f[j] += memory[S + i * n + j] * xi;
    }
    const square = this.#squareOfF();
    if (!(square < SQUARE_MAX && error * error < SQUARE_MAX)) return error;
    this.#update(memory, at, error, square, this.options.forgetting);
    if (this.#ridgeRow > 0) this.#putRidgeBack(memory, at);
    return error;
  }

  #putRidgeBack(memory: Float64Array, at: number): void {
    const n = this.features;
    const f = this.#f;
    const turn = at + this.size - 1;
    const j = memory[turn];
    const row = at + n + j * n;
    for (let k = 0; k < n; k++) f[k] = this.#ridgeRow * memory[row + k];
    this.#update(memory, at, -this.#ridgeRow * memory[at + j], this.#squareOfF(), 1);
    memory[turn] = (j + 1) % n;
  }

  #squareOfF(): number {
    const f = this.#f;
    let square = 0;
    for (let j = 0; j < this.features; j++) square += f[j] * f[j];
    return square;
  }

  /** One sample, known by f and its error. */
  #update(memory: Float64Array, at: number, error: number, square: number, lambda: number): void {
    const n = this.features;
    const f = this.#f;
    const beta = lambda + square;
    const shrink = 1 / (beta + Math.sqrt(lambda * beta));
    const grow = 1 / Math.sqrt(lambda);
    for (let i = 0; i < n; i++) {
      const row = at + n + i * n;
      let sf = 0;
      for (let j = 0; j < n; j++) sf += memory[row + j] * f[j];
      memory[at + i] += sf * (error / beta);
      for (let j = 0; j < n; j++) memory[row + j] = grow * (memory[row + j] - shrink * sf * f[j]);
    }
  }
}
