/**
 * From scores to an alert: what opens one, what keeps it open, what is told of it.
 *
 *   learned   T and whether an alarm starts, from models/detector.ts
 *   found     outside its limits, too fast, another type of value, a clock that runs away: nothing had to be learned
 *   ▸ the score column, the alarm column, and the life of the alert (models/alert.ts)
 *
 * Used by one detector for every series: `begin` with each row, before anything is found.
 */
import type { Ahead } from './ahead.ts';
import { alertFacts, type AlertRules, alertStep, firingFor, isFiring, keepWorst, REASON } from './alert.ts';
import { type Batch, ROW } from './batch.ts';
import { budgetRate, budgetThreshold, chanceRate } from './budget.ts';
import { cadenceOf } from './cadence.ts';
import { createTail, SCORE_MAX } from './calibration.ts';
import { laneTailStart, meanErrorOf } from './lane.ts';
import type { DetectorLayout } from './layout.ts';
import { excessOf, limitStep, rateExcessOf } from './limits.ts';
import type { Rules } from './rules.ts';
import { clearWindow, enterWindow, isWindowFull, signatureOf } from './signature.ts';
import { skewStep } from './skew.ts';
import { standFrom, stands } from './standing.ts';
import { TYPE, typeStep } from './type-change.ts';

/** What has lasted for so long is the new normal, whether anybody said so or not. */
const ACCEPT_SEASONS = 2;
const HOLD_SEASONS = 1 / 48;
const RELEASE_SHARE = 0.75;
const NOTHING = -1;

export interface VerdictOptions {
  /** ms */
  season: number;
  rules: Rules;
}

/** What learning has to say of a row. */
export interface Learned {
  /** T. */
  score: number;
  /** A code of `REASON`. */
  reason: number;
  /** An alarm starts. */
  fires: boolean;
  /** The error in deviations; NaN = there is none. */
  residual: number;
}

export class Verdict {
  readonly #options: VerdictOptions;
  readonly #layout: DetectorLayout;
  readonly #ahead: Ahead;
  readonly #alertRules: AlertRules;
  readonly #laneTail = createTail();
  /** What was found wrong with this row; a reason of −1: nothing. */
  #reason = NOTHING;
  /** How far beyond a limit, 0..1; 0: it is worth telling, and no more. */
  #excess = 0;
  #begins = false;

  constructor(options: VerdictOptions, layout: DetectorLayout, ahead: Ahead) {
    this.#options = options;
    this.#layout = layout;
    this.#ahead = ahead;
    this.#alertRules = { release: 0, hold: options.season * HOLD_SEASONS };
  }

  /** A row begins; nothing is known against it. */
  begin(): void {
    this.#reason = NOTHING;
  }

  /**
   * Looks for what is wrong whatever was learned.
   * @param raw as reported; @param change of it, 0 where there is none to speak of; @param gap over which it changed, ms
   */
  inspect(memory: Float64Array, at: number, batch: Batch, row: number, raw: number, change: number, gap: number): void {
    const L = this.#layout;
    const flags = batch.flags[row];
    const isLive = (flags & ROW.recorded) === 0;
    if (isLive && skewStep(memory, at + L.skew, batch.time[row], batch.arrival[row])) {
      this.#find(REASON.clockSkew, 0, true);
    }
    const onOff = (flags & ROW.onOff) !== 0;
    if (typeStep(memory, at + L.typeChange, onOff ? TYPE.onOff : TYPE.number)) this.#find(REASON.typeChange, 0, true);
    const { limits } = this.#options.rules;
    const beyond = onOff ? 0 : excessOf(raw, limits);
    const tooFast = onOff ? 0 : rateExcessOf(change, gap, limits);
    const excess = beyond > 0 ? beyond : tooFast;
    const begins = limitStep(memory, at + L.limits, excess > 0);
    if (excess > 0) this.#find(beyond > 0 ? REASON.limit : REASON.rate, excess, begins);
  }

  /** Text in place of a value. */
  inspectText(memory: Float64Array, at: number): void {
    if (typeStep(memory, at + this.#layout.typeChange, TYPE.text)) this.#find(REASON.typeChange, 0, true);
  }

  /** Fills score and alarm of the row and tells of the alert what there is to tell. */
  decide(memory: Float64Array, at: number, batch: Batch, row: number, learned: Learned): void {
    const L = this.#layout;
    const time = batch.time[row];
    if (learned.reason !== REASON.silence) memory[at + L.samples] += 1;
    const threshold = budgetThreshold(memory, at + L.budget);
    const isFound = this.#reason !== NOTHING;
    const foundScore = this.#excess > 0 ? Math.max(SCORE_MAX, threshold) + this.#excess : threshold;
    const score = isFound ? Math.max(learned.score, foundScore) : learned.score;
    const reason = isFound ? this.#reason : learned.reason;
    batch.score[row] = score;
    const opens = learned.fires || (isFound && this.#begins);
    const release = RELEASE_SHARE * Math.min(threshold, SCORE_MAX);
    this.#alertRules.release = release;
    const alert = at + L.alert;
    const held = this.#stands(memory, at, time) ? Math.max(score, release) : score;
    const event = alertStep(memory, alert, time, memory[at + L.samples], held, reason, opens, this.#alertRules);
    // Not for every row of a calm series: only an alert that has something to tell makes an object.
    if (event === undefined && !isFiring(memory, alert)) return;
    const now = {
      value: batch.value[row],
      expected: batch.expected[row],
      lower: batch.lower[row],
      upper: batch.upper[row],
    };
    keepWorst(memory, alert, score, now);
    if (event === 'open') clearWindow(memory, at + L.signature);
    const filled = enterWindow(memory, at + L.signature, learned.residual);
    if (event === undefined && !filled) return;
    if (event === 'open') {
      batch.alarm[row] = 1;
      standFrom(memory, at + L.standing, 0, laneTailStart(memory, at + L.lasting, this.#laneTail));
      standFrom(memory, at + L.standing, 1, this.#ahead.tailStart(memory, at + L.ahead, this.#laneTail));
    }
    const facts = alertFacts(memory, alert);
    const cadence = cadenceOf(memory, at + L.cadence);
    const rateOf = facts.reason === REASON.stuck ? chanceRate : budgetRate;
    const perDay = rateOf(memory, at + L.budget, facts.peak, cadence, this.#options.season);
    const isLast = event === 'close' || isWindowFull(memory, at + L.signature);
    batch.changes.push({
      row,
      series: batch.series[row],
      event: event ?? 'signed',
      time,
      score,
      threshold,
      perDay,
      ...facts,
      now,
      signature: isLast ? signatureOf(memory, at + L.signature) : [],
    });
  }

  #find(reason: number, excess: number, begins: boolean): void {
    this.#reason = reason;
    this.#excess = excess;
    this.#begins = begins;
  }

  /** Whether the fault of the open alert is still there, however usual it has become. */
  #stands(memory: Float64Array, at: number, time: number): boolean {
    const L = this.#layout;
    if (!(firingFor(memory, at + L.alert, time) < ACCEPT_SEASONS * this.#options.season)) return false;
    const lasting = stands(memory, at + L.standing, 0, meanErrorOf(memory, at + L.lasting));
    const ahead = stands(memory, at + L.standing, 1, this.#ahead.lean(memory, at + L.ahead));
    return lasting || ahead;
  }
}
