/**
 * What is wrong with a row for which nothing had to be learned: outside its limits, too fast, another type of value, a
 * clock that runs away.
 *
 * Used by one detector for every series: `begin` with each row, before anything is found.
 */
import { REASON } from './alert.ts';
import { type Batch, ROW } from './batch.ts';
import type { DetectorLayout } from './layout.ts';
import { excessOf, limitStep, type Limits, rateExcessOf } from './limits.ts';
import { skewStep } from './skew.ts';
import { TYPE, typeStep } from './type-change.ts';

const NOTHING = -1;

/** What was found wrong with a row. */
export interface Finding {
  /** A code of `REASON`; −1: nothing. */
  readonly reason: number;
  /** How far beyond a limit, 0..1; 0: it is worth telling, and no more. */
  readonly excess: number;
  /** It begins here. */
  readonly begins: boolean;
}

export const NOTHING_FOUND: Finding = { reason: NOTHING, excess: 0, begins: false };

export class Inspection implements Finding {
  reason = NOTHING;
  excess = 0;
  begins = false;
  readonly #limits: Limits;
  readonly #layout: DetectorLayout;

  constructor(limits: Limits, layout: DetectorLayout) {
    this.#limits = limits;
    this.#layout = layout;
  }

  /** A row begins; nothing is known against it. */
  begin(): void {
    this.reason = NOTHING;
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
    const beyond = onOff ? 0 : excessOf(raw, this.#limits);
    const tooFast = onOff ? 0 : rateExcessOf(change, gap, this.#limits);
    const excess = beyond > 0 ? beyond : tooFast;
    const begins = limitStep(memory, at + L.limits, excess > 0);
    if (excess > 0) this.#find(beyond > 0 ? REASON.limit : REASON.rate, excess, begins);
  }

  /** Text in place of a value. */
  inspectText(memory: Float64Array, at: number): void {
    if (typeStep(memory, at + this.#layout.typeChange, TYPE.text)) this.#find(REASON.typeChange, 0, true);
  }

  #find(reason: number, excess: number, begins: boolean): void {
    this.reason = reason;
    this.excess = excess;
    this.begins = begins;
  }
}
