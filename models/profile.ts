/**
 * What is usual at this time of the season: 96 bins over the season, each a short running mean of z
 * (the last five or so samples that fell into it, so that yesterday counts and last month does not).
 *
 *   S_b += max(1/n_b, 0.2)·(z − S_b)
 *
 * An empty bin answers 0, the mean of everything. Memory: S [96], n [96].
 */
const BINS = 96;
export const PROFILE_SIZE = 2 * BINS;

/** Phase in the season, 0..1, of a local time; both in ms. */
export function phaseOf(localTime: number, season: number): number {
  const rest = localTime % season;
  return (rest < 0 ? rest + season : rest) / season;
}

function binOf(phase: number): number {
  const bin = Math.trunc(phase * BINS);
  return bin < BINS ? bin : BINS - 1;
}

export function profileStep(memory: Float64Array, at: number, phase: number, z: number): void {
  const bin = binOf(phase);
  const n = memory[at + BINS + bin] + 1;
  memory[at + BINS + bin] = n;
  memory[at + bin] += Math.max(1 / n, 0.2) * (z - memory[at + bin]);
}

/** Sees the past as if every z in it had been higher by this much. */
export function profileShift(memory: Float64Array, at: number, by: number): void {
  for (let bin = 0; bin < BINS; bin++) if (memory[at + BINS + bin] > 0) memory[at + bin] += by;
}

/** Empties the bin of this phase. */
export function profileForget(memory: Float64Array, at: number, phase: number): void {
  const bin = binOf(phase);
  memory[at + bin] = 0;
  memory[at + BINS + bin] = 0;
}

export function profileAt(memory: Float64Array, at: number, phase: number): number {
  return memory[at + binOf(phase)];
}
