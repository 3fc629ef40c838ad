/**
 * What the series of a season ago would have said of now: an expectation that the last hours cannot have talked into
 * anything, and the error against it, averaged over hours.
 *
 *   ring   (local time, z, what is usual at this phase) of the last season     one bucket of season/288 each
 *   now    what stands in the ring since a season ▸ features ▸ LSTM step ▸ y = usual + change
 *          error = z − y ▸ learn ▸ lane
 *
 * The network is the delayed twin of a forecaster a season ahead: it steps over the inputs of a season ago under the
 * weights of today, so its truth is known at once and it trains as if it forecast the next sample. It learns slowly
 * (rate 1e-4), so that a day of fault is not what tomorrow is measured by. There is no live state beside it, since
 * nobody reads the forecast a day early.
 *
 * Time is local, so that a season of 24 hours compares ten o'clock with ten o'clock when the clocks change: the hour that
 * comes twice is compared once, the one that is left out not at all.
 *
 * Costs one small network step for each bucket, whatever the rate of samples. A gap in the ring is a bucket without a
 * forecast, and then nothing is scored or learned.
 *
 * Memory: bucket being filled, entries in the ring, place of the next, mean error of the last season/48, ring, profile,
 * features, lane, learner without what it learned: that lies elsewhere in the same memory, at `weights`.
 */
import { clip } from './activation.ts';
import { BUCKETS_SIZE, bucketTime, gather, isGathered, strideOf } from './buckets.ts';
import type { Tail } from './calibration.ts';
import { Lstm } from './cells/lstm.ts';
import { featuresShift, featuresSize, featuresStep, inputCount } from './features.ts';
import { adoptLane, calmLane, LANE_SIZE, laneEnter, laneTailStart, meanErrorOf, standingScore } from './lane.ts';
import { phaseOf, PROFILE_SIZE, profileAt, profileForget, profileShift, profileStep } from './profile.ts';
import type { Random } from './random.ts';
import { type Learner, learnedSize, layRegions } from './training/learner.ts';
import { Sharing } from './training/sharing.ts';
import { Tbptt } from './training/tbptt.ts';

const HIDDEN = 16;
const HEAD = { outputs: 1, skip: true, bias: true, gain: 0.03 };
const TRAINING = {
  k1: 4,
  k2: 4,
  spread: false,
  optimizer: { name: 'rmsprop', rate: 1e-4, alpha: 0.99, epsilon: 1e-4 },
  clipNorm: 1,
} as const;
/** Buckets of a season, 432 of the narrowest, and some to spare for those that come early. */
const RING = 450;
const ENTRY = 3;
/** The error is averaged over this share of the season. */
const WINDOW_SEASONS = 1 / 9;
/** What is accepted as a new level is the mean error of this share. */
const LEVEL_SEASONS = 1 / 48;
const ERROR_LIMIT = 4;
const FORECAST_LIMIT = 8;
const Z_LIMIT = 50;

const COUNT = BUCKETS_SIZE;
const NEXT = COUNT + 1;
const LATELY = NEXT + 1;

export class Ahead {
  readonly size: number;
  /** Numbers of what is learned: weights and moments, and what belongs to sharing them. */
  readonly weightsSize: number;
  /** Without the last. */
  readonly learnedSize: number;
  readonly #season: number;
  readonly #bucketMs: number;
  readonly #learner: Learner;
  readonly #ring: number;
  readonly #profile: number;
  readonly #features: number;
  readonly #lane: number;
  /** Of the learner, whose own part begins `weightsSize` numbers later. */
  readonly #network: number;

  /** @param season  ms; @param bucketMs  width of a bucket; @param shared  weights */
  constructor(season: number, bucketMs: number, shared = false) {
    const learner = new Tbptt(new Lstm(inputCount(0), HIDDEN), HEAD, TRAINING);
    this.#learner = shared ? new Sharing(learner) : learner;
    this.#season = season;
    this.#bucketMs = bucketMs;
    this.weightsSize = learnedSize(this.#learner);
    this.learnedSize = learnedSize(learner);
    const { regions, size } = layRegions({
      counters: LATELY + 1,
      ring: RING * ENTRY,
      profile: PROFILE_SIZE,
      features: featuresSize(0),
      lane: LANE_SIZE,
      learner: this.#learner.size - this.weightsSize,
    });
    this.size = size;
    const [, ring, profile, features, lane, own] = regions.map(({ at }) => at);
    this.#ring = ring;
    this.#profile = profile;
    this.#features = features;
    this.#lane = lane;
    this.#network = own - this.weightsSize;
  }

  initialise(memory: Float64Array, at: number): void {
    memory.fill(0, at, at + this.size);
    this.#learner.initialiseOwn(memory, at + this.#network);
  }

  initialiseWeights(memory: Float64Array, weights: number, random: Random): void {
    this.#learner.initialiseLearned(memory, weights, random);
  }

  /** Takes over what errors are usual of a sibling. */
  adopt(memory: Float64Array, at: number, sibling: Float64Array, from: number): void {
    adoptLane(memory, at + this.#lane, sibling, from + this.#lane);
  }

  /** What is usual at this phase of the season, in units of the frame. */
  usualAt(memory: Float64Array, at: number, phase: number): number {
    return profileAt(memory, at + this.#profile, phase);
  }

  /** Mean error against a season ago, in units of the frame: above 0 where the series is higher than it was. */
  lean(memory: Float64Array, at: number): number {
    return meanErrorOf(memory, at + this.#lane);
  }

  /** The mean error beyond which only a few in a hundred lie. */
  tailStart(memory: Float64Array, at: number, tail: Tail): number {
    return laneTailStart(memory, at + this.#lane, tail);
  }

  /**
   * Sees the past as if it had been at the present level; its shape, and the weights, stay.
   * @param ago  since when the level is another one, ms
   */
  accept(memory: Float64Array, at: number, ago: number, cadence: number): void {
    const stride = strideOf(cadence, this.#bucketMs);
    const window = windowOf(LEVEL_SEASONS * this.#season, stride);
    // Before that there was no error to speak of: the mean is still on its way.
    const reached = 1 - Math.exp(Math.max(1, ago / stride) * Math.log1p(-1 / Math.max(window, 1 + 1e-9)));
    const by = clip(memory[at + LATELY] / reached, Z_LIMIT);
    this.#relevel(memory, at, by, ago);
    featuresShift(memory, at + this.#features, 0, by);
    memory[at + LATELY] = 0;
    calmLane(memory, at + this.#lane);
  }

  /**
   * Takes in z at a time and returns the score that stands. Allocates nothing.
   * @param localOffset what to add to the time to get local time, ms
   */
  step(
    memory: Float64Array,
    at: number,
    weights: number,
    z: number,
    time: number,
    localOffset: number,
    cadence: number,
    tail: Tail,
  ): number {
    let value = z;
    let when = time;
    if (isGathered(cadence, this.#bucketMs)) {
      const before = bucketTime(memory, at, this.#bucketMs);
      value = gather(memory, at, z, time, this.#bucketMs);
      if (Number.isNaN(value)) return standingScore(memory, at + this.#lane);
      when = before;
    }
    const stride = strideOf(cadence, this.#bucketMs);
    const local = when + localOffset;
    const expected = this.#expect(memory, at, weights, local, stride);
    const score = Number.isNaN(expected)
      ? standingScore(memory, at + this.#lane)
      : this.#judge(memory, at, weights, value - expected, stride, tail);
    this.#remember(memory, at, value, local);
    return score;
  }

  /** Steps the network over all that has stood in the ring for a season. NaN where none of it was about now. */
  #expect(memory: Float64Array, at: number, weights: number, local: number, stride: number): number {
    let expected = Number.NaN;
    const network = at + this.#network;
    while (memory[at + COUNT] > 0) {
      const entry = this.#entryAt(memory, at, memory[at + COUNT]);
      const about = memory[entry] + this.#season;
      if (about > local + 0.5 * stride) break;
      const usual = memory[entry + 2];
      const phase = phaseOf(memory[entry], this.#season);
      const to = this.#learner.nextInput(memory, network);
      featuresStep(memory, at + this.#features, 0, memory[entry + 1], phase, usual, 0, to);
      const change = memory[this.#learner.forward(memory, network, weights)];
      expected = local - about < 1.5 * stride ? clip(usual + change, FORECAST_LIMIT) : Number.NaN;
      memory[at + COUNT] -= 1;
    }
    return expected;
  }

  #judge(memory: Float64Array, at: number, weights: number, difference: number, stride: number, tail: Tail): number {
    const network = at + this.#network;
    const error = clip(difference, Z_LIMIT);
    memory[this.#learner.lossGradient(memory, network)] = -clip(error, ERROR_LIMIT);
    this.#learner.learn(memory, network, weights);
    memory[at + LATELY] += (error - memory[at + LATELY]) / windowOf(LEVEL_SEASONS * this.#season, stride);
    return laneEnter(memory, at + this.#lane, error, (WINDOW_SEASONS * this.#season) / stride, tail);
  }

  #remember(memory: Float64Array, at: number, z: number, local: number): void {
    const profile = at + this.#profile;
    const phase = phaseOf(local, this.#season);
    profileStep(memory, profile, phase, z);
    const entry = this.#entryAt(memory, at, 0);
    memory[entry] = local;
    memory[entry + 1] = z;
    memory[entry + 2] = profileAt(memory, profile, phase);
    memory[at + NEXT] = (memory[at + NEXT] + 1) % RING;
    memory[at + COUNT] = Math.min(RING, memory[at + COUNT] + 1);
  }

  /** Raises what is older than `ago`; what came since says itself what is usual at its phases. */
  #relevel(memory: Float64Array, at: number, by: number, ago: number): void {
    const profile = at + this.#profile;
    profileShift(memory, profile, by);
    const since = memory[this.#entryAt(memory, at, 1)] - ago;
    let newer = 0;
    for (let back = memory[at + COUNT]; back > 0; back--) {
      const entry = this.#entryAt(memory, at, back);
      if (memory[entry] > since) {
        newer = Math.max(newer, back);
        profileForget(memory, profile, phaseOf(memory[entry], this.#season));
      } else {
        memory[entry + 1] += by;
        memory[entry + 2] += by;
      }
    }
    for (let back = newer; back > 0; back--) {
      const entry = this.#entryAt(memory, at, back);
      const phase = phaseOf(memory[entry], this.#season);
      profileStep(memory, profile, phase, memory[entry + 1]);
      memory[entry + 2] = profileAt(memory, profile, phase);
    }
  }

  /** Where an entry of the ring lies; 1 back: the newest, 0: the next. */
  #entryAt(memory: Float64Array, at: number, back: number): number {
    return at + this.#ring + ENTRY * ((memory[at + NEXT] - back + RING) % RING);
  }
}

/** Buckets in a stretch of time, at least one. */
function windowOf(ms: number, stride: number): number {
  return Math.max(1, Math.round(ms / stride));
}
