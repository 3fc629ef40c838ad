/**
 * The detector of one series: a sample in; how rare it is, how odd things are, and whether an event starts, out.
 *
 *   kind ▸ frame ▸ prediction error ▸ calibration ▸ alarm ▸ alert        score,
 *                        ▸ learn ▸ hygiene ▸ features ▸ cell step        then learn
 *
 * Five channels, each −log10 p against its own past:
 *   rare      |error| of this sample against the forecast of the next
 *   lasting   mean |error| of that forecast over season/12
 *   ahead     mean error against what a season ago would have said, over season/9
 *   range     how far beyond everything seen before
 *   unlike    mean difference from its siblings over season/12, where it has some
 *
 * and what is made of them:
 *   surprise  rare, corrected so that one sample in 10ᵏ reaches k
 *   events    range + lasting + ahead + unlike; `anomaly` is this, where an event starts
 *   T         max(events, g·sudden): `sudden` is rare or the last errors together (models/sudden.ts), g makes them
 *             comparable (models/budget.ts). An alert acts on the highest of T, the sensor's health (stuck, silent)
 *             and what needs no learning (models/inspection.ts)
 *   level     the higher of events and 0.5·rare, falling slowly (e-fold in season/60): it stays up while a fault lasts
 *
 * Rules of a person (models/rules.ts) say which of it opens an alert, and change no score.
 *
 * `step` costs the same for the millionth sample as for the first and allocates nothing unless an alert is firing.
 * One object serves every series of its shape; the numbers of a series are the block at memory[at..at+size]. Where series
 * share what they learn, its weights and moments lie elsewhere in the same memory (models/pool.ts) and are learned by all
 * of them; whatever says where a series stands, and how unusual what is, stays its own.
 */
import { clip } from './activation.ts';
import { Ahead } from './ahead.ts';
import type { StateWatch } from './cells/cell.ts';
import { alarmStep, calmAlarm, initialiseAlarm } from './alarm.ts';
import { accept, firingFor, isAccepted, isFiring, openedAt, peakOf, REASON, reasonOf } from './alert.ts';
import { type Batch, expectNothing, ROW } from './batch.ts';
import {
  BUDGET_SIZE,
  budgetGain,
  budgetRate,
  budgetStep,
  budgetThreshold,
  chanceGain,
  initialiseBudget,
  refindThreshold,
} from './budget.ts';
import {
  believed,
  CLAIM_MAX,
  claimOf,
  createTail,
  enter,
  errorAt,
  readTail,
  scoreOf,
  SCORE_MAX,
  adoptCalibration,
  CALIBRATION_SIZE,
} from './calibration.ts';
import { acceptGap, cadenceOf, overdueAfter } from './cadence.ts';
import { lastScoredAt } from './event-rate.ts';
import { Context } from './context.ts';
import { featuresStep, newestOf, inputCount } from './features.ts';
import { adoptFrame, frameStep, meanOf, scaleOf } from './frame.ts';
import { hasRaw, isReset, KIND, kindStep, lastRawOf, type KindReading } from './kind.ts';
import { Inspection } from './inspection.ts';
import { adoptLane, calmLane, laneStep, laneTailStart, meanErrorOf } from './lane.ts';
import { layoutOf, type DetectorLayout } from './layout.ts';
import { lastHeardOf, lastTimeOf, orderStep, ownTimeOf } from './order.ts';
import { phaseOf } from './profile.ts';
import { createRandom } from './random.ts';
import { isConstant, rangeStep, widenRange } from './range.ts';
import { mayOpen, NO_RULES, type Rules } from './rules.ts';
import { standardised } from './signature.ts';
import { isSound } from './sound.ts';
import { standFrom, stands } from './standing.ts';
import { acceptRun, STUCK_SIZE, stuckStep } from './stuck.ts';
import { suddenStep } from './sudden.ts';
import type { SharedWeights, TrackDetector } from './track-detector.ts';
import { type CellName, createLearner } from './training/create-learner.ts';
import { type Learner, learnedSize } from './training/learner.ts';
import { Sharing } from './training/sharing.ts';
import type { Training } from './training/tbptt.ts';
import { TRUE_RATE_SIZE, trueRateStep, trueScore } from './true-rate.ts';
import { type Learned, Verdict } from './verdict.ts';

export interface DetectorOptions {
  cell: CellName;
  /** Units of the cell. */
  hidden: number;
  /** Past samples among the inputs. */
  lags: number;
  /** Other series that are inputs of the forecast; their values come in batch.members. */
  context: number;
  /** Who they are: what was learned beside others means nothing beside these. */
  beside?: string;
  /** Length of the season, ms. */
  season: number;
  /** Alarms a day that a series like this one may raise. */
  budgetPerDay: number;
  rules: Rules;
  training: Training;
  /** Series share the weights of their networks. */
  shared: boolean;
}

export const DEFAULTS: DetectorOptions = {
  cell: 'lstm',
  hidden: 16,
  lags: 20,
  context: 0,
  season: 24 * 3600_000,
  budgetPerDay: 1,
  rules: NO_RULES,
  training: {
    k1: 4,
    k2: 4,
    spread: false,
    optimizer: { name: 'rmsprop', rate: 1e-3, alpha: 0.99, epsilon: 1e-4 },
    clipNorm: 1,
  },
  shared: false,
};

/** A small gain: the first forecasts are that nothing changes, not what random weights say. */
const HEAD = { outputs: 1, skip: true, bias: true, gain: 0.03 };

/** Threshold of the `anomaly` column, untouched by the budget. */
export const BENCHMARK_THRESHOLD = 2.9;

const BUCKETS_PER_SEASON = 288;
const LASTING_SEASONS = 1 / 12;
const LEVEL_SEASONS = 1 / 60;
/** What has lasted for so long is the new normal, whether anybody said so or not. */
const ACCEPT_SEASONS = 2;
const QUIET_SEASONS = 5 / 6;
const MEMORY_SAMPLES = 4000;
/** A single odd sample is half a state of affairs. */
const RARE_IN_LEVEL = 0.5;
/** A single sample must be judged by a tail that a few large errors cannot bend. */
const RARE_PRIOR = 20;
/** Nothing that had to be learned fires on fewer samples than this. */
const ALERT_SAMPLES_MIN = 200;
const ERROR_LIMIT = 4;
const FORECAST_LIMIT = 8;
/** Beyond it a square would overflow, and a series would be not a number for ever. */
const VALUE_LIMIT = 1e100;
const Z_LIMIT = 50;
const INPUT_LIMIT = 6;
/** One reading of 65535 must not widen the frame for days, a new level must. */
const FRAME_LIMIT = 20;
const FRAME_AFTER = 20;
/** While it is young, a tail forgets half its age at a time: in a frame that is still small, every error is large. */
const YOUNG_SHARE = 0.5;
const HYGIENE_SIGMAS = 4;
const HYGIENE_ROW_MAX = 2;
const HYGIENE_AFTER = 50;
const ERROR_MEMORY = 500;
const SOUND_EVERY = 64; // samples

export class Detector implements TrackDetector {
  readonly options: DetectorOptions;
  readonly layout: DetectorLayout;
  readonly fast: Learner;
  readonly ahead: Ahead;
  readonly context: Context;
  /** Series that share the budget. */
  series = 1;
  /** Numbers in a block. */
  readonly size: number;
  /** Blocks of the same shape mean the same, number for number. */
  readonly shape: string;
  readonly sharedWeights: SharedWeights | undefined;

  /** Numbers of what the fast network learned. */
  readonly #fastLearned: number;
  /** Of the fast learner, whose own part begins `#fastLearned` numbers later. */
  readonly #fast: number;
  readonly #bucketMs: number;
  readonly #quietMs: number;
  readonly #tail = createTail();
  readonly #laneTail = createTail();
  readonly #reading: KindReading = { value: 0, gap: 0, kind: 0, changed: false };
  readonly #learned: Learned = { score: 0, reason: REASON.predictionError, fires: false, residual: Number.NaN };
  readonly #inspection: Inspection;
  readonly #verdict: Verdict;

  /** @param make  what to forecast with instead of the learner that `cell` names: for comparisons */
  constructor(options: DetectorOptions, make: typeof createLearner = createLearner) {
    this.options = options;
    const { cell, hidden, lags, training } = options;
    this.context = new Context(options.context);
    const learner = make(cell, inputCount(lags) + this.context.inputs, hidden, HEAD, training);
    this.fast = options.shared ? new Sharing(learner) : learner;
    const forecaster = make === createLearner ? cell : `${this.fast.cell.name}/${this.fast.size}`;
    this.shape = [
      forecaster,
      hidden,
      lags,
      options.beside === undefined ? options.context : `${options.context}:${options.beside}`,
      training.k1,
      training.k2,
      training.spread,
      training.optimizer.name,
      ...(options.shared ? ['shared'] : []),
    ].join(' ');
    this.#bucketMs = options.season / BUCKETS_PER_SEASON;
    this.ahead = new Ahead(options.season, this.#bucketMs, options.shared);
    this.#fastLearned = learnedSize(this.fast);
    const weightsSize = this.#fastLearned + this.ahead.weightsSize;
    this.layout = layoutOf(
      options.lags,
      this.ahead.size,
      this.fast.size - this.#fastLearned,
      this.context.size,
      options.shared ? 0 : weightsSize,
    );
    this.#fast = this.layout.fast - this.#fastLearned;
    this.size = this.layout.size;
    this.sharedWeights = options.shared
      ? { size: weightsSize, initialise: (memory, at, seed) => this.#drawWeights(memory, at, seed) }
      : undefined;
    this.#quietMs = options.season * QUIET_SEASONS;
    this.#inspection = new Inspection(options.rules.limits, this.layout);
    this.#verdict = new Verdict(options.season, this.layout, {
      opened: (memory, at) => this.#standFrom(memory, at),
      stands: (memory, at, time) => this.#stands(memory, at, time),
    });
  }

  /** Makes the block at memory[at..] that of a series nothing is known of. */
  initialise(memory: Float64Array, at: number, seed: number): void {
    memory.fill(0, at, at + this.size);
    initialiseAlarm(memory, at + this.layout.benchmark);
    initialiseAlarm(memory, at + this.layout.alarm);
    initialiseAlarm(memory, at + this.layout.healthAlarm);
    initialiseBudget(memory, at + this.layout.budget);
    this.#forgetOwn(memory, at);
    if (!this.options.shared) this.#drawWeights(memory, at + this.layout.weights, seed);
  }

  /** Where it stands, in its own frame. */
  standingOf(memory: Float64Array, at: number): number {
    return newestOf(memory, at + this.layout.features);
  }

  /** When it was scored last, epoch ms; 0 before it is known a little. */
  scoredAt(memory: Float64Array, at: number): number {
    return lastScoredAt(memory, at + this.layout.budget);
  }

  /** Samples scored. */
  scoredOf(memory: Float64Array, at: number): number {
    return memory[at + this.layout.samples];
  }

  /**
   * Takes over what a sibling has learned: weights, unless they are shared; what errors are usual, how often it comes to which score, and its
   * scale; not where it stands, what it remembers and what season it is in.
   * @param value the first that there is
   */
  adopt(memory: Float64Array, at: number, sibling: Float64Array, from: number, value: number): void {
    const L = this.layout;
    const take = (part: number, size: number): void => {
      memory.set(sibling.subarray(from + part, from + part + size), at + part);
    };
    take(L.weights, L.size - L.weights);
    this.ahead.adopt(memory, at + L.ahead, sibling, from + L.ahead);
    take(L.surprise, CALIBRATION_SIZE);
    take(L.trueRate, TRUE_RATE_SIZE);
    take(L.errorSquare, 1);
    take(L.budget, BUDGET_SIZE);
    adoptCalibration(memory, at + L.surprise);
    adoptLane(memory, at + L.lasting, sibling, from + L.lasting);
    adoptFrame(memory, at + L.frame, sibling, from + L.frame, value);
  }

  /** Fills time, gap, cadence and drop of the row. */
  order(memory: Float64Array, at: number, batch: Batch, row: number): void {
    orderStep(memory, at + this.layout.order, at + this.layout.cadence, batch, row);
  }

  /** T at which an alert fires: by its own past, the series comes to it as often as its share of the budget allows. */
  threshold(memory: Float64Array, at: number): number {
    return budgetThreshold(memory, at + this.layout.budget);
  }

  /** How often the series comes to a score, events a day. */
  ratePerDay(memory: Float64Array, at: number, score: number): number {
    const { budget, cadence } = this.layout;
    return budgetRate(memory, at + budget, score, cadenceOf(memory, at + cadence), this.options.season);
  }

  /**
   * Scores the row, then learns from it. The row has been through `order` and was kept.
   * @param localOffset what to add to the time to get local time, ms
   * @param weights where the weights lie that are shared
   */
  step(
    memory: Float64Array,
    at: number,
    batch: Batch,
    row: number,
    localOffset: number,
    weights = at + this.layout.weights,
  ): void {
    this.#learned.residual = Number.NaN;
    if ((batch.flags[row] & ROW.overdue) !== 0) {
      this.#silence(memory, at, batch, row);
      return;
    }
    const L = this.layout;
    const { season } = this.options;
    const time = batch.time[row];
    const gap = batch.gap[row];
    const cadence = batch.cadence[row];
    const raw = clip(batch.value[row], VALUE_LIMIT);
    const rawBefore = lastRawOf(memory, at + L.kind);
    const mayJump = hasRaw(memory, at + L.kind) && !isReset(memory, at + L.kind, raw);
    const reading = this.#reading;
    this.#inspection.begin();
    kindStep(memory, at + L.kind, raw, gap, (batch.flags[row] & ROW.onOff) !== 0, reading);
    if (reading.changed) {
      this.#forget(memory, at, weights);
      memory.fill(0, at + L.stuck, at + L.stuck + STUCK_SIZE);
    }
    if (!Number.isNaN(reading.value)) this.#explain(memory, at, weights, batch.members[row]);
    if (!this.#isSound(memory, at, weights)) {
      this.#forget(memory, at, weights);
      batch.flags[row] |= ROW.forgotten;
    }
    const counter = reading.kind === KIND.counter;
    const x = reading.value;
    if (Number.isNaN(x)) {
      this.#nothing(memory, at, batch, row);
      return;
    }
    this.#inspection.inspect(memory, at, batch, row, raw, mayJump ? raw - rawBefore : 0, reading.gap);

    if (isConstant(memory, at + L.range, x)) {
      this.#still(memory, at, batch, row, x, raw);
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
    this.#learned.residual = standardised(error, memory[at + L.errorSquare]);
    refindThreshold(memory, at + L.budget, time, this.#sharePerDay(), cadence, season);
    const threshold = budgetThreshold(memory, at + L.budget);
    const samplesBack = MEMORY_SAMPLES * Math.max(1, this.#bucketMs / (cadence > 0 ? cadence : this.#bucketMs));

    const tail = this.#tail;
    readTail(memory, at + L.surprise, RARE_PRIOR, tail);
    const rare = scoreOf(memory, at + L.surprise, a, tail);
    const step = suddenStep(memory, at + L.sudden, error, memory[at + L.errorSquare], n);
    const sudden = claimOf(step > a && step > tail.start ? scoreOf(memory, at + L.surprise, step, tail) : rare, tail);
    const alone = threshold / budgetGain(memory, at + L.budget);
    const halfBand = alone > CLAIM_MAX ? Infinity : errorAt(believed(alone, tail), tail) * s;
    const laneTail = this.#laneTail;
    const lasting = laneStep(
      memory,
      at + L.lasting,
      a,
      time,
      this.#bucketMs,
      cadence,
      LASTING_SEASONS * season,
      laneTail,
    );
    const ahead = this.ahead.step(
      memory,
      at + L.ahead,
      weights + this.#fastLearned,
      z,
      time,
      localOffset,
      cadence,
      laneTail,
    );
    const siblings = batch.siblings[row];
    const unlike = Number.isNaN(siblings) || n === 0 ? 0 : this.#unlike(memory, at, z - siblings, time, cadence);
    const range = reading.kind === KIND.onOff ? 0 : rangeStep(memory, at + L.range, x);
    const stuck = counter ? 0 : chanceGain(memory, at + L.budget) * stuckStep(memory, at + L.stuck, raw);
    const events = range + lasting + ahead + unlike;
    const single = budgetGain(memory, at + L.budget) * sudden;
    const oddity = Math.max(events, single);
    const score = Math.max(oddity, stuck);
    const odd = Math.max(events, RARE_IN_LEVEL * rare);
    const level = Math.max(odd, memory[at + L.level] * Math.exp(-gap / (LEVEL_SEASONS * season)));
    memory[at + L.level] = level;
    if (n >= ALERT_SAMPLES_MIN) budgetStep(memory, at + L.budget, time, sudden, events, season);

    // A counter is judged by its rate and drawn as its total.
    const origin = counter ? rawBefore : 0;
    const unit = counter ? reading.gap / 1000 : 1;
    const expected = m + s * forecast;
    batch.expected[row] = tail.known ? origin + unit * expected : Number.NaN;
    batch.lower[row] = batch.expected[row] - unit * halfBand;
    batch.upper[row] = batch.expected[row] + unit * halfBand;
    batch.surprise[row] = trueScore(memory, at + L.trueRate, rare);
    batch.level[row] = level;
    const opens = alarmStep(memory, at + L.benchmark, time, events, BENCHMARK_THRESHOLD, this.#quietMs);
    batch.anomaly[row] = opens ? events : 0;

    // A channel may open an alert where what it expected is far enough away, on the side that matters.
    const { rules } = this.options;
    const near = mayOpen(rules, unit * (x - expected), unit * expected) ? 1 : 0;
    const lean = s * this.ahead.lean(memory, at + L.ahead);
    const far = mayOpen(rules, unit * lean, unit * (x - lean)) ? 1 : 0;
    const acting = Math.max(near * (range + lasting + unlike) + far * ahead, near * single);
    let fires = false;
    if (n >= ALERT_SAMPLES_MIN) {
      fires = alarmStep(memory, at + L.alarm, time, acting, threshold, this.#quietMs);
      if (alarmStep(memory, at + L.healthAlarm, time, stuck, threshold, this.#quietMs)) fires = true;
    }
    let reason: number = REASON.stuck;
    if (stuck <= oddity && acting === 0) reason = mainReason(single, range, lasting, ahead, unlike);
    else if (stuck <= oddity)
      reason = mainReason(near * single, near * range, near * lasting, far * ahead, near * unlike);
    this.#decide(memory, at, batch, row, score, reason, fires);

    if (tail.known) trueRateStep(memory, at + L.trueRate, rare);
    // Counted in a frame that is none yet, the first errors would be the tail of days.
    const youngBack = Math.max(FRAME_AFTER, YOUNG_SHARE * n);
    if (n > FRAME_AFTER) enter(memory, at + L.surprise, a, rare, Math.min(samplesBack, youngBack));
    const xClean = this.#hygiene(memory, at, x, m, s, n, error);
    if (n > 0) {
      memory[this.fast.lossGradient(memory, at + this.#fast)] = -clip(error, ERROR_LIMIT);
      this.fast.learn(memory, at + this.#fast, weights);
    }
    frameStep(memory, frame, n > FRAME_AFTER ? m + s * clip((x - m) / s, FRAME_LIMIT) : x, samplesBack);
    this.#forecastNext(memory, at, weights, xClean, time + localOffset, gap, cadence);
  }

  /**
   * How long the series has been silent at `now`, ms; 0 while that is usual for it.
   * @param since nobody listened before, epoch ms
   */
  silence(memory: Float64Array, at: number, now: number, since: number): number {
    const silent = now - Math.max(lastHeardOf(memory, at + this.layout.order), since);
    return silent >= overdueAfter(memory, at + this.layout.cadence) ? silent : 0;
  }

  /**
   * The new normal: the open alert ends at the next sample, and what is there since it opened counts as usual. What was
   * before is seen as if it had been at the present level, the range as well; what was told is not told again, and no
   * weight changes. False, and nothing happens, when no alert is open.
   */
  acceptRegime(memory: Float64Array, at: number): boolean {
    const L = this.layout;
    const alert = at + L.alert;
    if (!accept(memory, alert)) return false;
    const now = lastTimeOf(memory, at + L.order);
    const ago = Math.max(0, now - openedAt(memory, alert));
    widenRange(memory, at + L.range, scaleOf(memory, at + L.frame) * this.ahead.lean(memory, at + L.ahead));
    calmLane(memory, at + L.lasting);
    calmLane(memory, at + L.unlike);
    this.ahead.accept(memory, at + L.ahead, ago, cadenceOf(memory, at + L.cadence));
    acceptRun(memory, at + L.stuck);
    memory[at + L.level] = 0;
    for (const lane of [0, 1]) standFrom(memory, at + L.standing, lane, Infinity);
    calmAlarm(memory, at + L.alarm, now, peakOf(memory, alert));
    return true;
  }

  /** How far the memory of the cell has gone; undefined for a cell without one. */
  watch(memory: Float64Array, at: number): StateWatch | undefined {
    const { state, row } = this.fast.newest(memory, at + this.#fast);
    return this.fast.cell.watch?.(memory, state, row);
  }

  /** The series' own time now: its clock may be off, and stays as far off as at its last sample. */
  ownTime(memory: Float64Array, at: number, now: number): number {
    return ownTimeOf(memory, at + this.layout.order, now);
  }

  /** How odd it is that the series went another way than its siblings: the mean difference over season/12. */
  #unlike(memory: Float64Array, at: number, difference: number, time: number, cadence: number): number {
    const windowMs = LASTING_SEASONS * this.options.season;
    return laneStep(
      memory,
      at + this.layout.unlike,
      difference,
      time,
      this.#bucketMs,
      cadence,
      windowMs,
      this.#laneTail,
    );
  }

  /** Alarms a day that this series may raise. */
  #sharePerDay(): number {
    return this.options.budgetPerDay / Math.max(1, this.series);
  }

  #forecastNext(
    memory: Float64Array,
    at: number,
    weights: number,
    x: number,
    local: number,
    gap: number,
    cadence: number,
  ): void {
    const L = this.layout;
    const { season, lags } = this.options;
    const frame = at + L.frame;
    const z = clip((x - meanOf(memory, frame)) / scaleOf(memory, frame), Z_LIMIT);
    const phase = phaseOf(local + cadence, season);
    const usual = this.ahead.usualAt(memory, at + L.ahead, phase);
    const logGap = gap > 0 && cadence > 0 ? Math.log(gap / cadence) : 0;
    const to = this.fast.nextInput(memory, at + this.#fast);
    featuresStep(memory, at + L.features, lags, z, phase, usual, logGap, to);
    if (this.context.channels > 0) this.context.wait(memory, at + L.context, to - at);
    else this.#forecast(memory, at, weights, z);
  }

  /** The forecast that waited for what other series would say, made with what they have said by now. */
  #explain(memory: Float64Array, at: number, weights: number, beside: Float64Array | undefined): void {
    const L = this.layout;
    const to = this.context.wakened(memory, at + L.context);
    if (to === 0) return;
    this.context.step(memory, at + L.context, beside, at + to + inputCount(this.options.lags));
    this.#forecast(memory, at, weights, newestOf(memory, at + L.features));
  }

  /** @param z  of the newest sample */
  #forecast(memory: Float64Array, at: number, weights: number, z: number): void {
    const change = memory[this.fast.forward(memory, at + this.#fast, weights)];
    memory[at + this.layout.forecast] = clip(clip(z, INPUT_LIMIT) + change, FORECAST_LIMIT);
  }

  /**
   * What the network gets to see: the value, or for at most two samples in a row the forecast ± 4σ. Fed back, a spike
   * would spoil the forecasts after it; kept out for longer, a new level would never be learned.
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

  /** A row of the clock: the series is overdue. T grows with the silence and stands at θ when it becomes overdue. */
  #silence(memory: Float64Array, at: number, batch: Batch, row: number): void {
    const { alert, healthAlarm } = this.layout;
    const cadence = at + this.layout.cadence;
    const threshold = this.threshold(memory, at);
    const gap = batch.gap[row];
    const score = Math.min(Math.max(SCORE_MAX, threshold), threshold * (gap / overdueAfter(memory, cadence)));
    expectNothing(batch, row);
    this.#inspection.begin();
    const endsNow = isFiring(memory, at + alert) && isAccepted(memory, at + alert);
    const isUsualNow = endsNow && reasonOf(memory, at + alert) === REASON.silence;
    const fires = alarmStep(memory, at + healthAlarm, batch.time[row], score, threshold, this.#quietMs);
    this.#decide(memory, at, batch, row, score, REASON.silence, fires);
    if (isUsualNow) acceptGap(memory, cadence, gap);
  }

  /**
   * A series that has only ever had this value: it is expected exactly, and there is nothing to learn but that. The
   * first other value is a new extreme.
   */
  #still(memory: Float64Array, at: number, batch: Batch, row: number, x: number, raw: number): void {
    const L = this.layout;
    stuckStep(memory, at + L.stuck, raw);
    rangeStep(memory, at + L.range, x);
    frameStep(memory, at + L.frame, x, MEMORY_SAMPLES);
    batch.expected[row] = x;
    batch.lower[row] = x;
    batch.upper[row] = x;
    this.#decide(memory, at, batch, row, 0, REASON.predictionError, false);
  }

  /** A missing value: nothing to score, nothing to learn; the level stands. Text in its place may be worth telling. */
  #nothing(memory: Float64Array, at: number, batch: Batch, row: number): void {
    expectNothing(batch, row);
    batch.level[row] = memory[at + this.layout.level];
    if ((batch.flags[row] & ROW.text) === 0) return;
    this.#inspection.inspectText(memory, at);
    this.#decide(memory, at, batch, row, 0, REASON.predictionError, false);
  }

  #decide(
    memory: Float64Array,
    at: number,
    batch: Batch,
    row: number,
    score: number,
    reason: number,
    fires: boolean,
  ): void {
    const learned = this.#learned;
    learned.score = score;
    learned.reason = reason;
    learned.fires = fires;
    this.#verdict.decide(memory, at, batch, row, learned, this.#inspection);
  }

  /** An alert opens: from here on the lanes are held against what they were. */
  #standFrom(memory: Float64Array, at: number): void {
    const L = this.layout;
    standFrom(memory, at + L.standing, 0, laneTailStart(memory, at + L.lasting, this.#laneTail));
    standFrom(memory, at + L.standing, 1, this.ahead.tailStart(memory, at + L.ahead, this.#laneTail));
  }

  /** Whether the fault of the open alert is still there, however usual it has become. */
  #stands(memory: Float64Array, at: number, time: number): boolean {
    const L = this.layout;
    if (!(firingFor(memory, at + L.alert, time) < ACCEPT_SEASONS * this.options.season)) return false;
    const lasting = stands(memory, at + L.standing, 0, meanErrorOf(memory, at + L.lasting));
    const ahead = stands(memory, at + L.standing, 1, this.ahead.lean(memory, at + L.ahead));
    return lasting || ahead;
  }

  /**
   * Whether what was learned can be computed with. Weights that are not numbers show in the forecast at once; a gate
   * that an infinite weight holds shut does not, so all of it is looked at now and then.
   */
  #isSound(memory: Float64Array, at: number, weights: number): boolean {
    const { forecast, samples, learned } = this.layout;
    if (!Number.isFinite(memory[at + forecast])) return false;
    if (memory[at + samples] % SOUND_EVERY !== 0) return true;
    return isSound(memory, at + learned, this.size - learned) && this.#areSound(memory, weights);
  }

  /** Weights that are shared. */
  #areSound(memory: Float64Array, weights: number): boolean {
    return this.sharedWeights === undefined || isSound(memory, weights, this.sharedWeights.size);
  }

  /** Weights that siblings learn as well stay, unless nobody could compute with them. */
  #forget(memory: Float64Array, at: number, weights: number): void {
    this.#forgetOwn(memory, at);
    if (this.options.shared && this.#areSound(memory, weights)) return;
    this.#drawWeights(memory, weights, memory[at + this.layout.samples]);
  }

  #forgetOwn(memory: Float64Array, at: number): void {
    memory.fill(0, at + this.layout.learned, at + this.layout.weights);
    this.ahead.initialise(memory, at + this.layout.ahead);
    this.fast.initialiseOwn(memory, at + this.#fast);
  }

  #drawWeights(memory: Float64Array, weights: number, seed: number): void {
    const random = createRandom(seed);
    this.fast.initialiseLearned(memory, weights, random);
    this.ahead.initialiseWeights(memory, weights + this.#fastLearned, random);
  }
}

/** The channel that says most. */
function mainReason(single: number, range: number, lasting: number, ahead: number, unlike: number): number {
  if (range + lasting + ahead + unlike < single) return REASON.predictionError;
  if (unlike > Math.max(range, lasting, ahead)) return REASON.unlikePeers;
  if (range >= lasting && range >= ahead) return REASON.newExtreme;
  return lasting >= ahead ? REASON.lastingError : REASON.unseasonal;
}
