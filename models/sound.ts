/**
 * Whether memory[at..at+count] can be computed with. One number that is not finite would spread over a model with the
 * next backward step and stay for ever.
 */
export function isSound(memory: Float64Array, at: number, count: number): boolean {
  let sum = 0;
  // x − x is 0 for every finite number and NaN for the others: no branch in the loop.
  for (let i = at; i < at + count; i++) sum += memory[i] - memory[i];
  return sum === 0;
}
