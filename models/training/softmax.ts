/**
 * Losses of outputs that stand for chances: one class out of many, or a number between 0 and 1 for each output.
 *
 *   softmax               −ln p_k            p = exp(y)/Σexp(y), k the class observed     ∂/∂y = p − onehot(k)
 *   logisticSquared       Σ(p − t)²/2        p = σ(y)                                     ∂/∂y = (p − t)p(1 − p)
 *   logisticCrossEntropy  −Σ t·ln p + (1 − t)·ln(1 − p)                                   ∂/∂y = p − t
 *
 * What softmax says is in nats, so it is also how surprising the event was. Its target is one number, k.
 */
import { sigmoid } from '../activation.ts';
import { largestOf, logSumExp, softplus } from '../special.ts';
import { elementwise, type Loss } from './loss.ts';

export interface Softmax extends Loss {
  /** How many classes were held likelier than the one observed: 0 = it was the most likely (Du et al. 2017). */
  rank(memory: Float64Array, y: number, target: number): number;
  /** Writes p [outputs] to memory[p..]. */
  probabilities(memory: Float64Array, y: number, p: number): void;
}

/** @throws RangeError unless classes ≥ 1 */
export function softmax(classes: number): Softmax {
  if (!(classes >= 1)) throw new RangeError(`softmax: expected at least one class, got ${classes}`);
  const probabilities = (memory: Float64Array, y: number, p: number) => {
    // The largest exponent is 0, so the sum lies between 1 and the number of classes.
    const largest = largestOf(memory, y, classes);
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      const e = Math.exp(memory[y + k] - largest);
      memory[p + k] = e;
      sum += e;
    }
    for (let k = 0; k < classes; k++) memory[p + k] /= sum;
  };
  return {
    name: 'softmax',
    outputs: classes,
    targets: 1,
    value(memory, y, target) {
      return logSumExp(memory, y, classes) - memory[y + memory[target]];
    },
    gradient(memory, y, target, dy) {
      probabilities(memory, y, dy);
      memory[dy + memory[target]] -= 1;
    },
    rank(memory, y, target) {
      const observed = memory[y + memory[target]];
      let likelier = 0;
      for (let k = 0; k < classes; k++) if (memory[y + k] > observed) likelier += 1;
      return likelier;
    },
    probabilities,
  };
}

export function logisticSquared(outputs = 1): Loss {
  return elementwise(
    'logisticSquared',
    outputs,
    (y, t) => {
      const e = sigmoid(y) - t;
      return (e * e) / 2;
    },
    (y, t) => {
      const p = sigmoid(y);
      return (p - t) * p * (1 - p);
    },
  );
}

/** Written with −ln p = softplus(−y) and −ln(1 − p) = softplus(y), which no certainty takes to infinity. */
export function logisticCrossEntropy(outputs = 1): Loss {
  return elementwise(
    'logisticCrossEntropy',
    outputs,
    (y, t) => t * softplus(-y) + (1 - t) * softplus(y),
    (y, t) => sigmoid(y) - t,
  );
}
