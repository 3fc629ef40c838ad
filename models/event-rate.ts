/**
 * How often a score is reached: events a day, at each of 32 thresholds.
 *
 * A score is no probability: it is a sum of channels or a tail drawn further than the past reaches, its large values come
 * in swarms, and how many there are is the plant's own affair. So events are counted, for each threshold from 2 to 17.5:
 * an excursion above it, two of them when season/24 lies between, and one more for every quarter of a season that it
 * lasts, or a threshold that the score never leaves would look quiet. Counts c fade over 30 days, and so does the time E
 * that was watched. To both is added what is assumed of a series nobody knows: r₀(T) = looks·10^(−decades·T) for w days,
 * as long as it takes to see ten events of the lowest threshold and two days at most.
 *
 *   rate(T) = (c + w·r₀)/(E + w)         up to the highest threshold with ten events
 *   rate(T) = rate(there)·q^(levels up)  beyond, the share q of events that reach the next threshold being what it was
 *                                        there, and from a threshold that was reached twice on no lower than that says
 *
 * Where new extremes are part of the score, a young series comes to them by itself: among n values of anything the next
 * is the largest with chance 1/n, so their rate is some share of 1/age, whatever the cadence. That is added.
 *
 * Two hours of a plant that is read each second so know what a day may bring. A budget of alarms a day is then a
 * threshold: the lowest whose rate is within it. Each step touches only the thresholds that the score exceeds; for a
 * calm series, none.
 *
 * Memory: time of the first sample, time of the last; for each threshold: count, time it was counted, time the score was
 * last above, time from which the excursion counts again.
 */
const LEVELS = 32;
const LOWEST = 2;
const APART = 0.5;
const OWN = 2;
const COUNTED_AT = 1;
const ABOVE_AT = 2;
const AGAIN_AT = 3;
const LEVEL_SIZE = 4;
export const EVENT_RATE_SIZE = OWN + LEVELS * LEVEL_SIZE;

const APART_SEASONS = 1 / 24;
const AGAIN_SEASONS = 1 / 4;
const DAY_MS = 24 * 3600_000;
const FADE_DAYS = 30;
const ASSUMED_DAYS_MAX = 2;
const ASSUMED_EVENTS = 10;
/** A threshold with so many events is known by itself. */
const EVENTS_KNOWN = 10;
const EVENTS_TELLING = 2;
/** However calm the past, and however wild: decades that the rate may fall over a point. */
const DECADES_MAX = 2;
const DECADES_MIN = 0.5;

/** 10^(−x). */
export function decadesDown(x: number): number {
  return Math.exp(-x * Math.LN10);
}

const FALL_MOST = decadesDown(DECADES_MAX * APART);
const FALL_LEAST = decadesDown(DECADES_MIN * APART);

/** What is assumed of the scores of a series nobody knows. */
export interface EventPrior {
  /** How often in a day a score could be high by chance. */
  looks: number;
  /** Decades by which its rate falls over a point. */
  decades: number;
  /** New extremes that score 3 and more, in a day of a series that is a day old. */
  extremes: number;
}

const EXTREME_SCORE = 3;
const EXTREME_DECADES = 2;
const AGE_DAYS_MIN = 0.002;

export function initialiseEventRate(memory: Float64Array, at: number): void {
  memory.fill(0, at, at + EVENT_RATE_SIZE);
  memory[at] = Number.NaN;
  for (let k = 0; k < LEVELS; k++) memory[levelAt(at, k) + ABOVE_AT] = -Infinity;
}

/** Whether it has been watched for any time at all. */
export function isWatched(memory: Float64Array, at: number): boolean {
  return memory[at + 1] > memory[at];
}

/** Time of the last score, epoch ms. */
export function lastScoredAt(memory: Float64Array, at: number): number {
  return memory[at + 1];
}

/** Takes in the score of a sample. @param season  ms */
export function eventRateStep(memory: Float64Array, at: number, time: number, score: number, season: number): void {
  if (Number.isNaN(memory[at])) memory[at] = time;
  memory[at + 1] = time;
  for (let k = 0; k < LEVELS && score >= thresholdOf(k); k++) {
    const level = levelAt(at, k);
    const isNew = time - memory[level + ABOVE_AT] > APART_SEASONS * season;
    memory[level + ABOVE_AT] = time;
    if (!isNew && time < memory[level + AGAIN_AT]) continue;
    memory[level] = faded(memory, level, time) + 1;
    memory[level + COUNTED_AT] = time;
    memory[level + AGAIN_AT] = time + AGAIN_SEASONS * season;
  }
}

/** Events a day that a threshold would bring. @param season  ms */
export function ratePerDay(
  memory: Float64Array,
  at: number,
  threshold: number,
  prior: EventPrior,
  season: number,
): number {
  const fall = readRates(memory, at, prior, season);
  const k = Math.min(LEVELS - 1, Math.max(0, (threshold - LOWEST) / APART));
  const below = Math.floor(k);
  const lower = Math.log(rates[below]);
  const upper = Math.log(rates[Math.min(LEVELS - 1, below + 1)]);
  const beyond = Math.max(0, threshold - thresholdOf(LEVELS - 1));
  return Math.exp(lower + (k - below) * (upper - lower) + (beyond / APART) * Math.log(fall));
}

/** The lowest threshold whose rate is at most `perDay`. */
export function thresholdFor(
  memory: Float64Array,
  at: number,
  perDay: number,
  prior: EventPrior,
  season: number,
): number {
  const fall = readRates(memory, at, prior, season);
  if (rates[0] <= perDay) return LOWEST;
  for (let k = 1; k < LEVELS; k++) {
    if (rates[k] > perDay) continue;
    return thresholdOf(k - 1) + (APART * Math.log(rates[k - 1] / perDay)) / Math.log(rates[k - 1] / rates[k]);
  }
  return thresholdOf(LEVELS - 1) + (APART * Math.log(perDay / rates[LEVELS - 1])) / Math.log(fall);
}

function thresholdOf(k: number): number {
  return LOWEST + APART * k;
}

function levelAt(at: number, k: number): number {
  return at + OWN + k * LEVEL_SIZE;
}

/** The count of a level as of `time`. */
function faded(memory: Float64Array, level: number, time: number): number {
  const count = memory[level];
  return count === 0 ? 0 : count * Math.exp((memory[level + COUNTED_AT] - time) / (FADE_DAYS * DAY_MS));
}

/** Events a day at each level, as last read: of one series at a time. */
const rates = new Float64Array(LEVELS);
const counts = new Float64Array(LEVELS);

/** Fills `rates`, which never rise from one level to the next. Returns q, by which they fall beyond what is known. */
function readRates(memory: Float64Array, at: number, { looks, decades, extremes }: EventPrior, season: number): number {
  const time = memory[at + 1];
  const age = Number.isNaN(memory[at]) ? 0 : (time - memory[at]) / DAY_MS;
  const eventsPerDayMax = DAY_MS / (APART_SEASONS * season);
  const assumedAt = (k: number): number => Math.min(eventsPerDayMax, looks * decadesDown(decades * thresholdOf(k)));
  const assumedDays = Math.min(ASSUMED_DAYS_MAX, ASSUMED_EVENTS / assumedAt(0));
  const days = FADE_DAYS * -Math.expm1(-age / FADE_DAYS) + assumedDays;
  let known = 0;
  for (let k = 0; k < LEVELS; k++) {
    counts[k] = faded(memory, levelAt(at, k), time) + assumedDays * assumedAt(k);
    if (counts[k] >= EVENTS_KNOWN) known = k;
  }
  // A single wild score tells of no tail.
  let reached = EVENTS_TELLING;
  let further = EVENTS_TELLING * decadesDown(decades * APART);
  for (let k = known; k < LEVELS - 1 && counts[k] >= EVENTS_TELLING; k++) {
    reached += counts[k];
    further += counts[k + 1];
  }
  const share = further / reached;
  const fall = Math.min(FALL_LEAST, Math.max(FALL_MOST, share));
  for (let k = 0; k < LEVELS; k++) {
    const counted = counts[k] / days;
    const isKnown = k <= known || memory[levelAt(at, k)] >= EVENTS_TELLING;
    const expected = k <= known ? 0 : rates[k - 1] * fall;
    rates[k] = Math.max(expected, isKnown ? counted : 0);
  }
  // What is reached now and then may be reached more often than what is never left.
  for (let k = LEVELS - 2; k >= 0; k--) rates[k] = Math.max(rates[k], rates[k + 1]);
  if (extremes === 0 || age === 0) return fall;
  for (let k = 0; k < LEVELS; k++) {
    const perDay =
      (extremes / Math.max(age, AGE_DAYS_MIN)) * decadesDown(EXTREME_DECADES * (thresholdOf(k) - EXTREME_SCORE));
    rates[k] += Math.min(eventsPerDayMax, perDay);
  }
  return fall;
}
