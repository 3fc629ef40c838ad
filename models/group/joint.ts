/**
 * The joint forecast: one LSTM for all channels of a group, and how far the next row is from what it said.
 *
 *   inputs    z and Δz of every channel, and of every context channel
 *   output    z of the next row, of the channels that are watched (base 0, linear path)
 *   uⱼ        |error|/σⱼ, σⱼ the running deviation of the error, 0.02 at least
 *   u(k)      the largest, second and third of them:   error of the row = Σ ln(1 + u(k)²)
 *
 * Three channels, not the mean over all: a fault shows in a few, and forty others must not hide it. Gradients are counted
 * in σⱼ too, so that every channel teaches alike; one of a missing value is 0, and what is missing is taken as it was.
 *
 * What explains a row may come between it and the one before. So a forecast waits for the context until its row is there.
 *
 * Memory: learner; forecast [m]; running square of the errors [m]; last z [m + c]; rows; where there is context, where the
 * inputs are that wait for it, 0 = none do.
 */
import { clip } from '../activation.ts';
import type { Random } from '../random.ts';
import { type CellName, createLearner } from '../training/create-learner.ts';
import type { Learner } from '../training/learner.ts';
import type { Training } from '../training/tbptt.ts';

const HEAD_GAIN = 0.03;
const MEMORY_ROWS = 5000;
const WINSOR_SIGMAS = 5;
const WINSOR_AFTER = 50;
const SCORED_AFTER = 20;
const DEVIATION_MIN = 0.02;
/** Of the scale that gradients are counted in: what is forecast well must not learn from its own rounding. */
const SCALE_MIN = 0.05;
const GRADIENT_MAX = 3;
const Z_INPUT = 6;
const WORST = 3;

export class Joint {
  readonly channels: number;
  readonly size: number;
  readonly learner: Learner;
  /** uⱼ of the row that was scored last. */
  readonly u: Float64Array;

  readonly #inputs: number;
  readonly #forecast: number;
  readonly #squares: number;
  readonly #last: number;
  readonly #rows: number;
  readonly #waiting: number;
  readonly #worst = new Float64Array(WORST);

  /** @param context  channels that are inputs and are not watched; @param make  another forecaster, for comparisons */
  constructor(
    channels: number,
    context: number,
    cell: CellName,
    hidden: number,
    training: Training,
    make: typeof createLearner = createLearner,
  ) {
    this.channels = channels;
    this.#inputs = channels + context;
    const head = { outputs: channels, skip: true, bias: true, gain: HEAD_GAIN };
    this.learner = make(cell, 2 * this.#inputs, hidden, head, training);
    this.u = new Float64Array(channels);
    this.#forecast = this.learner.size;
    this.#squares = this.#forecast + channels;
    this.#last = this.#squares + channels;
    this.#rows = this.#last + this.#inputs;
    this.#waiting = this.#rows + 1;
    this.size = this.#waiting + (context > 0 ? 1 : 0);
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    memory.fill(0, at, at + this.size);
    this.learner.initialise(memory, at, random);
  }

  /** Whether what was learned can be computed with. */
  isSound(memory: Float64Array, at: number): boolean {
    for (let j = 0; j < this.channels; j++) if (!Number.isFinite(memory[at + this.#forecast + j])) return false;
    return true;
  }

  /** Whether there is an error to speak of: not before 20 have shown how large it is, nor of a row of nothing. */
  knows(memory: Float64Array, at: number, z: Float64Array): boolean {
    if (memory[at + this.#rows] <= SCORED_AFTER) return false;
    for (let j = 0; j < this.channels; j++) if (!Number.isNaN(z[j])) return true;
    return false;
  }

  /**
   * The error of a row against its forecast, 0 where there is none; learns from it.
   * @param z  in the frames before the row; NaN = missing
   */
  score(memory: Float64Array, at: number, z: Float64Array): number {
    const n = memory[at + this.#rows];
    memory[at + this.#rows] = n + 1;
    this.u.fill(0);
    if (n === 0) return 0;
    const gradient = this.learner.lossGradient(memory, at);
    this.#worst.fill(0);
    for (let j = 0; j < this.channels; j++) {
      memory[gradient + j] = Number.isNaN(z[j]) ? 0 : this.#scoreChannel(memory, at, j, z[j], n);
    }
    this.learner.learn(memory, at);
    let sum = 0;
    for (let k = 0; k < WORST; k++) sum += Math.log1p(this.#worst[k] * this.#worst[k]);
    return sum;
  }

  /** Forecasts the next row, with its context to come. @param z  in the frames after the row; NaN = missing */
  forecast(memory: Float64Array, at: number, z: Float64Array): void {
    const to = this.learner.nextInput(memory, at);
    this.#input(memory, at, z, 0, this.channels, to);
    if (this.#inputs > this.channels) memory[at + this.#waiting] = to - at;
    else this.#forward(memory, at);
  }

  /** The context of a row that is there: the forecast that waited for it is made. @param z  of the row, context last */
  explain(memory: Float64Array, at: number, z: Float64Array): void {
    if (this.#inputs === this.channels) return;
    const to = memory[at + this.#waiting];
    memory[at + this.#waiting] = 0;
    if (to === 0) return;
    this.#input(memory, at, z, this.channels, this.#inputs, at + to);
    this.#forward(memory, at);
  }

  /** z that is expected of a channel, and the deviation of its errors. */
  forecastOf(memory: Float64Array, at: number, channel: number): number {
    return memory[at + this.#forecast + channel];
  }
  deviationOf(memory: Float64Array, at: number, channel: number): number {
    return Math.sqrt(memory[at + this.#squares + channel]);
  }

  /** Writes z and Δz of the channels from..until to the inputs at `to`. */
  #input(memory: Float64Array, at: number, z: Float64Array, from: number, until: number, to: number): void {
    const last = at + this.#last;
    for (let j = from; j < until; j++) {
      const now = Number.isNaN(z[j]) ? memory[last + j] : clip(z[j], Z_INPUT);
      memory[to + j] = now;
      memory[to + this.#inputs + j] = memory[at + this.#rows] > 1 ? now - memory[last + j] : 0;
      memory[last + j] = now;
    }
  }

  #forward(memory: Float64Array, at: number): void {
    const y = this.learner.forward(memory, at);
    for (let j = 0; j < this.channels; j++) memory[at + this.#forecast + j] = memory[y + j];
  }

  /** Takes in the error of a channel and returns ∂loss/∂y. */
  #scoreChannel(memory: Float64Array, at: number, j: number, z: number, n: number): number {
    const error = z - memory[at + this.#forecast + j];
    const square = memory[at + this.#squares + j];
    if (n > SCORED_AFTER) this.#rank(j, Math.abs(error) / Math.max(Math.sqrt(square), DEVIATION_MIN));
    const most = n > WINSOR_AFTER ? WINSOR_SIGMAS * WINSOR_SIGMAS * square + 1e-9 : Infinity;
    const kept = square + (Math.min(error * error, most) - square) / Math.min(n, MEMORY_ROWS);
    memory[at + this.#squares + j] = kept;
    const scale = Math.min(1, Math.max(Math.sqrt(kept), SCALE_MIN));
    return -clip(error / scale, GRADIENT_MAX) / Math.sqrt(this.channels);
  }

  #rank(j: number, u: number): void {
    this.u[j] = u;
    const worst = this.#worst;
    for (let k = 0, next = u; k < WORST; k++) {
      if (next <= worst[k]) continue;
      const pushed = worst[k];
      worst[k] = next;
      next = pushed;
    }
  }
}
