/**
 * Whether what opened an alert is still there, long after it stopped being a surprise.
 *
 * A fault that lasts becomes the yardstick it is measured by, and its score falls while nothing has been repaired. So an
 * alert remembers how the slow lanes stood when it opened: as long as the mean error of one of them is beyond what was
 * its 97 % point then, and at least half of the largest since, the fault stands and the alert stays open.
 *
 * Memory, for each of two lanes: the 97 % point at the opening, the largest mean error since.
 */
const LANES = 2;
export const STANDING_SIZE = 2 * LANES;

/** An alert opened. @param lane 0 or 1; @param start the lane's 97 % point, Infinity where it has none */
export function standFrom(memory: Float64Array, at: number, lane: number, start: number): void {
  memory[at + 2 * lane] = start === Infinity ? Number.MAX_VALUE : start;
  memory[at + 2 * lane + 1] = 0;
}

/** Takes in the mean error of a lane. True while the fault stands in it. */
export function stands(memory: Float64Array, at: number, lane: number, mean: number): boolean {
  const a = Math.abs(mean);
  const largest = Math.max(a, memory[at + 2 * lane + 1]);
  memory[at + 2 * lane + 1] = largest;
  return a > memory[at + 2 * lane] && a > 0.5 * largest;
}
