/**
 * From a budget of alarms a day to a threshold, by how often this series came to which score.
 *
 * Single samples and what lasts are counted apart (models/event-rate.ts), each with its share of the budget: the tail
 * of one is nothing like that of the other, and there are thousands of samples to a look of the slow lanes. For one
 * number to be enough, the score of a single sample is then counted in units of its own threshold:
 *
 *   T = max(events, g·sudden)        g = θ(events)/θ(sudden)
 *
 * A score that is a chance for each sample, such as that of a stuck sensor, needs no counting: it is worth θ where it is
 * as rare as its share of the budget asks, and one in a hundred thousand at least. All is found anew once in an hour of
 * the season, from what was known before, and no threshold is below what is worth telling.
 *
 * Memory: events of single samples; of what lasts; θ, g, what a point of a chance is worth, and the hour of the season
 * they were found in.
 */
import { SCORE_MAX } from './calibration.ts';
import {
  decadesDown,
  EVENT_RATE_SIZE,
  eventRateStep,
  initialiseEventRate,
  isWatched,
  ratePerDay,
  thresholdFor,
} from './event-rate.ts';

const LASTING = EVENT_RATE_SIZE;
const THRESHOLD = 2 * EVENT_RATE_SIZE;
const GAIN = THRESHOLD + 1;
const CHANCE_GAIN = THRESHOLD + 2;
const HOUR = THRESHOLD + 3;
export const BUDGET_SIZE = THRESHOLD + 4;

/** How the budget is divided. The tail of what lasts is the one least known. */
const SINGLE_SHARE = 0.5;
const SLOW_SHARE = 0.3;
const CHANCE_SHARE = 0.2;
/** Below it nothing is an event, however few of them there are. */
const THRESHOLD_MIN = 3;
const CHANCE_MIN = 5;
/** Until a series has spoken. */
const THRESHOLD_START = 4;
/** Where both thresholds are the least there is, a single sample has to be a little rarer. */
const GAIN_START = 0.9;
const REFIND_SEASONS = 1 / 24;
/** Independent looks of the slow lanes in a season, and how their scores are assumed to fall. */
const SLOW_LOOKS_A_SEASON = 24;
const SLOW_DECADES = 0.85;
/** Of pure noise. */
const EXTREMES = 0.4;
const DAY_MS = 24 * 3600_000;

/** Reused: one pair for all series. */
const single = { looks: 0, decades: 1, extremes: 0 };
const slow = { looks: 0, decades: SLOW_DECADES, extremes: EXTREMES };

function readPriors(cadence: number, season: number): void {
  single.looks = DAY_MS / (cadence > 0 ? cadence : 1000);
  slow.looks = Math.min((SLOW_LOOKS_A_SEASON * DAY_MS) / season, single.looks);
}

export function initialiseBudget(memory: Float64Array, at: number): void {
  initialiseEventRate(memory, at);
  initialiseEventRate(memory, at + LASTING);
  memory[at + THRESHOLD] = THRESHOLD_START;
  memory[at + GAIN] = GAIN_START;
  memory[at + CHANCE_GAIN] = 1;
  memory[at + HOUR] = Number.NaN;
}

/** θ. */
export function budgetThreshold(memory: Float64Array, at: number): number {
  return memory[at + THRESHOLD];
}

/** g, what a point of a single sample is worth. */
export function budgetGain(memory: Float64Array, at: number): number {
  return memory[at + GAIN];
}

/** What a point of a score is worth that is the chance of a sample. */
export function chanceGain(memory: Float64Array, at: number): number {
  return memory[at + CHANCE_GAIN];
}

/** Counts what a sample brought. */
export function budgetStep(
  memory: Float64Array,
  at: number,
  time: number,
  sudden: number,
  events: number,
  season: number,
): void {
  eventRateStep(memory, at, time, sudden, season);
  eventRateStep(memory, at + LASTING, time, events, season);
}

/** Finds θ and g anew where an hour of the season has begun. @param perDay  alarms that this series may raise */
export function refindThreshold(
  memory: Float64Array,
  at: number,
  time: number,
  perDay: number,
  cadence: number,
  season: number,
): void {
  const hour = Math.floor(time / (REFIND_SEASONS * season));
  if (hour === memory[at + HOUR]) return;
  // What a series brings is not known by the hour before anything was counted.
  if (isWatched(memory, at)) memory[at + HOUR] = hour;
  readPriors(cadence, season);
  const events = Math.max(THRESHOLD_MIN, thresholdFor(memory, at + LASTING, SLOW_SHARE * perDay, slow, season));
  const sudden = thresholdFor(memory, at, SINGLE_SHARE * perDay, single, season);
  memory[at + THRESHOLD] = events;
  memory[at + GAIN] = events / Math.max(sudden, THRESHOLD_MIN / GAIN_START);
  const chance = Math.log10(single.looks / (CHANCE_SHARE * perDay));
  memory[at + CHANCE_GAIN] = events / Math.min(SCORE_MAX, Math.max(CHANCE_MIN, chance));
}

/** How often the series comes to T, events a day. */
export function budgetRate(memory: Float64Array, at: number, score: number, cadence: number, season: number): number {
  readPriors(cadence, season);
  const ofSamples = ratePerDay(memory, at, score / memory[at + GAIN], single, season);
  return ofSamples + ratePerDay(memory, at + LASTING, score, slow, season);
}

/** How often a chance is worth T, events a day. */
export function chanceRate(memory: Float64Array, at: number, score: number, cadence: number, season: number): number {
  readPriors(cadence, season);
  return single.looks * decadesDown(score / memory[at + CHANCE_GAIN]);
}
