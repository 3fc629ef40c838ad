/**
 * The detector of one series: a sample in; how rare it is, how odd things are, and whether an event starts, out.
 *
 *   kind ▸ frame ▸ prediction error ▸ calibration ▸ alarm ▸ alert        score,
 *                        ▸ learn ▸ hygiene ▸ features ▸ cell step        then learn
 *
 * Scores, all −log10 p:
 *   surprise  |error| of this sample against its own past errors
 *   level     the mean |error| over season/12, which stays up while a fault lasts
 *   T         max(range + level, 0.9·surprise); an alert acts on the higher of T and the sensor's health (stuck, silent)
 *
 * `step` costs the same for the millionth sample as for the first and allocates nothing unless an alert is firing.
 * One object serves every series of its shape; the numbers of a series are the block at memory[at..at+size].
 */
import { clip } from './activation.ts';
import type { StateWatch } from './cells/cell.ts';
import { alarmStep, initialiseAlarm } from './alarm.ts';
import { alertFacts, type AlertRules, alertStep, isFiring, keepWorst, REASON } from './alert.ts';
import { type Batch, ROW } from './batch.ts';
import { createTail, enter, errorAt, readTail, scoreOf, SCORE_MAX } from './calibration.ts';
import { cadenceOf, overdueAfter } from './cadence.ts';
import { featuresStep, inputCount } from './features.ts';
import { frameStep, meanOf, scaleOf } from './frame.ts';
import { KIND, kindStep, lastRawOf, type KindReading } from './kind.ts';
import { laneStep, standingScore } from './lane.ts';
import { layoutOf, type DetectorLayout } from './layout.ts';
import { lastArrivalOf, lastTimeOf, orderStep } from './order.ts';
import { phaseOf, profileAt, profileStep } from './profile.ts';
import { createRandom } from './random.ts';
import { isConstant, rangeStep } from './range.ts';
import { isSound } from './sound.ts';
import { stuckStep } from './stuck.ts';
import { type CellName, createLearner } from './training/create-learner.ts';
import type { Learner } from './training/learner.ts';
import type { Training } from './training/tbptt.ts';

export interface DetectorOptions {
  cell: CellName;
  /** Units of the cell. */
  hidden: number;
  /** Past samples among the inputs. */
  lags: number;
  /** Length of the season, ms. */
  season: number;
  /** Alarms a day that a series like this one may raise. */
  budgetPerDay: number;
  training: Training;
}

export const DEFAULTS: DetectorOptions = {
  cell: 'lstm',
  hidden: 16,
  lags: 20,
  season: 24 * 3600_000,
  budgetPerDay: 1,
  training: {
    k1: 4,
    k2: 4,
    spread: false,
    optimizer: { name: 'rmsprop', rate: 1e-3, alpha: 0.99, epsilon: 1e-4 },
    clipNorm: 1,
  },
};

const HEAD = { outputs: 1, skip: true, bias: true };

/** Threshold of the `anomaly` column, untouched by the budget. */
export const BENCHMARK_THRESHOLD = 2.9;

/** However rarely a series reports, one new extreme alone (a score just above 3) wakes nobody. */
const THRESHOLD_MIN = 4;
const DAY_MS = 24 * 3600_000;
const BUCKETS_PER_SEASON = 288;
const LASTING_WINDOW = 24; // buckets: season/12
const QUIET_SEASONS = 25 / 24;
const HOLD_SEASONS = 1 / 48;
const MEMORY_SAMPLES = 4000;
const SURPRISE_WEIGHT = 0.9;
/** A single sample must be judged by a tail that a few large errors cannot bend. */
const SURPRISE_PRIOR = 20;
const RELEASE_SHARE = 0.75;
/** Nothing that had to be learned fires on fewer samples than this. */
const ALERT_SAMPLES_MIN = 200;
const ERROR_LIMIT = 4;
const FORECAST_LIMIT = 8;
/** Beyond it a square would overflow, and a series would be not a number for ever. */
const VALUE_LIMIT = 1e100;
const Z_LIMIT = 50;
const INPUT_LIMIT = 6;
const HYGIENE_SIGMAS = 4;
const HYGIENE_ROW_MAX = 2;
const HYGIENE_AFTER = 50;
const ERROR_MEMORY = 500;
const SOUND_EVERY = 64; // samples

export class Detector {
  readonly options: DetectorOptions;
  readonly layout: DetectorLayout;
  readonly fast: Learner;
  /** Numbers in a block. */
  readonly size: number;
  /** Blocks of the same shape mean the same, number for number. */
  readonly shape: string;

  readonly #bucketMs: number;
  readonly #quietMs: number;
  readonly #tail = createTail();
  readonly #laneTail = createTail();
  readonly #reading: KindReading = { value: 0, gap: 0, kind: 0, changed: false };
  readonly #rules: AlertRules;

  /** @param make  what to forecast with instead of the learner that `cell` names: for comparisons */
  constructor(options: DetectorOptions, make: typeof createLearner = createLearner) {
    this.options = options;
    const { cell, hidden, lags, training } = options;
    this.fast = make(cell, inputCount(lags), hidden, HEAD, training);
    const forecaster = make === createLearner ? cell : `${this.fast.cell.name}/${this.fast.size}`;
    this.shape = [forecaster, hidden, lags, training.k1, training.k2, training.spread, training.optimizer.name].join(
      ' ',
    );
    this.layout = layoutOf(options.lags, this.fast.size);
    this.size = this.layout.size;
    this.#bucketMs = options.season / BUCKETS_PER_SEASON;
    this.#quietMs = options.season * QUIET_SEASONS;
    this.#rules = { release: 0, hold: options.season * HOLD_SEASONS };
  }

  /** Makes the block at memory[at..] that of a series nothing is known of. */
  initialise(memory: Float64Array, at: number, seed: number): void {
    memory.fill(0, at, at + this.size);
    initialiseAlarm(memory, at + this.layout.benchmark);
    initialiseAlarm(memory, at + this.layout.alarm);
    this.#forget(memory, at, seed);
  }

  /** Fills time, gap, cadence and drop of the row. */
  order(memory: Float64Array, at: number, batch: Batch, row: number): void {
    orderStep(memory, at + this.layout.order, at + this.layout.cadence, batch, row);
  }

  /**
   * T at which an alert fires: were T exactly −log10 p, a series with this cadence would exceed it by chance as often as
   * the budget says. It is rarer than that, because single samples enter T at 0.9 of their surprise.
   */
  threshold(cadence: number): number {
    const samplesPerDay = DAY_MS / (cadence > 0 ? cadence : 1000);
    return Math.max(THRESHOLD_MIN, Math.log10(samplesPerDay / this.options.budgetPerDay));
  }

  /**
   * Scores the row, then learns from it. The row has been through `order` and was kept.
   * @param localOffset what to add to the time to get local time, ms
   */
  step(memory: Float64Array, at: number, batch: Batch, row: number, localOffset: number): void {
    if ((batch.flags[row] & ROW.overdue) !== 0) {
      this.#silence(memory, at, batch, row);
      return;
    }
    const L = this.layout;
    const time = batch.time[row];
    const gap = batch.gap[row];
    const cadence = batch.cadence[row];
    const raw = clip(batch.value[row], VALUE_LIMIT);
    const rawBefore = lastRawOf(memory, at + L.kind);
    const reading = this.#reading;
    kindStep(memory, at + L.kind, raw, gap, (batch.flags[row] & ROW.onOff) !== 0, reading);
    if (reading.changed) this.#forget(memory, at, memory[at + L.samples]);
    if (!this.#isSound(memory, at)) {
      this.#forget(memory, at, memory[at + L.samples]);
      batch.flags[row] |= ROW.forgotten;
    }
    const counter = reading.kind === KIND.counter;
    const x = reading.value;
    if (Number.isNaN(x)) {
      this.#nothing(memory, at, batch, row);
      return;
    }

    if (isConstant(memory, at + L.range, x)) {
      this.#still(memory, at, batch, row, x);
      return;
    }

    const frame = at + L.frame;
    const n = memory[frame];
    const m = meanOf(memory, frame);
    const s = scaleOf(memory, frame);
    const z = n > 0 ? clip((x - m) / s, Z_LIMIT) : 0;
    const forecast = memory[at + L.forecast];
    const error = n > 0 ? z - forecast : 0;
    const a = Math.abs(error);
    const threshold = this.threshold(cadence);
    const samplesBack = MEMORY_SAMPLES * Math.max(1, this.#bucketMs / (cadence > 0 ? cadence : this.#bucketMs));

    const tail = this.#tail;
    readTail(memory, at + L.surprise, SURPRISE_PRIOR, tail);
    const surprise = scoreOf(memory, at + L.surprise, a, tail);
    const halfBand = errorAt(threshold / SURPRISE_WEIGHT, tail) * s;
    const level = laneStep(memory, at + L.lasting, a, time, this.#bucketMs, cadence, LASTING_WINDOW, this.#laneTail);
    const range = reading.kind === KIND.onOff ? 0 : rangeStep(memory, at + L.range, x);
    const stuck = counter ? 0 : stuckStep(memory, at + L.stuck, raw);
    const oddity = Math.max(range + level, SURPRISE_WEIGHT * surprise);
    const score = Math.max(oddity, stuck);

    // A counter is judged by its rate and drawn as its total.
    const origin = counter ? rawBefore : 0;
    const unit = counter ? reading.gap / 1000 : 1;
    batch.expected[row] = tail.known ? origin + unit * (m + s * forecast) : Number.NaN;
    batch.lower[row] = batch.expected[row] - unit * halfBand;
    batch.upper[row] = batch.expected[row] + unit * halfBand;
    batch.surprise[row] = surprise;
    batch.level[row] = level;
    batch.score[row] = score;

    let reason: number = REASON.predictionError;
    if (stuck > oddity) reason = REASON.stuck;
    else if (range + level >= oddity) reason = range > level ? REASON.newExtreme : REASON.lastingError;
    const opens = alarmStep(memory, at + L.benchmark, time, oddity, BENCHMARK_THRESHOLD, this.#quietMs);
    batch.anomaly[row] = opens ? oddity : 0;
    this.#decide(memory, at, batch, row, score, threshold, reason, n >= ALERT_SAMPLES_MIN);

    enter(memory, at + L.surprise, a, surprise, samplesBack);
    const xClean = this.#hygiene(memory, at, x, m, s, n, error);
    if (n > 0) {
      memory[this.fast.lossGradient(memory, at + L.fast)] = -clip(error, ERROR_LIMIT);
      this.fast.learn(memory, at + L.fast);
    }
    frameStep(memory, frame, xClean, samplesBack);
    this.#forecastNext(memory, at, xClean, time + localOffset, gap, cadence);
  }

  /**
   * How long the series has been silent at `now`, ms; 0 while that is usual for it.
   * @param since nobody listened before, epoch ms
   */
  silence(memory: Float64Array, at: number, now: number, since: number): number {
    const silent = now - Math.max(lastArrivalOf(memory, at + this.layout.order), since);
    return silent >= overdueAfter(memory, at + this.layout.cadence) ? silent : 0;
  }

  /** How far the memory of the cell has gone; undefined for a cell without one. */
  watch(memory: Float64Array, at: number): StateWatch | undefined {
    const { state, row } = this.fast.newest(memory, at + this.layout.fast);
    return this.fast.cell.watch?.(memory, state, row);
  }

  /** The series' own time now: its clock may be off, and stays as far off as at its last sample. */
  ownTime(memory: Float64Array, at: number, now: number): number {
    const order = at + this.layout.order;
    return lastTimeOf(memory, order) + now - lastArrivalOf(memory, order);
  }

  #forecastNext(memory: Float64Array, at: number, x: number, local: number, gap: number, cadence: number): void {
    const L = this.layout;
    const { season, lags } = this.options;
    const frame = at + L.frame;
    const z = clip((x - meanOf(memory, frame)) / scaleOf(memory, frame), Z_LIMIT);
    profileStep(memory, at + L.profile, phaseOf(local, season), z);
    const phase = phaseOf(local + cadence, season);
    const usual = profileAt(memory, at + L.profile, phase);
    const logGap = gap > 0 && cadence > 0 ? Math.log(gap / cadence) : 0;
    const to = this.fast.nextInput(memory, at + L.fast);
    featuresStep(memory, at + L.features, lags, z, phase, usual, logGap, to);
    const change = memory[this.fast.forward(memory, at + L.fast)];
    memory[at + L.forecast] = clip(clip(z, INPUT_LIMIT) + change, FORECAST_LIMIT);
  }

  /**
   * What the network and the frame get to see: the value, or for at most two samples in a row the forecast ± 4σ. Fed
   * back, a spike would spoil the forecasts after it, and one reading of 65535 the scale of days; kept out for longer, a
   * new level would never be learned.
   */
  #hygiene(memory: Float64Array, at: number, x: number, m: number, s: number, n: number, error: number): number {
    const L = this.layout;
    const square = memory[at + L.errorSquare];
    const limit = HYGIENE_SIGMAS * Math.sqrt(square);
    const outlier = n > HYGIENE_AFTER && Math.abs(error) > limit;
    const kept = outlier ? limit * limit : error * error;
    memory[at + L.errorSquare] = square + (kept - square) / Math.min(n + 1, ERROR_MEMORY);
    if (!outlier || memory[at + L.clipped] >= HYGIENE_ROW_MAX) {
      if (!outlier) memory[at + L.clipped] = 0;
      return x;
    }
    memory[at + L.clipped] += 1;
    return m + s * (memory[at + L.forecast] + clip(error, limit));
  }

  /** The alarm column and the life of the alert. */
  #decide(
    memory: Float64Array,
    at: number,
    batch: Batch,
    row: number,
    score: number,
    threshold: number,
    reason: number,
    mayFire: boolean,
  ): void {
    const L = this.layout;
    const time = batch.time[row];
    if (reason !== REASON.silence) memory[at + L.samples] += 1;
    const fires = mayFire && alarmStep(memory, at + L.alarm, time, score, threshold, this.#quietMs);
    this.#rules.release = RELEASE_SHARE * threshold;
    const alert = at + L.alert;
    const event = alertStep(memory, alert, time, memory[at + L.samples], score, reason, fires, this.#rules);
    // Not for every row of a calm series: only an alert that has something to tell makes an object.
    if (event === undefined && !isFiring(memory, alert)) return;
    const now = {
      value: batch.value[row],
      expected: batch.expected[row],
      lower: batch.lower[row],
      upper: batch.upper[row],
    };
    keepWorst(memory, alert, score, now);
    if (event === undefined) return;
    if (event === 'open') batch.alarm[row] = 1;
    const facts = alertFacts(memory, alert);
    batch.changes.push({ row, series: batch.series[row], event, time, score, threshold, ...facts, now });
  }

  /** A row of the clock: the series is overdue. T grows with the silence and stands at θ when it becomes overdue. */
  #silence(memory: Float64Array, at: number, batch: Batch, row: number): void {
    const cadence = at + this.layout.cadence;
    const threshold = this.threshold(cadenceOf(memory, cadence));
    const score = Math.min(SCORE_MAX, threshold * (batch.gap[row] / overdueAfter(memory, cadence)));
    this.#unknown(batch, row);
    batch.score[row] = score;
    this.#decide(memory, at, batch, row, score, threshold, REASON.silence, true);
  }

  /**
   * A series that has only ever had this value: it is expected exactly, and there is nothing to learn but that. The
   * first other value is a new extreme.
   */
  #still(memory: Float64Array, at: number, batch: Batch, row: number, x: number): void {
    const L = this.layout;
    rangeStep(memory, at + L.range, x);
    frameStep(memory, at + L.frame, x, MEMORY_SAMPLES);
    batch.expected[row] = x;
    batch.lower[row] = x;
    batch.upper[row] = x;
    this.#decide(memory, at, batch, row, 0, this.threshold(batch.cadence[row]), REASON.predictionError, false);
  }

  /** A missing value: nothing to score, nothing to learn; the level stands. */
  #nothing(memory: Float64Array, at: number, batch: Batch, row: number): void {
    this.#unknown(batch, row);
    batch.level[row] = standingScore(memory, at + this.layout.lasting);
  }

  #unknown(batch: Batch, row: number): void {
    batch.expected[row] = Number.NaN;
    batch.lower[row] = Number.NaN;
    batch.upper[row] = Number.NaN;
  }

  /**
   * Whether what was learned can be computed with. Weights that are not numbers show in the forecast at once; a gate
   * that an infinite weight holds shut does not, so all of it is looked at now and then.
   */
  #isSound(memory: Float64Array, at: number): boolean {
    const { forecast, samples, learned } = this.layout;
    if (!Number.isFinite(memory[at + forecast])) return false;
    return memory[at + samples] % SOUND_EVERY !== 0 || isSound(memory, at + learned, this.size - learned);
  }

  #forget(memory: Float64Array, at: number, seed: number): void {
    memory.fill(0, at + this.layout.learned, at + this.size);
    this.fast.initialise(memory, at + this.layout.fast, createRandom(seed));
  }
}
