/**
 * The anchored copy: what was usual before there was any suspicion.
 *
 * A detector that always learns has learned a lasting fault after a while, and one that stops at every suspicion never
 * follows a plant that was rebuilt. So this copy learns late: a row waits until 200 more have passed without suspicion,
 * and all that wait are thrown away when it arises. Frames, covariance and the tails of their distances know only what has
 * passed. What is suspicious for long is the new normal: after `hold`, or twice the time that was ever learned where that
 * is less, suspicion ends, the past counts for no more than 100 rows, and what comes is taken in.
 *
 *   d²     distance of the row from the covariance (models/group/covariance.ts)
 *   level  the higher of −log10 p of the means of ln(1 + d²) over 8 rows and over 48: sudden or creeping
 *   suspicion: 4 or more over 48 rows
 *
 * Memory: frames; covariance; two slow tails; rows waiting, oldest first in a ring of rows of x [m], and the means at
 * that row [2]; ring's oldest, rows waiting, rows learned, time under suspicion, suspicious, times accepted.
 */
import { claimOf, createTail } from '../calibration.ts';
import { isSound } from '../sound.ts';
import { Covariance } from './covariance.ts';
import { framesEnter, framesForget, framesRead, framesSize } from '../frames.ts';
import { slowEnter, slowMean, slowScore, SLOW_TAIL_SIZE } from './slow-tail.ts';

const FAST_ROWS = 8;
const SLOW_ROWS = 48;
const SUSPICION = 4;
const MEMORY_ROWS = 5000;
const WAIT_ROWS = 200;
/** While little is known everything is news, and nothing suspicious. */
const YOUNG_ROWS = 200;
/** The first distances are 0, and beside those everything is far. */
const SAID_AFTER = 48;
const YOUNG_WAIT_ROWS = 5;
const AFTER_ACCEPT_ROWS = 100;
/** A past of an hour is no witness against a day. */
const LEARNED_TIMES = 2;
/** Time without suspicion takes back a quarter of itself. */
const RECOVERY = 0.25;
const GAP_CADENCES_MAX = 3;
const Z_SCORED = 32;
const Z_LEARNED = 8;
const COUNTERS = 6;

export class Anchor {
  readonly channels: number;
  readonly size: number;
  readonly covariance: Covariance;
  /** What the level of the row that was scored last claims (models/calibration.ts). */
  claim = 0;

  readonly #hold: number;
  readonly #rowSize: number;
  readonly #covariance: number;
  readonly #fast: number;
  readonly #slow: number;
  readonly #ring: number;
  readonly #counters: number;
  readonly #tail = createTail();
  readonly #z: Float64Array;

  /** @param hold  ms */
  constructor(channels: number, hold: number) {
    this.channels = channels;
    this.#hold = hold;
    this.#rowSize = channels + 2;
    this.covariance = new Covariance(channels);
    this.#covariance = framesSize(channels);
    this.#fast = this.#covariance + this.covariance.size;
    this.#slow = this.#fast + SLOW_TAIL_SIZE;
    this.#ring = this.#slow + SLOW_TAIL_SIZE;
    this.#counters = this.#ring + (WAIT_ROWS + 1) * this.#rowSize;
    this.size = this.#counters + COUNTERS;
    this.#z = new Float64Array(channels);
  }

  /**
   * Scores a row, then learns from what has waited. Returns the level.
   * @param x  the row, [channels]; @param gap  ms since the row before; @param cadence  ms
   */
  step(memory: Float64Array, at: number, x: Float64Array, gap: number, cadence: number): number {
    framesRead(memory, at, x, 0, this.channels, Z_SCORED, this.#z);
    const log = Math.log1p(this.covariance.distance(memory, at + this.#covariance, this.#z));
    const fast = slowMean(memory, at + this.#fast, log, FAST_ROWS);
    const slow = slowMean(memory, at + this.#slow, log, SLOW_ROWS);
    const fastScore = slowScore(memory, at + this.#fast, fast, this.#tail);
    this.claim = claimOf(fastScore, this.#tail);
    const slowly = slowScore(memory, at + this.#slow, slow, this.#tail);
    this.claim = Math.max(this.claim, claimOf(slowly, this.#tail));
    const learned = memory[at + this.#covariance];
    const isYoung = learned < YOUNG_ROWS;
    this.#suspect(memory, at, !isYoung && slowly >= SUSPICION, gap, cadence);
    this.#wait(memory, at, x, fast, slow);
    this.#learn(memory, at, isYoung ? YOUNG_WAIT_ROWS : WAIT_ROWS);
    if (learned >= SAID_AFTER) return Math.max(fastScore, slowly);
    this.claim = 0;
    return 0;
  }

  /** Whether what was learned can be computed with. A row that waits may have missing values. */
  isSound(memory: Float64Array, at: number): boolean {
    return isSound(memory, at, this.#ring);
  }

  isSuspicious(memory: Float64Array, at: number): boolean {
    return memory[at + this.#counters + 4] === 1;
  }

  /** How often a lasting change became the new normal. */
  acceptedOf(memory: Float64Array, at: number): number {
    return memory[at + this.#counters + 5];
  }

  /** The present is the new normal. */
  accept(memory: Float64Array, at: number): void {
    const c = at + this.#counters;
    memory[c + 3] = 0;
    memory[c + 4] = 0;
    memory[c + 5] += 1;
    framesForget(memory, at, this.channels, AFTER_ACCEPT_ROWS);
    const rows = at + this.#covariance;
    memory[rows] = Math.min(memory[rows], AFTER_ACCEPT_ROWS);
  }

  /** Writes how far each channel is from what the others say, in deviations, to r[0..]; 0 where a value is missing. */
  blame(memory: Float64Array, at: number, x: Float64Array, r: Float64Array): void {
    framesRead(memory, at, x, 0, this.channels, Z_SCORED, this.#z);
    this.covariance.residuals(memory, at + this.#covariance, this.#z, r);
  }

  #suspect(memory: Float64Array, at: number, suspicious: boolean, gap: number, cadence: number): void {
    const c = at + this.#counters;
    memory[c + 4] = suspicious ? 1 : 0;
    // Nobody watched while nothing came.
    const watched = Math.min(gap, GAP_CADENCES_MAX * cadence);
    const under = memory[c + 3] + (suspicious ? watched : -RECOVERY * watched);
    memory[c + 3] = Math.max(0, under);
    if (suspicious && under > Math.min(this.#hold, LEARNED_TIMES * memory[c + 2] * cadence)) this.accept(memory, at);
    if (suspicious) memory[c + 1] = -1; // none waits, nor does this row
  }

  #wait(memory: Float64Array, at: number, x: Float64Array, fast: number, slow: number): void {
    const c = at + this.#counters;
    const waiting = memory[c + 1];
    memory[c + 1] = waiting + 1;
    if (waiting < 0) return;
    const row = this.#rowAt(at, memory[c] + waiting);
    for (let j = 0; j < this.channels; j++) memory[row + j] = x[j];
    memory[row + this.channels] = fast;
    memory[row + this.channels + 1] = slow;
  }

  /** Takes in what has waited for more than `wait` rows. */
  #learn(memory: Float64Array, at: number, wait: number): void {
    const c = at + this.#counters;
    while (memory[c + 1] > wait) {
      const row = this.#rowAt(at, memory[c]);
      framesEnter(memory, at, memory, row, this.channels, MEMORY_ROWS);
      framesRead(memory, at, memory, row, this.channels, Z_LEARNED, this.#z);
      this.covariance.enter(memory, at + this.#covariance, this.#z, MEMORY_ROWS);
      // Distances from what was hardly known would be the tail for ever.
      const isKnown = memory[c + 2] >= YOUNG_ROWS;
      if (isKnown) this.#enter(memory, at + this.#fast, memory[row + this.channels]);
      if (isKnown) this.#enter(memory, at + this.#slow, memory[row + this.channels + 1]);
      memory[c] = (memory[c] + 1) % (WAIT_ROWS + 1);
      memory[c + 1] -= 1;
      memory[c + 2] += 1;
    }
  }

  #enter(memory: Float64Array, lane: number, mean: number): void {
    slowEnter(memory, lane, mean, slowScore(memory, lane, mean, this.#tail));
  }

  #rowAt(at: number, i: number): number {
    return at + this.#ring + (i % (WAIT_ROWS + 1)) * this.#rowSize;
  }
}
