/**
 * The detector of a group: one row of several channels in; how rare it is, how odd things are together, and whether an
 * event starts, out.
 *
 *   frames ▸ joint forecast ▸ error of the row ──▶ surprise          always learning: the alarm
 *                                             └──▶ lasting (8 rows)
 *   frames ▸ covariance of what was usual ───────▶ level             learning late: the level
 *
 *   T = max(lasting, level, g·surprise), each as it is claimed; g as for a single series (models/budget.ts)
 *
 * Two copies, because one number cannot serve both: what always learns is right about what is new and forgets a fault
 * that stays; what learns late (models/group/anchor.ts) keeps it in view until it is gone, or accepted after `hold`.
 *
 * The row's values come in batch.members, the watched channels first, context after them; NaN = missing. Context
 * (commands, set points) is an input of the forecast and is not watched itself.
 */
import { alarmStep, calmAlarm, initialiseAlarm } from '../alarm.ts';
import { accept, isFiring, peakOf, REASON } from '../alert.ts';
import { type Batch, expectNothing, ROW } from '../batch.ts';
import { budgetGain, budgetRate, budgetStep, budgetThreshold, initialiseBudget, refindThreshold } from '../budget.ts';
import { claimOf, createTail, enter, readTail, scoreOf } from '../calibration.ts';
import { cadenceOf } from '../cadence.ts';
import type { StateWatch } from '../cells/cell.ts';
import { BENCHMARK_THRESHOLD } from '../detector.ts';
import { NOTHING_FOUND } from '../inspection.ts';
import { lastTimeOf, orderStep, ownTimeOf } from '../order.ts';
import { createRandom } from '../random.ts';
import type { Rules } from '../rules.ts';
import { isSound } from '../sound.ts';
import type { TrackDetector } from '../track-detector.ts';
import type { CellName, createLearner } from '../training/create-learner.ts';
import type { Training } from '../training/tbptt.ts';
import { type Learned, NOTHING_STANDS, silentInAlert, Verdict } from '../verdict.ts';
import { Anchor } from './anchor.ts';
import { framesEnter, framesRead } from '../frames.ts';
import { gatherSample, initialiseGather, isLate, takeRow } from './gather.ts';
import { Joint } from './joint.ts';
import { type GroupLayout, groupLayoutOf } from './layout.ts';
import { slowEnter, slowMean, slowScore, TAIL_ROWS } from './slow-tail.ts';

export interface GroupOptions {
  /** Channels that are watched. */
  channels: number;
  /** Channels that are inputs and are not watched. */
  context: number;
  cell: CellName;
  hidden: number;
  /** ms */
  season: number;
  /** How long a lasting change is held to be a fault, ms. */
  hold: number;
  /** How many cadences of the fastest channel a row waits for one that is slower. */
  slowest: number;
  budgetPerDay: number;
  rules: Rules;
  training: Training;
}

const HOUR_MS = 3600_000;
export const GROUP_DEFAULTS: Pick<GroupOptions, 'hidden' | 'hold' | 'slowest' | 'training'> = {
  hidden: 32,
  hold: 48 * HOUR_MS,
  slowest: 3,
  training: {
    k1: 4,
    k2: 4,
    spread: false,
    optimizer: { name: 'rmsprop', rate: 5e-4, alpha: 0.99, epsilon: 1e-4 },
    clipNorm: 1,
  },
};

const MEMORY_ROWS = 5000;
const RARE_PRIOR = 2;
const LASTING_ROWS = 8;
const Z_SCORED = 8;
const Z_INPUT = 6;
const QUIET_SEASONS = 5 / 6;
const ALERT_ROWS_MIN = 200;
const SOUND_EVERY = 64; // rows

export class GroupDetector implements TrackDetector {
  readonly options: GroupOptions;
  readonly layout: GroupLayout;
  readonly joint: Joint;
  readonly anchor: Anchor;
  series = 1;
  readonly size: number;
  readonly shape: string;

  readonly #quietMs: number;
  readonly #tail = createTail();
  readonly #z: Float64Array;
  readonly #blame: Float64Array;
  readonly #learned: Learned = { score: 0, reason: REASON.predictionError, fires: false, residual: Number.NaN };
  readonly #verdict: Verdict;

  /** @param make  what to forecast with instead of the learner that `cell` names: for comparisons */
  constructor(options: GroupOptions, make?: typeof createLearner) {
    this.options = options;
    const { channels, context, cell, hidden, training, hold, season } = options;
    this.joint = new Joint(channels, context, cell, hidden, training, make);
    this.anchor = new Anchor(channels, hold);
    this.layout = groupLayoutOf(channels, context, this.joint.size, this.anchor.size);
    this.size = this.layout.size;
    this.shape = ['group', channels, context, cell, hidden, training.k1, training.k2, training.optimizer.name].join(
      ' ',
    );
    this.#quietMs = season * QUIET_SEASONS;
    this.#z = new Float64Array(channels + context);
    this.#blame = new Float64Array(channels);
    this.#verdict = new Verdict(season, this.layout, NOTHING_STANDS);
  }

  initialise(memory: Float64Array, at: number, seed: number): void {
    const L = this.layout;
    memory.fill(0, at, at + this.size);
    initialiseGather(memory, at + L.gather, this.options.channels, this.options.context);
    initialiseAlarm(memory, at + L.benchmark);
    initialiseAlarm(memory, at + L.alarm);
    initialiseBudget(memory, at + L.budget);
    this.joint.initialise(memory, at + L.joint, createRandom(seed));
  }

  order(memory: Float64Array, at: number, batch: Batch, row: number): void {
    orderStep(memory, at + this.layout.order, at + this.layout.cadence, batch, row);
  }

  threshold(memory: Float64Array, at: number): number {
    return budgetThreshold(memory, at + this.layout.budget);
  }

  ratePerDay(memory: Float64Array, at: number, score: number): number {
    const { budget, cadence } = this.layout;
    return budgetRate(memory, at + budget, score, cadenceOf(memory, at + cadence), this.options.season);
  }

  step(memory: Float64Array, at: number, batch: Batch, row: number): void {
    const x = batch.members[row];
    if (x === undefined) {
      if ((batch.flags[row] & ROW.overdue) !== 0) this.#verdict.nobody(memory, at, batch, row);
      return;
    }
    const L = this.layout;
    const { channels, context, season } = this.options;
    const time = batch.time[row];
    const gap = batch.gap[row];
    const cadence = batch.cadence[row];
    const z = this.#z;
    framesRead(memory, at + L.frames, x, 0, channels + context, Z_SCORED, z);
    this.joint.explain(memory, at + L.joint, z);
    if (!this.#isSound(memory, at)) {
      this.#forget(memory, at);
      batch.flags[row] |= ROW.forgotten;
      framesRead(memory, at + L.frames, x, 0, channels + context, Z_SCORED, z);
    }
    const isKnown = this.joint.knows(memory, at + L.joint, z);
    const error = this.joint.score(memory, at + L.joint, z);
    this.#keepRecent(memory, at);
    const n = memory[at + L.rows];
    memory[at + L.rows] = n + 1;

    const tail = this.#tail;
    readTail(memory, at + L.surprise, RARE_PRIOR, tail);
    const rare = isKnown ? scoreOf(memory, at + L.surprise, error, tail) : 0;
    const claim = claimOf(rare, tail);
    if (isKnown) enter(memory, at + L.surprise, error, rare, TAIL_ROWS);
    const mean = isKnown ? slowMean(memory, at + L.lasting, error, LASTING_ROWS) : memory[at + L.lasting];
    const lastingScore = slowScore(memory, at + L.lasting, mean, tail);
    const lasting = claimOf(lastingScore, tail);
    if (isKnown) slowEnter(memory, at + L.lasting, mean, lastingScore);
    const accepted = this.anchor.acceptedOf(memory, at + L.anchor);
    const level = this.anchor.step(memory, at + L.anchor, x, gap, cadence);
    if (this.anchor.acceptedOf(memory, at + L.anchor) > accepted) batch.flags[row] |= ROW.accepted;

    const share = this.options.budgetPerDay / Math.max(1, this.series);
    refindThreshold(memory, at + L.budget, time, share, cadence, season);
    const threshold = budgetThreshold(memory, at + L.budget);
    const events = Math.max(lasting, this.anchor.claim);
    const single = budgetGain(memory, at + L.budget) * claim;
    if (n >= ALERT_ROWS_MIN) budgetStep(memory, at + L.budget, time, claim, events, season);

    expectNothing(batch, row);
    batch.surprise[row] = rare;
    batch.level[row] = level;
    const opens = alarmStep(memory, at + L.benchmark, time, events, BENCHMARK_THRESHOLD, this.#quietMs);
    batch.anomaly[row] = opens ? events : 0;
    const learned = this.#learned;
    learned.score = Math.max(events, single);
    learned.reason = reasonOf(single, lasting, this.anchor.claim);
    learned.fires =
      n >= ALERT_ROWS_MIN && alarmStep(memory, at + L.alarm, time, learned.score, threshold, this.#quietMs);
    this.#keepBlame(memory, at, x, learned);
    batch.value[row] = level;
    const told = batch.changes.length;
    this.#verdict.decide(memory, at, batch, row, learned, NOTHING_FOUND);
    for (let i = told; i < batch.changes.length; i++) batch.changes[i].shares = this.sharesOf(memory, at);

    framesEnter(memory, at + L.frames, x, 0, channels + context, MEMORY_ROWS);
    framesRead(memory, at + L.frames, x, 0, channels + context, Z_INPUT, z);
    this.joint.forecast(memory, at + L.joint, z);
  }

  /** Whether the row that is gathered is over by `time`, with channels missing. */
  isLate(memory: Float64Array, at: number, time: number): boolean {
    const { channels, context, slowest } = this.options;
    return isLate(memory, at + this.layout.gather, channels, context, time, slowest);
  }

  /** Takes in a sample of a member. True when the row is complete. */
  gather(memory: Float64Array, at: number, channel: number, time: number, value: number, cadence: number): boolean {
    const { channels, context } = this.options;
    return gatherSample(memory, at + this.layout.gather, channels, context, channel, time, value, cadence);
  }

  /** Ends the row that is gathered: its time and values. */
  take(memory: Float64Array, at: number): { time: number; values: Float64Array } {
    return takeRow(memory, at + this.layout.gather, this.options.channels, this.options.context);
  }

  /** Share of each channel in the alert at its worst row. Makes an array. */
  sharesOf(memory: Float64Array, at: number): number[] {
    const { blame } = this.layout;
    const shares = Array.from(memory.subarray(at + blame, at + blame + this.options.channels));
    const sum = shares.reduce((total, share) => total + share, 0);
    return shares.map((share) => (sum > 0 ? share / sum : 0));
  }

  /** A group is never told to be silent, its members are; but an alert must not stay open when nobody speaks. */
  silence(memory: Float64Array, at: number, now: number, since: number): number {
    return silentInAlert(memory, at, this.layout, now, since);
  }

  ownTime(memory: Float64Array, at: number, now: number): number {
    return ownTimeOf(memory, at + this.layout.order, now);
  }

  acceptRegime(memory: Float64Array, at: number): boolean {
    const L = this.layout;
    if (!accept(memory, at + L.alert)) return false;
    this.anchor.accept(memory, at + L.anchor);
    calmAlarm(memory, at + L.alarm, lastTimeOf(memory, at + L.order), peakOf(memory, at + L.alert));
    return true;
  }

  watch(memory: Float64Array, at: number): StateWatch | undefined {
    const { learner } = this.joint;
    const { state, row } = learner.newest(memory, at + this.layout.joint);
    return learner.cell.watch?.(memory, state, row);
  }

  /** Takes the errors of the row into their means. */
  #keepRecent(memory: Float64Array, at: number): void {
    const { recent } = this.layout;
    const { u } = this.joint;
    for (let j = 0; j < u.length; j++) {
      const mean = at + recent + j;
      memory[mean] += (u[j] * u[j] - memory[mean]) / LASTING_ROWS;
    }
  }

  /**
   * Remembers who is to blame where an alert opens or grows worse: what breaks the usual relations now, and what was badly
   * forecast of late, for half each. A forecast alone blames those too who are forecast from the one that is broken.
   */
  #keepBlame(memory: Float64Array, at: number, x: Float64Array, { score, fires }: Learned): void {
    const { alert, blame, anchor, recent } = this.layout;
    if (isFiring(memory, at + alert) ? score <= peakOf(memory, at + alert) : !fires) return;
    const r = this.#blame;
    this.anchor.blame(memory, at + anchor, x, r);
    let relations = 0;
    let errors = 0;
    for (let j = 0; j < r.length; j++) {
      relations += r[j] * r[j];
      errors += memory[at + recent + j];
    }
    for (let j = 0; j < r.length; j++) {
      const ofErrors = errors > 0 ? memory[at + recent + j] / errors : 0;
      memory[at + blame + j] = ofErrors + (relations > 0 ? (r[j] * r[j]) / relations : 0);
    }
  }

  #isSound(memory: Float64Array, at: number): boolean {
    const { learned, anchor, joint, rows } = this.layout;
    if (!this.joint.isSound(memory, at + joint)) return false;
    if (memory[at + rows] % SOUND_EVERY > 0) return true;
    if (!isSound(memory, at + learned, anchor - learned)) return false;
    return this.anchor.isSound(memory, at + anchor) && isSound(memory, at + joint, this.joint.size);
  }

  #forget(memory: Float64Array, at: number): void {
    const { learned, joint, rows } = this.layout;
    const seed = memory[at + rows];
    memory.fill(0, at + learned, at + this.size);
    this.joint.initialise(memory, at + joint, createRandom(seed));
  }
}

/** The lane that says most. */
function reasonOf(single: number, lasting: number, together: number): number {
  if (single > lasting && single > together) return REASON.predictionError;
  return lasting > together ? REASON.lastingError : REASON.unusualTogether;
}
