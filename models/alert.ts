/**
 * An alert as a life, one at a time for each series.
 *
 *   T       ..––^^^^––––......         ^ T ≥ θ and an alarm starts    – T ≥ release    . below
 *   phase   iippfffffffffffi           idle, pending, firing (then resolved: back to idle)
 *   event       o  u       c           open, update, close
 *
 * It turns firing only where the alarm says that something starts, and ends once T has stayed under the release level
 * for a while (hysteresis), so that a value that flaps around the threshold is one alert. A pending alert is shown to
 * nobody: it is the detector being suspicious.
 *
 * A person may accept what is as the usual; then the alert ends at the next sample, however high T is.
 *
 * Memory: phase, time and number of the opening sample, peak T, peak reported last, reason at the peak, samples since,
 * time T was last at or above the release level, acknowledged; value, expectation and band at the peak; accepted.
 */
export const PHASE = { idle: 0, pending: 1, firing: 2 } as const;
export const ALERT_SIZE = 14;

/** Reasons in the order of their codes; the texts of `AlertReason`. */
export const REASONS = [
  'prediction_error',
  'lasting_error',
  'new_extreme',
  'stuck',
  'silence',
  'unseasonal',
  'limit',
  'rate',
  'type_change',
  'clock_skew',
  'unusual_together',
  'unexpected_event',
  'unlike_peers',
] as const;
export const REASON = {
  predictionError: 0,
  lastingError: 1,
  newExtreme: 2,
  stuck: 3,
  silence: 4,
  unseasonal: 5,
  limit: 6,
  rate: 7,
  typeChange: 8,
  clockSkew: 9,
  unusualTogether: 10,
  unexpectedEvent: 11,
  unlikePeers: 12,
} as const;

/** A change worth telling, with everything about the alert that its document needs, as of that row. */
export interface AlertChange {
  row: number;
  series: number;
  /** `signed`: nothing happened but that its signature is known now. */
  event: 'open' | 'update' | 'signed' | 'close';
  time: number;
  openedAt: number;
  /** Number of the opening sample in its series, from 1. */
  openedSample: number;
  score: number;
  threshold: number;
  /** Samples of the series so far. */
  samples: number;
  /** Events a day in which the series comes to the peak score. */
  perDay: number;
  peak: number;
  reason: number;
  /** Samples since it opened. */
  count: number;
  /** The row that was told of, and the one that was worst. */
  now: Evidence;
  worst: Evidence;
  acked: boolean;
  /** Six numbers by which alerts are alike (models/signature.ts); none until they are final. */
  signature: number[];
  /** Of a group: share of each watched channel. */
  shares?: number[];
}

/** What was seen and what was expected; NaN = not known. */
export interface Evidence {
  value: number;
  expected: number;
  lower: number;
  upper: number;
}

/** A firing alert is told again when its peak has grown by this much. */
const UPDATE_PEAK = 2;

const OPENED_AT = 1;
const OPENED_SAMPLE = 2;
const PEAK = 3;
const PEAK_TOLD = 4;
const REASON_AT = 5;
const COUNT = 6;
const HIGH_AT = 7;
const ACKED = 8;
const WORST = 9;
const ACCEPTED = 13;

export interface AlertRules {
  /** Below this T the alert begins to end. */
  release: number;
  /** How long T has to stay below, ms. */
  hold: number;
}

/** Steps the phase on one sample and says what happened. @param fires an alarm starts here */
export function alertStep(
  memory: Float64Array,
  at: number,
  time: number,
  sample: number,
  score: number,
  reason: number,
  fires: boolean,
  rules: AlertRules,
): Exclude<AlertChange['event'], 'signed'> | undefined {
  const high = score >= rules.release;
  if (memory[at] === PHASE.firing) {
    memory[at + COUNT] += 1;
    if (high) memory[at + HIGH_AT] = time;
    if (score > memory[at + PEAK]) {
      memory[at + PEAK] = score;
      memory[at + REASON_AT] = reason;
    }
    if (memory[at + ACCEPTED] === 1) {
      memory[at] = PHASE.idle;
      return 'close';
    }
    if (memory[at + PEAK] >= memory[at + PEAK_TOLD] + UPDATE_PEAK) {
      memory[at + PEAK_TOLD] = memory[at + PEAK]!;
      return 'update';
    }
    if (high || time - memory[at + HIGH_AT] < rules.hold) return undefined;
    memory[at] = PHASE.idle;
    return 'close';
  }
  if (!fires) {
    memory[at] = high ? PHASE.pending : PHASE.idle;
    return undefined;
  }
  memory[at] = PHASE.firing;
  memory[at + OPENED_AT] = time;
  memory[at + OPENED_SAMPLE] = sample;
  memory[at + PEAK] = score;
  memory[at + PEAK_TOLD] = score;
  memory[at + REASON_AT] = reason;
  memory[at + COUNT] = 1;
  memory[at + HIGH_AT] = time;
  memory[at + ACKED] = 0;
  memory[at + ACCEPTED] = 0;
  return 'open';
}

/** Marks the open alert as seen by a person. False when none is open or it was acknowledged before. */
export function acknowledge(memory: Float64Array, at: number): boolean {
  if (memory[at] !== PHASE.firing || memory[at + ACKED] === 1) return false;
  memory[at + ACKED] = 1;
  return true;
}

/** Ends the open alert at the next sample. False when none is open. */
export function accept(memory: Float64Array, at: number): boolean {
  if (memory[at] !== PHASE.firing) return false;
  memory[at + ACCEPTED] = 1;
  return true;
}

/** Whether the last alert ends, or ended, because a person accepted what was. */
export function isAccepted(memory: Float64Array, at: number): boolean {
  return memory[at + ACCEPTED] === 1;
}

/** Highest T of the last alert. */
export function peakOf(memory: Float64Array, at: number): number {
  return memory[at + PEAK];
}

/** Reason of the last alert, at its peak. */
export function reasonOf(memory: Float64Array, at: number): number {
  return memory[at + REASON_AT];
}

/** When the last alert opened, epoch ms. */
export function openedAt(memory: Float64Array, at: number): number {
  return memory[at + OPENED_AT];
}

export function isFiring(memory: Float64Array, at: number): boolean {
  return memory[at] === PHASE.firing;
}

/** How long the alert has been firing, ms; NaN while it does not. */
export function firingFor(memory: Float64Array, at: number, time: number): number {
  return isFiring(memory, at) ? time - memory[at + OPENED_AT] : Number.NaN;
}

/** Keeps what was seen at the row that is the peak so far. */
export function keepWorst(memory: Float64Array, at: number, score: number, evidence: Evidence): void {
  if (memory[at] !== PHASE.firing || score < memory[at + PEAK]) return;
  memory[at + WORST] = evidence.value;
  memory[at + WORST + 1] = evidence.expected;
  memory[at + WORST + 2] = evidence.lower;
  memory[at + WORST + 3] = evidence.upper;
}

/** The alert's side of a change; the row's side is the caller's. */
export function alertFacts(
  memory: Float64Array,
  at: number,
): Pick<AlertChange, 'openedAt' | 'openedSample' | 'peak' | 'reason' | 'count' | 'acked' | 'worst'> {
  return {
    openedAt: memory[at + OPENED_AT],
    openedSample: memory[at + OPENED_SAMPLE],
    peak: memory[at + PEAK],
    reason: memory[at + REASON_AT],
    count: memory[at + COUNT],
    acked: memory[at + ACKED] === 1,
    worst: {
      value: memory[at + WORST],
      expected: memory[at + WORST + 1],
      lower: memory[at + WORST + 2],
      upper: memory[at + WORST + 3],
    },
  };
}
