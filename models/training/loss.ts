/**
 * How wrong the head's outputs y were, once the truth t is known, and which way to move them.
 *
 *   squared    e²/2                                                        e = y − t
 *   huber      e²/2 where |e| ≤ δ, else δ(|e| − δ/2)
 *   quantiles  Σ max(q(t − y), (q − 1)(t − y)), one y for each q
 *   gaussian   (s + (t − μ)²e⁻ˢ + ln 2π)/2                                 y = μ, s = ln σ²
 *   studentT   ln Γ(ν/2) − ln Γ((ν+1)/2) + (ln πν + s + (ν+1)·ln(1 + u))/2  y = μ, s; u = (t − μ)²e⁻ˢ/ν
 *
 * The head stays linear, whatever its outputs mean: the shape is the loss's own. Classes are in softmax.ts.
 *
 * Sources: Huber 1964; Koenker & Bassett 1978 (quantiles); Lange, Little & Taylor 1989 (Student's t).
 */
import { clip } from '../activation.ts';
import { lnGamma } from '../special.ts';

export interface Loss {
  readonly name: string;
  /** Numbers in y. */
  readonly outputs: number;
  /** Numbers read from memory[target..]. */
  readonly targets: number;
  /** Allocates nothing. */
  value(memory: Float64Array, y: number, target: number): number;
  /** Writes ∂loss/∂y [outputs] to memory[dy..]. Allocates nothing. */
  gradient(memory: Float64Array, y: number, target: number, dy: number): void;
}

/** A loss that is a sum over outputs, each with a target of its own. */
export function elementwise(
  name: string,
  outputs: number,
  valueOf: (y: number, t: number) => number,
  slopeOf: (y: number, t: number) => number,
): Loss {
  return {
    name,
    outputs,
    targets: outputs,
    value(memory, y, target) {
      let sum = 0;
      for (let k = 0; k < outputs; k++) sum += valueOf(memory[y + k], memory[target + k]);
      return sum;
    },
    gradient(memory, y, target, dy) {
      for (let k = 0; k < outputs; k++) memory[dy + k] = slopeOf(memory[y + k], memory[target + k]);
    },
  };
}

export function squared(outputs = 1): Loss {
  return elementwise(
    'squared',
    outputs,
    (y, t) => ((y - t) * (y - t)) / 2,
    (y, t) => y - t,
  );
}

/** @throws RangeError unless δ > 0 */
export function huber(delta: number, outputs = 1): Loss {
  if (!(delta > 0)) throw new RangeError(`huber: expected delta > 0, got ${delta}`);
  return elementwise(
    'huber',
    outputs,
    (y, t) => huberValue(y - t, delta),
    (y, t) => clip(y - t, delta),
  );
}

/** Huber with a δ that moves: memory[target..] is t, δ. Three times the running scale is usual (running-scale.ts). */
export function movingHuber(): Loss {
  return {
    name: 'movingHuber',
    outputs: 1,
    targets: 2,
    value(memory, y, target) {
      return huberValue(memory[y] - memory[target], memory[target + 1]);
    },
    gradient(memory, y, target, dy) {
      memory[dy] = clip(memory[y] - memory[target], memory[target + 1]);
    },
  };
}

function huberValue(e: number, delta: number): number {
  const a = Math.abs(e);
  return a <= delta ? (e * e) / 2 : delta * (a - delta / 2);
}

/**
 * One target, one output for each q. Nothing keeps the outputs from crossing.
 * @throws RangeError unless every 0 < q < 1
 */
export function quantiles(levels: readonly number[]): Loss {
  if (levels.length === 0 || !levels.every((q) => q > 0 && q < 1)) {
    throw new RangeError(`quantiles: expected levels between 0 and 1, got [${levels.join(', ')}]`);
  }
  const q = Float64Array.from(levels);
  const outputs = q.length;
  return {
    name: 'quantiles',
    outputs,
    targets: 1,
    value(memory, y, target) {
      let sum = 0;
      for (let k = 0; k < outputs; k++) {
        const e = memory[target] - memory[y + k];
        sum += e > 0 ? q[k] * e : (q[k] - 1) * e;
      }
      return sum;
    },
    gradient(memory, y, target, dy) {
      for (let k = 0; k < outputs; k++) memory[dy + k] = memory[target] > memory[y + k] ? -q[k] : 1 - q[k];
    },
  };
}

/** Beyond ±12 the logarithm of the variance counts as ±12: the variance is neither 0 nor endless, whatever comes. */
const LOG_VARIANCE_MAX = 12;
const LN_2PI = Math.log(2 * Math.PI);

/** Outside the clamp s does nothing, and its gradient is 0. */
function slopeOfClamped(s: number, slope: number): number {
  return Math.abs(s) > LOG_VARIANCE_MAX ? 0 : slope;
}

/** −ln of the normal density, in nats. */
export function gaussian(): Loss {
  return {
    name: 'gaussian',
    outputs: 2,
    targets: 1,
    value(memory, y, target) {
      const e = memory[target] - memory[y];
      const s = clip(memory[y + 1], LOG_VARIANCE_MAX);
      return (s + e * e * Math.exp(-s) + LN_2PI) / 2;
    },
    gradient(memory, y, target, dy) {
      const e = memory[target] - memory[y];
      const s = memory[y + 1];
      const precision = Math.exp(-clip(s, LOG_VARIANCE_MAX));
      memory[dy] = -e * precision;
      memory[dy + 1] = slopeOfClamped(s, (1 - e * e * precision) / 2);
    },
  };
}

/**
 * −ln of Student's density with ν degrees of freedom, in nats: a Gaussian that expects to be wrong now and then. Its
 * gradient stays bounded however far off the truth is.
 * @throws RangeError unless ν is positive and finite
 */
export function studentT(nu = 5): Loss {
  if (!(nu > 0 && nu < Infinity)) throw new RangeError(`studentT: expected nu > 0, got ${nu}`);
  const constant = lnGamma(nu / 2) - lnGamma((nu + 1) / 2) + Math.log(Math.PI * nu) / 2;
  return {
    name: 'studentT',
    outputs: 2,
    targets: 1,
    value(memory, y, target) {
      const e = memory[target] - memory[y];
      const s = clip(memory[y + 1], LOG_VARIANCE_MAX);
      return constant + (s + (nu + 1) * Math.log1p((e * e * Math.exp(-s)) / nu)) / 2;
    },
    gradient(memory, y, target, dy) {
      const e = memory[target] - memory[y];
      const s = memory[y + 1];
      const precision = Math.exp(-clip(s, LOG_VARIANCE_MAX));
      const u = (e * e * precision) / nu;
      // Both in a form that survives an infinite u: 0 and −ν/2.
      memory[dy] = -(nu + 1) * (e * (precision / (nu * (1 + u))));
      memory[dy + 1] = slopeOfClamped(s, (1 - (nu + 1) * (1 - 1 / (1 + u))) / 2);
    },
  };
}
