/**
 * From scores to an alert: what opens one, what keeps it open, what is told of it.
 *
 *   learned   T and whether an alarm starts, from models/detector.ts
 *   found     for what nothing had to be learned, from models/inspection.ts
 *   ▸ the score column, the alarm column, and the life of the alert (models/alert.ts)
 */
import { alertFacts, type AlertRules, alertStep, isFiring, keepWorst, REASON } from './alert.ts';
import { type Batch, expectNothing } from './batch.ts';
import { budgetRate, budgetThreshold, chanceRate } from './budget.ts';
import { cadenceOf } from './cadence.ts';
import { SCORE_MAX } from './calibration.ts';
import { type Finding, NOTHING_FOUND } from './inspection.ts';
import type { DetectorLayout } from './layout.ts';
import { lastHeardOf } from './order.ts';
import { clearWindow, enterWindow, isWindowFull, signatureOf } from './signature.ts';

const HOLD_SEASONS = 1 / 48;
const RELEASE_SHARE = 0.75;

/** Where the numbers lie that a verdict needs. */
export type VerdictLayout = Pick<DetectorLayout, 'samples' | 'budget' | 'alert' | 'signature' | 'cadence'>;

/** What may still be there when it has become usual. */
export interface Standing {
  /** An alert opened. */
  opened: (memory: Float64Array, at: number) => void;
  /** Whether the fault of the open alert is still there at `time`. */
  stands: (memory: Float64Array, at: number, time: number) => boolean;
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

/** For tracks whose faults are over with the row, or in view some other way. */
export const NOTHING_STANDS: Standing = { opened: () => {}, stands: () => false };

/** A row of the clock: nothing is odd where there is nothing. */
const NOBODY: Learned = { score: 0, reason: REASON.silence, fires: false, residual: Number.NaN };
const OVERDUE_MS_MIN = 60_000;
const OVERDUE_CADENCES = 10;

/**
 * For tracks that are never told to be silent: how long there was nothing while an alert is open, ms, 0 while that is not
 * long. An alert must not stay open because nobody speaks.
 */
export function silentInAlert(
  memory: Float64Array,
  at: number,
  layout: Pick<DetectorLayout, 'order' | 'cadence' | 'alert'>,
  now: number,
  since: number,
): number {
  if (!isFiring(memory, at + layout.alert)) return 0;
  const silent = now - Math.max(lastHeardOf(memory, at + layout.order), since);
  const overdue = Math.max(OVERDUE_MS_MIN, OVERDUE_CADENCES * cadenceOf(memory, at + layout.cadence));
  return silent > overdue ? silent : 0;
}

export class Verdict {
  readonly #season: number;
  readonly #layout: VerdictLayout;
  readonly #standing: Standing;
  readonly #alertRules: AlertRules;

  /** @param season  ms */
  constructor(season: number, layout: VerdictLayout, standing: Standing) {
    this.#season = season;
    this.#layout = layout;
    this.#standing = standing;
    this.#alertRules = { release: 0, hold: season * HOLD_SEASONS };
  }

  /** A row of the clock for a track that is never told to be silent. */
  nobody(memory: Float64Array, at: number, batch: Batch, row: number): void {
    expectNothing(batch, row);
    this.decide(memory, at, batch, row, NOBODY, NOTHING_FOUND);
  }

  /** Fills score and alarm of the row and tells of the alert what there is to tell. */
  decide(memory: Float64Array, at: number, batch: Batch, row: number, learned: Learned, found: Finding): void {
    const L = this.#layout;
    const time = batch.time[row];
    if (learned.reason !== REASON.silence) memory[at + L.samples] += 1;
    const threshold = budgetThreshold(memory, at + L.budget);
    const isFound = found.reason >= 0;
    const foundScore = found.excess > 0 ? Math.max(SCORE_MAX, threshold) + found.excess : threshold;
    const score = isFound ? Math.max(learned.score, foundScore) : learned.score;
    const reason = isFound ? found.reason : learned.reason;
    batch.score[row] = score;
    const opens = learned.fires || (isFound && found.begins);
    const release = RELEASE_SHARE * Math.min(threshold, SCORE_MAX);
    this.#alertRules.release = release;
    const alert = at + L.alert;
    const held = this.#standing.stands(memory, at, time) ? Math.max(score, release) : score;
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
      this.#standing.opened(memory, at);
    }
    const facts = alertFacts(memory, alert);
    // Of this row: by now, the batch may have taught the series another one.
    const cadence = batch.cadence[row] > 0 ? batch.cadence[row] : cadenceOf(memory, at + L.cadence);
    const rateOf = facts.reason === REASON.stuck ? chanceRate : budgetRate;
    const perDay = rateOf(memory, at + L.budget, facts.peak, cadence, this.#season);
    const isLast = event === 'close' || isWindowFull(memory, at + L.signature);
    batch.changes.push({
      row,
      series: batch.series[row],
      event: event ?? 'signed',
      time,
      score,
      threshold,
      perDay,
      samples: memory[at + L.samples],
      ...facts,
      now,
      signature: isLast ? signatureOf(memory, at + L.signature) : [],
    });
  }
}
