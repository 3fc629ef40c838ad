/** Where everything of a series of events lies in its flat block, what was learned last. */
import { ALARM_SIZE } from '../alarm.ts';
import { ALERT_SIZE } from '../alert.ts';
import { BUDGET_SIZE } from '../budget.ts';
import { CADENCE_SIZE } from '../cadence.ts';
import { ORDER_SIZE } from '../order.ts';
import { SIGNATURE_SIZE } from '../signature.ts';

export interface EventTrackLayout {
  order: number;
  cadence: number;
  benchmark: number;
  alarm: number;
  alert: number;
  /** Stays empty. */
  signature: number;
  budget: number;
  /** Events scored. */
  samples: number;
  /** The surprise that is shown, which falls slowly. */
  level: number;
  events: number;
  /** Numbers in the block. */
  size: number;
}

export function eventTrackLayoutOf(eventsSize: number): EventTrackLayout {
  let next = 0;
  const take = (size: number) => {
    const at = next;
    next += size;
    return at;
  };
  return {
    order: take(ORDER_SIZE),
    cadence: take(CADENCE_SIZE),
    benchmark: take(ALARM_SIZE),
    alarm: take(ALARM_SIZE),
    alert: take(ALERT_SIZE),
    signature: take(SIGNATURE_SIZE),
    budget: take(BUDGET_SIZE),
    samples: take(1),
    level: take(1),
    events: take(eventsSize),
    size: next,
  };
}
