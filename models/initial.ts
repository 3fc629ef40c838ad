/** How weights start: Xavier (or He) for what comes in, orthogonal for what goes round, chrono for long memory. */
import { gaussian, type Random } from './random.ts';

/** U(±√(6/(fanIn+fanOut))) into memory[at..at+count] (Glorot & Bengio 2010). */
export function xavier(
  memory: Float64Array,
  at: number,
  count: number,
  fanIn: number,
  fanOut: number,
  random: Random,
): void {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  for (let i = 0; i < count; i++) memory[at + i] = (2 * random() - 1) * limit;
}

/**
 * A random orthogonal matrix Q [n, n] into memory[at..] (Saxe et al. 2014): rows of Gaussian numbers, each made
 * orthogonal to the rows before it. The second pass takes away what rounding left of the first.
 */
export function orthogonal(memory: Float64Array, at: number, n: number, random: Random): void {
  for (let row = 0; row < n; row++) {
    const r = at + row * n;
    let norm = 0;
    // A row that vanishes under projection would be noise; draw again (in practice never needed).
    while (norm < 1e-3) {
      for (let i = 0; i < n; i++) memory[r + i] = gaussian(random);
      for (let pass = 0; pass < 2; pass++) {
        for (let earlier = 0; earlier < row; earlier++) {
          const q = at + earlier * n;
          let dot = 0;
          for (let i = 0; i < n; i++) dot += memory[r + i] * memory[q + i];
          for (let i = 0; i < n; i++) memory[r + i] -= dot * memory[q + i];
        }
      }
      norm = 0;
      for (let i = 0; i < n; i++) norm += memory[r + i] * memory[r + i];
      norm = Math.sqrt(norm);
    }
    for (let i = 0; i < n; i++) memory[r + i] /= norm;
  }
}

/** Normal numbers of standard deviation √(2/fanIn) into memory[at..at+count] (He et al. 2015). */
export function he(memory: Float64Array, at: number, count: number, fanIn: number, random: Random): void {
  const deviation = Math.sqrt(2 / fanIn);
  for (let i = 0; i < count; i++) memory[at + i] = deviation * gaussian(random);
}

/** Units that start out to remember for up to `span` steps (Tallec & Ollivier 2018); they are the last of a layer. */
export interface Chrono {
  span: number;
  /** Share of the units, 0..1. A quarter costs nothing on short forecasts; all of them would. */
  share: number;
}

export function longUnits(hidden: number, { share }: Chrono): number {
  return Math.round(hidden * share);
}

/** Bias ln u of a gate that keeps, u ~ U(1, span − 1): a unit forgets over about u steps. */
export function chronoBias({ span }: Chrono, random: Random): number {
  return Math.log(1 + random() * Math.max(0, span - 2));
}
