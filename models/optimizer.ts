/**
 * One step downhill. Every optimiser works in place on params = memory[at..at+n] and allocates nothing.
 */

/** Scales the gradient so that its Euclidean norm is at most `limit` (Pascanu et al. 2013). Returns the norm before. */
export function clipNorm(gradient: Float64Array, limit: number): number {
  let square = 0;
  for (let i = 0; i < gradient.length; i++) square += gradient[i] * gradient[i];
  const norm = Math.sqrt(square);
  if (norm > limit) {
    const scale = limit / norm;
    for (let i = 0; i < gradient.length; i++) gradient[i] *= scale;
  }
  return norm;
}

export function sgd(memory: Float64Array, at: number, gradient: Float64Array, rate: number): void {
  for (let i = 0; i < gradient.length; i++) memory[at + i] -= rate * gradient[i];
}

/**
 * RMSprop without momentum or bias correction:  v ← αv + (1−α)g²,  w ← w − rate·g/(√v + ε).
 *
 * A large ε (1e-4) keeps the first steps, taken with v near 0, from being far too long. The added 1e-30 keeps v out of
 * the denormal range when a gradient is exactly 0 for long, as with a stuck sensor; denormals would slow the step.
 * Source: Tieleman & Hinton 2012.
 */
export function rmsprop(
  memory: Float64Array,
  at: number,
  moments: number,
  gradient: Float64Array,
  rate: number,
  alpha: number,
  epsilon: number,
): void {
  for (let i = 0; i < gradient.length; i++) {
    const g = gradient[i];
    const v = alpha * memory[moments + i] + (1 - alpha) * g * g + 1e-30;
    memory[moments + i] = v;
    memory[at + i] -= (rate * g) / (Math.sqrt(v) + epsilon);
  }
}
