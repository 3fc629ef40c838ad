/**
 * Where everything of one detector lies in its flat block. One list for making, stepping and saving; a checkpoint
 * reaches all there is because there is nowhere else to keep anything. What the networks learned, weights and moments,
 * comes last; where several series share it, it lies elsewhere and the block ends before it.
 */
import { ALARM_SIZE } from './alarm.ts';
import { ALERT_SIZE } from './alert.ts';
import { BUDGET_SIZE } from './budget.ts';
import { CADENCE_SIZE } from './cadence.ts';
import { CALIBRATION_SIZE } from './calibration.ts';
import { featuresSize } from './features.ts';
import { FRAME_SIZE } from './frame.ts';
import { KIND_SIZE } from './kind.ts';
import { LANE_SIZE } from './lane.ts';
import { LIMITS_SIZE } from './limits.ts';
import { ORDER_SIZE } from './order.ts';
import { RANGE_SIZE } from './range.ts';
import { SIGNATURE_SIZE } from './signature.ts';
import { SKEW_SIZE } from './skew.ts';
import { STANDING_SIZE } from './standing.ts';
import { STUCK_SIZE } from './stuck.ts';
import { SUDDEN_SIZE } from './sudden.ts';
import { TRUE_RATE_SIZE } from './true-rate.ts';
import { TYPE_CHANGE_SIZE } from './type-change.ts';

export interface DetectorLayout {
  order: number;
  cadence: number;
  kind: number;
  stuck: number;
  limits: number;
  typeChange: number;
  skew: number;
  benchmark: number;
  /** Of what was learned, and of the sensor's health. */
  alarm: number;
  healthAlarm: number;
  alert: number;
  /** The first residuals of the alert. */
  signature: number;
  budget: number;
  /** Samples scored, for the number of an alert's opening sample. */
  samples: number;

  /** From here to the end: what was learned of the values, forgotten when the kind of the series changes. */
  learned: number;
  frame: number;
  range: number;
  features: number;
  context: number;
  /** Forecast of the next z; running square of its error; inputs clipped in a row. */
  forecast: number;
  errorSquare: number;
  clipped: number;
  sudden: number;
  surprise: number;
  trueRate: number;
  lasting: number;
  /** Against siblings. */
  unlike: number;
  /** The score that is shown, which falls slowly. */
  level: number;
  standing: number;
  /** Of the two forecasters, all but what their networks learned. */
  ahead: number;
  fast: number;
  /** What the networks learned: of the fast one, then of the one ahead. */
  weights: number;

  /** Numbers in the block. */
  size: number;
}

/** @param aheadSize  with `fastSize`: of the forecasters without what their networks learned, which is `weightsSize` */
export function layoutOf(
  lags: number,
  aheadSize: number,
  fastSize: number,
  contextSize = 0,
  weightsSize = 0,
): DetectorLayout {
  let next = 0;
  const take = (size: number) => {
    const at = next;
    next += size;
    return at;
  };
  const health = {
    order: take(ORDER_SIZE),
    cadence: take(CADENCE_SIZE),
    kind: take(KIND_SIZE),
    stuck: take(STUCK_SIZE),
    limits: take(LIMITS_SIZE),
    typeChange: take(TYPE_CHANGE_SIZE),
    skew: take(SKEW_SIZE),
    benchmark: take(ALARM_SIZE),
    alarm: take(ALARM_SIZE),
    healthAlarm: take(ALARM_SIZE),
    alert: take(ALERT_SIZE),
    signature: take(SIGNATURE_SIZE),
    budget: take(BUDGET_SIZE),
    samples: take(1),
  };
  const learned = next;
  return {
    ...health,
    learned,
    frame: take(FRAME_SIZE),
    range: take(RANGE_SIZE),
    features: take(featuresSize(lags)),
    context: take(contextSize),
    forecast: take(1),
    errorSquare: take(1),
    clipped: take(1),
    sudden: take(SUDDEN_SIZE),
    surprise: take(CALIBRATION_SIZE),
    trueRate: take(TRUE_RATE_SIZE),
    lasting: take(LANE_SIZE),
    unlike: take(LANE_SIZE),
    level: take(1),
    standing: take(STANDING_SIZE),
    ahead: take(aheadSize),
    fast: take(fastSize),
    weights: take(weightsSize),
    size: next,
  };
}
