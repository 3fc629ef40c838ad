/**
 * How often a score is reached: events a day, at each of 32 thresholds.
 *
 * T is no probability: it is a sum of channels, its large values come in swarms, and how many there are is the plant's
 * own affair. So events are counted, for each threshold from 2 to 17.5: an excursion above it, two of them when season/24
 * lies between, and one more for every quarter of a season that it lasts, or a threshold that T never leaves would look
 * quiet. With counts c that fade over 30 days, and the time E that was watched, faded alike,
 *
 *   rate(T) = (c + w·r₀(T))/(E + w)
 *
 * r₀ is what is assumed of a series nobody knows, w = 2 days how long that is believed. Above the highest threshold that
 * was reached at least twice the rate falls no faster than half a decade for each point.
 *
 * A budget of alarms a day is then a threshold: the lowest T whose rate is within it. Each step touches only the
 * thresholds that T exceeds; for a calm series, none.
 *
 * Memory: time of the first sample, time of the last; for each threshold: count, time it was counted, time T was last
 * above, time from which the excursion counts again.
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
const ASSUMED_DAYS = 2;
const TAIL_DECADES = 0.5;
/** Independent looks of the slow lanes in a season, and how their scores and those of single samples are assumed to fall. */
const SLOW_A_SEASON = 24;
const SLOW_DECADES = 0.85;
const SINGLE_DECADES = 1 / 0.9;

export function initialiseEventRate(memory: Float64Array, at: number): void {
  memory.fill(0, at, at + EVENT_RATE_SIZE);
  memory[at] = Number.NaN;
  for (let k = 0; k < LEVELS; k++) memory[levelAt(at, k) + ABOVE_AT] = -Infinity;
}

/** Takes in the score T of a sample. @param season  ms */
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

/** Events a day that a threshold would bring. @param cadence  ms; @param season  ms */
export function ratePerDay(
  memory: Float64Array,
  at: number,
  threshold: number,
  cadence: number,
  season: number,
): number {
  const k = Math.min(LEVELS - 1, Math.max(0, (threshold - LOWEST) / APART));
  const below = Math.floor(k);
  const lower = Math.log(levelRate(memory, at, below, cadence, season));
  const upper = Math.log(levelRate(memory, at, Math.min(LEVELS - 1, below + 1), cadence, season));
  const beyond = Math.max(0, threshold - thresholdOf(LEVELS - 1));
  return Math.exp(lower + (k - below) * (upper - lower) - beyond * TAIL_DECADES * Math.LN10);
}

/** The lowest threshold whose rate is at most `perDay`. */
export function thresholdFor(
  memory: Float64Array,
  at: number,
  perDay: number,
  cadence: number,
  season: number,
): number {
  let rateBefore = levelRate(memory, at, 0, cadence, season);
  if (rateBefore <= perDay) return LOWEST;
  for (let k = 1; k < LEVELS; k++) {
    const rate = levelRate(memory, at, k, cadence, season);
    if (rate <= perDay) {
      const share = Math.log(rateBefore / perDay) / Math.log(rateBefore / rate);
      return thresholdOf(k - 1) + APART * share;
    }
    rateBefore = rate;
  }
  return thresholdOf(LEVELS - 1) + Math.log10(rateBefore / perDay) / TAIL_DECADES;
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

function levelRate(memory: Float64Array, at: number, k: number, cadence: number, season: number): number {
  const time = memory[at + 1];
  const age = Number.isNaN(memory[at]) ? 0 : (time - memory[at]) / DAY_MS;
  const watched = FADE_DAYS * -Math.expm1(-age / FADE_DAYS);
  const days = watched + ASSUMED_DAYS;
  let rate = (faded(memory, levelAt(at, k), time) + ASSUMED_DAYS * assumed(thresholdOf(k), cadence, season)) / days;
  // The nearest threshold below that is well known bounds how fast the rate may fall.
  for (let j = k - 1; j >= 0; j--) {
    const count = faded(memory, levelAt(at, j), time);
    if (count < 2) continue;
    rate = Math.max(rate, (count / days) * Math.exp(-TAIL_DECADES * Math.LN10 * APART * (k - j)));
    break;
  }
  return rate;
}

/** r₀: single samples exceed by chance, and so do the slow lanes; events are season/24 apart. */
function assumed(threshold: number, cadence: number, season: number): number {
  const samplesPerDay = DAY_MS / (cadence > 0 ? cadence : 1000);
  const looksPerDay = Math.min((SLOW_A_SEASON * DAY_MS) / season, samplesPerDay);
  const single = samplesPerDay * Math.exp(-threshold * SINGLE_DECADES * Math.LN10);
  const slow = looksPerDay * Math.exp(-threshold * SLOW_DECADES * Math.LN10);
  return Math.min(DAY_MS / (APART_SEASONS * season), single + slow);
}
