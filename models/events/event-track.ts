/**
 * A series of events as the daemon watches it: an endless stream of symbols in; how rare each was, and whether an alert
 * starts, out.
 *
 *   symbol ▸ event detector ▸ surprise ──▶ T = g·surprise          g as for a single sample (models/budget.ts)
 *                                     └──▶ level, an e-fold in 8 events
 *
 * An event has no size and comes when it likes: there is no expectation, no band, no error with a sign and hence no
 * signature, and no silence. The symbol comes in batch.value (models/events/symbol.ts); as it tells nobody anything,
 * what is shown in its place is the level.
 */
import { alarmStep, calmAlarm, initialiseAlarm } from '../alarm.ts';
import { accept, peakOf, REASON } from '../alert.ts';
import { type Batch, expectNothing, ROW } from '../batch.ts';
import { budgetGain, budgetRate, budgetStep, budgetThreshold, initialiseBudget, refindThreshold } from '../budget.ts';
import { cadenceOf } from '../cadence.ts';
import type { StateWatch } from '../cells/cell.ts';
import { BENCHMARK_THRESHOLD } from '../detector.ts';
import { NOTHING_FOUND } from '../inspection.ts';
import { lastTimeOf, orderStep, ownTimeOf } from '../order.ts';
import { NO_RULES } from '../rules.ts';
import type { TrackDetector } from '../track-detector.ts';
import { type Learned, NOTHING_STANDS, silentInAlert, Verdict } from '../verdict.ts';
import { createEventReading, EVENT_DEFAULTS, EventDetector } from './event-detector.ts';
import { SURPRISE_MAX } from './next-event.ts';
import { type EventTrackLayout, eventTrackLayoutOf } from './track-layout.ts';

export interface EventTrackOptions {
  /** Symbols that are told apart, the unseen and the end. */
  classes: number;
  /** Units of the cell. */
  hidden: number;
  /** Events between two updates of the weights: a stream without an end would else learn seldom. */
  window: number;
  /** Of learning. Nobody waits weeks for a stream that says something a few times an hour. */
  rate: number;
  /** ms */
  season: number;
  budgetPerDay: number;
}

export const EVENT_TRACK_DEFAULTS: Pick<EventTrackOptions, 'classes' | 'window' | 'rate'> = {
  classes: 64,
  window: 8,
  rate: 1e-2,
};

const ALERT_EVENTS_MIN = 200;
const LEVEL_EVENTS = 8;
const LEVEL_FALL = Math.exp(-1 / LEVEL_EVENTS);
const QUIET_SEASONS = 5 / 6;

export class EventTrack implements TrackDetector {
  readonly options: TrackDetector['options'];
  readonly events: EventDetector;
  readonly layout: EventTrackLayout;
  series = 1;
  readonly size: number;
  readonly shape: string;

  readonly #quietMs: number;
  readonly #reading = createEventReading();
  readonly #learned: Learned = { score: 0, reason: REASON.unexpectedEvent, fires: false, residual: Number.NaN };
  readonly #verdict: Verdict;

  constructor({ classes, hidden, window, rate, season, budgetPerDay }: EventTrackOptions) {
    const { training: usual } = EVENT_DEFAULTS;
    const training = { ...usual, window, optimizer: { ...usual.optimizer, rate } };
    this.options = { cell: 'lstm', season, budgetPerDay, rules: NO_RULES };
    this.events = new EventDetector({ classes, hidden, sessions: false, training });
    this.layout = eventTrackLayoutOf(this.events.size);
    this.size = this.layout.size;
    this.shape = `track of ${this.events.shape}`;
    this.#quietMs = season * QUIET_SEASONS;
    this.#verdict = new Verdict(season, this.layout, NOTHING_STANDS);
  }

  initialise(memory: Float64Array, at: number, seed: number): void {
    const L = this.layout;
    memory.fill(0, at, at + this.size);
    initialiseAlarm(memory, at + L.benchmark);
    initialiseAlarm(memory, at + L.alarm);
    initialiseBudget(memory, at + L.budget);
    this.events.initialise(memory, at + L.events, seed);
  }

  order(memory: Float64Array, at: number, batch: Batch, row: number): void {
    orderStep(memory, at + this.layout.order, at + this.layout.cadence, batch, row);
  }

  step(memory: Float64Array, at: number, batch: Batch, row: number): void {
    if ((batch.flags[row] & ROW.overdue) !== 0) {
      this.#verdict.nobody(memory, at, batch, row);
      return;
    }
    const L = this.layout;
    const { season, budgetPerDay } = this.options;
    const symbol = batch.value[row];
    const time = batch.time[row];
    expectNothing(batch, row);
    if (Number.isNaN(symbol)) return;
    const reading = this.#reading;
    const n = memory[at + L.samples];
    this.events.step(memory, at + L.events, symbol, reading);
    if (reading.forgotten) batch.flags[row] |= ROW.forgotten;
    const { surprise } = reading;
    const fallen = memory[at + L.level] * LEVEL_FALL;
    const level = fallen > surprise && fallen <= SURPRISE_MAX ? fallen : surprise;
    memory[at + L.level] = level;

    refindThreshold(memory, at + L.budget, time, budgetPerDay / Math.max(1, this.series), batch.cadence[row], season);
    const threshold = budgetThreshold(memory, at + L.budget);
    const learned = this.#learned;
    learned.score = budgetGain(memory, at + L.budget) * surprise;
    if (n >= ALERT_EVENTS_MIN) budgetStep(memory, at + L.budget, time, surprise, 0, season);

    batch.surprise[row] = surprise;
    batch.level[row] = level;
    batch.value[row] = level;
    const opens = alarmStep(memory, at + L.benchmark, time, surprise, BENCHMARK_THRESHOLD, this.#quietMs);
    batch.anomaly[row] = opens ? surprise : 0;
    learned.fires =
      n >= ALERT_EVENTS_MIN && alarmStep(memory, at + L.alarm, time, learned.score, threshold, this.#quietMs);
    this.#verdict.decide(memory, at, batch, row, learned, NOTHING_FOUND);
  }

  threshold(memory: Float64Array, at: number): number {
    return budgetThreshold(memory, at + this.layout.budget);
  }

  ratePerDay(memory: Float64Array, at: number, score: number): number {
    const { budget, cadence } = this.layout;
    return budgetRate(memory, at + budget, score, cadenceOf(memory, at + cadence), this.options.season);
  }

  /** Events come when they like; but an alert must not stay open when none comes. */
  silence(memory: Float64Array, at: number, now: number, since: number): number {
    return silentInAlert(memory, at, this.layout, now, since);
  }

  ownTime(memory: Float64Array, at: number, now: number): number {
    return ownTimeOf(memory, at + this.layout.order, now);
  }

  acceptRegime(memory: Float64Array, at: number): boolean {
    const L = this.layout;
    if (!accept(memory, at + L.alert)) return false;
    calmAlarm(memory, at + L.alarm, lastTimeOf(memory, at + L.order), peakOf(memory, at + L.alert));
    return true;
  }

  watch(memory: Float64Array, at: number): StateWatch | undefined {
    return this.events.watch(memory, at + this.layout.events);
  }
}
