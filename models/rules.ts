/**
 * What a person says about alerts: which side matters, how small a deviation is nobody's business, and what is
 * physically impossible. Rules decide which alerts open; no score, band or weight depends on them.
 */
import { type Limits, NO_LIMITS } from './limits.ts';

export type Direction = 'both' | 'up' | 'down';

export interface Rules {
  /** The side of the expectation on which the learned model may open an alert. */
  direction: Direction;
  /** The least |value − expected| for that: in the unit of the series, and as a share of |expected|; 0: any. */
  minDeviation: number;
  minDeviationShare: number;
  limits: Limits;
}

export const NO_RULES: Rules = { direction: 'both', minDeviation: 0, minDeviationShare: 0, limits: NO_LIMITS };

/** Whether a value this far above (or, negative, below) its expectation may open an alert. */
export function mayOpen(rules: Rules, deviation: number, expected: number): boolean {
  if (rules.direction === 'up' && !(deviation > 0)) return false;
  if (rules.direction === 'down' && !(deviation < 0)) return false;
  const size = Math.abs(deviation);
  return size >= rules.minDeviation && size >= rules.minDeviationShare * Math.abs(expected);
}
