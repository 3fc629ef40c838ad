/**
 * What followed, the last times it looked like this: a forecast from a ring of past samples, without any weights.
 *
 *   key_s = the K samples up to s, of length 1   value_s = the sample after s
 *   w_s = softmax(β·(cos(key_now, key_s) − 1))   over the last N steps s whose value is known
 *   forecast = Σ w_s·value_s
 *
 * A long season comes back this way after one turn, if N is longer than the season: no recurrent state has to last
 * that long. Keys are samples and not hidden states, because the weights behind those move and old ones stop matching.
 *
 * A key of length 0 has no direction and matches nothing. Where nothing matches, as before the first K + 1 samples,
 * the forecast is the newest sample, the best known of a series without a history: it is a forecast of the next
 * sample from the start, so that what is learned on top of it need not be unlearned.
 *
 * The cost is N·K multiplications for ever. Keys overlap, so samples are kept instead of keys.
 *
 * Memory: samples seen, at most N + K; samples [N + K] and 1/length of the key that ends there [N + 1] (0: matches
 * nothing), both newest first.
 */

export interface Retrieval {
  /** Past steps that can be found again: N. Two seasons or more; less than one gains nothing. */
  history: number;
  /** Samples in a key: K. */
  key: number;
  /** How much closer a match must be to count for more: β. */
  beta: number;
}

/** exp of less than this adds nothing to a sum that has a 1 in it. */
const NEGLIGIBLE = -40;

export function retrievalSize({ history, key }: Retrieval): number {
  return 2 + 2 * history + key;
}

/** Takes in a sample and returns the forecast of the next. Allocates nothing. */
export function retrieve(options: Retrieval, memory: Float64Array, at: number, sample: number): number {
  const { history: N, key: K, beta } = options;
  const samples = at + 1;
  const inverses = samples + N + K;
  remember(options, memory, at, sample);
  const inverse = memory[inverses];
  const ages = inverse === 0 ? 0 : Math.min(N, memory[at] - K);
  // The largest score so far is subtracted from all of them; when a larger one comes, the sums shrink.
  let largest = -Infinity;
  let sum = 0;
  let total = 0;
  for (let age = 1; age <= ages; age++) {
    if (memory[inverses + age] === 0) continue;
    let dot = 0;
    for (let i = 0; i < K; i++) dot += memory[samples + i] * memory[samples + age + i];
    const score = beta * (dot * inverse * memory[inverses + age] - 1);
    if (score > largest) {
      const shrink = Math.exp(largest - score);
      sum *= shrink;
      total *= shrink;
      largest = score;
    }
    if (score - largest < NEGLIGIBLE) continue;
    const w = Math.exp(score - largest);
    sum += w;
    total += w * memory[samples + age - 1];
  }
  return sum > 0 ? total / sum : sample;
}

function remember({ history: N, key: K }: Retrieval, memory: Float64Array, at: number, sample: number): void {
  const samples = at + 1;
  const inverses = samples + N + K;
  memory.copyWithin(samples + 1, samples, samples + N + K - 1);
  memory.copyWithin(inverses + 1, inverses, inverses + N);
  memory[samples] = sample;
  memory[at] = Math.min(memory[at] + 1, N + K);
  let square = 0;
  for (let i = 0; i < K; i++) square += memory[samples + i] * memory[samples + i];
  // Samples so large that their square is infinite have no direction either: 1/∞ is 0 by itself.
  memory[inverses] = square > 0 ? 1 / Math.sqrt(square) : 0;
}
