/** Where everything of a group's detector lies in its flat block. */
import { ALARM_SIZE } from '../alarm.ts';
import { ALERT_SIZE } from '../alert.ts';
import { BUDGET_SIZE } from '../budget.ts';
import { CADENCE_SIZE } from '../cadence.ts';
import { CALIBRATION_SIZE } from '../calibration.ts';
import { ORDER_SIZE } from '../order.ts';
import { SIGNATURE_SIZE } from '../signature.ts';
import { framesSize } from '../frames.ts';
import { gatherSize } from './gather.ts';
import { SLOW_TAIL_SIZE } from './slow-tail.ts';

export interface GroupLayout {
  order: number;
  /** The row that is being gathered. */
  gather: number;
  cadence: number;
  benchmark: number;
  alarm: number;
  alert: number;
  signature: number;
  budget: number;
  samples: number;
  /** How much of the alert each channel is to blame for. */
  blame: number;

  /** From here to the end: what was learned, forgotten when it can no longer be computed with. */
  learned: number;
  frames: number;
  rows: number;
  surprise: number;
  lasting: number;
  /** uⱼ² over the last 8 rows. */
  recent: number;
  anchor: number;
  joint: number;

  /** Numbers in the block. */
  size: number;
}

export function groupLayoutOf(channels: number, context: number, jointSize: number, anchorSize: number): GroupLayout {
  let next = 0;
  const take = (size: number) => {
    const at = next;
    next += size;
    return at;
  };
  const kept = {
    order: take(ORDER_SIZE),
    gather: take(gatherSize(channels, context)),
    cadence: take(CADENCE_SIZE),
    benchmark: take(ALARM_SIZE),
    alarm: take(ALARM_SIZE),
    alert: take(ALERT_SIZE),
    signature: take(SIGNATURE_SIZE),
    budget: take(BUDGET_SIZE),
    samples: take(1),
    blame: take(channels),
  };
  const learned = next;
  return {
    ...kept,
    learned,
    frames: take(framesSize(channels + context)),
    rows: take(1),
    surprise: take(CALIBRATION_SIZE),
    lasting: take(SLOW_TAIL_SIZE),
    recent: take(channels),
    anchor: take(anchorSize),
    joint: take(jointSize),
    size: next,
  };
}
