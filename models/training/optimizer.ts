/**
 * One step downhill. Every optimiser works in place on params = memory[params..params+n] with the gradient at
 * work[gradient..] and allocates nothing; it takes `step` of the rate. Powers of the decays are kept as running products.
 *
 *   sgd       w ← w − rate·g
 *   momentum  u ← μu + g                                w ← w − rate·u
 *   rmsprop   v ← αv + (1−α)g²                          w ← w − rate·g/(√v + ε)
 *   adam      m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²    w ← w − rate·m̂/(√v̂ + ε),   m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ)
 *   adamw     the same after  w ← w − rate·decay·w
 *
 * Moments, n parameters: momentum u [n]; rmsprop v [n] (corrected: and αᵗ); adam m [n] v [n] β₁ᵗ β₂ᵗ, the powers kept
 * as 1 − βᵗ so that all zero is the start.
 *
 * Sources: RMSprop Tieleman & Hinton 2012; Adam Kingma & Ba 2015; AdamW Loshchilov & Hutter 2019.
 */

export type Optimizer =
  | { name: 'sgd'; rate: number }
  | { name: 'momentum'; rate: number; momentum: number }
  | {
      name: 'rmsprop';
      rate: number;
      alpha: number;
      /** A large ε (1e-4) keeps the first steps, taken with v near 0, from being far too long. */
      epsilon: number;
      /** Divides v by 1 − αᵗ, which does the same where ε is small. */
      corrected?: boolean;
    }
  | { name: 'adam'; rate: number; beta1: number; beta2: number; epsilon: number }
  | { name: 'adamw'; rate: number; beta1: number; beta2: number; epsilon: number; decay: number };

/** Numbers that the optimiser remembers of n parameters. */
export function momentsSize(optimizer: Optimizer, n: number): number {
  switch (optimizer.name) {
    case 'sgd':
      return 0;
    case 'momentum':
      return n;
    case 'rmsprop':
      return n + (optimizer.corrected === true ? 1 : 0);
    case 'adam':
    case 'adamw':
      return 2 * n + 2;
  }
}

export function optimizerStep(
  optimizer: Optimizer,
  memory: Float64Array,
  params: number,
  moments: number,
  n: number,
  work: Float64Array,
  gradient: number,
  step = 1,
): void {
  const rate = step * optimizer.rate;
  switch (optimizer.name) {
    case 'sgd':
      return sgd(memory, params, n, work, gradient, rate);
    case 'momentum':
      return momentum(memory, params, moments, n, work, gradient, rate, optimizer.momentum);
    case 'rmsprop': {
      const { alpha, epsilon } = optimizer;
      if (optimizer.corrected !== true)
        return rmsprop(memory, params, moments, n, work, gradient, rate, alpha, epsilon, 1);
      const known = nextKnown(memory, moments + n, alpha);
      return rmsprop(memory, params, moments, n, work, gradient, rate, alpha, epsilon, known);
    }
    case 'adam':
    case 'adamw': {
      if (optimizer.name === 'adamw') shrink(memory, params, n, 1 - rate * optimizer.decay);
      const { beta1, beta2, epsilon } = optimizer;
      return adam(memory, params, moments, n, work, gradient, rate, beta1, beta2, epsilon);
    }
  }
}

/** Scales the gradient so that its Euclidean norm is at most `limit` (Pascanu et al. 2013). Returns the norm before. */
export function clipNorm(work: Float64Array, gradient: number, n: number, limit: number): number {
  let square = 0;
  for (let i = 0; i < n; i++) square += work[gradient + i] * work[gradient + i];
  const norm = Math.sqrt(square);
  if (norm > limit) {
    const scale = limit / norm;
    for (let i = 0; i < n; i++) work[gradient + i] *= scale;
  }
  return norm;
}

function sgd(
  memory: Float64Array,
  params: number,
  n: number,
  work: Float64Array,
  gradient: number,
  rate: number,
): void {
  for (let i = 0; i < n; i++) memory[params + i] -= rate * work[gradient + i];
}

function momentum(
  memory: Float64Array,
  params: number,
  moments: number,
  n: number,
  work: Float64Array,
  gradient: number,
  rate: number,
  mu: number,
): void {
  for (let i = 0; i < n; i++) {
    const u = mu * memory[moments + i] + work[gradient + i];
    memory[moments + i] = u;
    memory[params + i] -= rate * u;
  }
}

/**
 * The added 1e-30 keeps v out of the denormal range when a gradient is exactly 0 for long, as with a stuck sensor;
 * denormals would slow the step.
 * @param known  1 − αᵗ to correct the bias of v, 1 to leave it
 */
function rmsprop(
  memory: Float64Array,
  params: number,
  moments: number,
  n: number,
  work: Float64Array,
  gradient: number,
  rate: number,
  alpha: number,
  epsilon: number,
  known: number,
): void {
  for (let i = 0; i < n; i++) {
    const g = work[gradient + i];
    const v = alpha * memory[moments + i] + (1 - alpha) * g * g + 1e-30;
    memory[moments + i] = v;
    memory[params + i] -= (rate * g) / (Math.sqrt(v / known) + epsilon);
  }
}

function adam(
  memory: Float64Array,
  params: number,
  moments: number,
  n: number,
  work: Float64Array,
  gradient: number,
  rate: number,
  beta1: number,
  beta2: number,
  epsilon: number,
): void {
  const knownFirst = nextKnown(memory, moments + 2 * n, beta1);
  const knownSecond = nextKnown(memory, moments + 2 * n + 1, beta2);
  const step = rate / knownFirst;
  for (let i = 0; i < n; i++) {
    const g = work[gradient + i];
    let m = beta1 * memory[moments + i] + (1 - beta1) * g;
    if (Math.abs(m) < 1e-150) m = 0; // clear of the denormals, as v is
    const v = beta2 * memory[moments + n + i] + (1 - beta2) * g * g + 1e-30;
    memory[moments + i] = m;
    memory[moments + n + i] = v;
    memory[params + i] -= (step * m) / (Math.sqrt(v / knownSecond) + epsilon);
  }
}

function shrink(memory: Float64Array, params: number, n: number, factor: number): void {
  for (let i = 0; i < n; i++) memory[params + i] *= factor;
}

/** 1 − βᵗ from 1 − βᵗ⁻¹, which is what memory[at] holds; 0 before the first step. */
function nextKnown(memory: Float64Array, at: number, beta: number): number {
  const known = 1 - beta * (1 - memory[at]);
  memory[at] = known;
  return known;
}
