/**
 * A series that explains others and is not watched itself: a set point, a command, the weather. It is put in order and its
 * last value is kept; nothing is learned of it, expected of it or told of it.
 *
 * Memory: order; cadence; alert, which stays empty; value, NaN before the first.
 */
import { ALERT_SIZE } from './alert.ts';
import { type Batch, expectNothing } from './batch.ts';
import { CADENCE_SIZE } from './cadence.ts';
import { ORDER_SIZE, orderStep, ownTimeOf } from './order.ts';
import { NO_RULES } from './rules.ts';
import type { TrackDetector } from './track-detector.ts';

const LAYOUT = { order: 0, cadence: ORDER_SIZE, alert: ORDER_SIZE + CADENCE_SIZE };
const VALUE = LAYOUT.alert + ALERT_SIZE;

export class ContextTrack implements TrackDetector {
  readonly options: TrackDetector['options'];
  readonly layout = LAYOUT;
  series = 1;
  readonly size = VALUE + 1;
  readonly shape = 'context';

  constructor({ cell, season, budgetPerDay }: Omit<TrackDetector['options'], 'rules'>) {
    this.options = { cell, season, budgetPerDay, rules: NO_RULES };
  }

  initialise(memory: Float64Array, at: number): void {
    memory.fill(0, at, at + this.size);
    memory[at + VALUE] = Number.NaN;
  }

  order(memory: Float64Array, at: number, batch: Batch, row: number): void {
    orderStep(memory, at + LAYOUT.order, at + LAYOUT.cadence, batch, row);
  }

  /** From here on this is what it says. Apart from `step`, which comes when later rows have been put in order already. */
  say(memory: Float64Array, at: number, value: number): void {
    memory[at + VALUE] = value;
  }

  /** What it said last; NaN = nothing yet. */
  saidOf(memory: Float64Array, at: number): number {
    return memory[at + VALUE];
  }

  step(_memory: Float64Array, _at: number, batch: Batch, row: number): void {
    expectNothing(batch, row);
  }

  threshold(): number {
    return Infinity;
  }

  ratePerDay(): number {
    return 0;
  }

  /** A set point speaks when it is changed. */
  silence(): number {
    return 0;
  }

  ownTime(memory: Float64Array, at: number, now: number): number {
    return ownTimeOf(memory, at + LAYOUT.order, now);
  }

  acceptRegime(): boolean {
    return false;
  }

  watch(): undefined {
    return undefined;
  }
}
