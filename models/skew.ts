/**
 * A clock that runs away from ours: |arrival − time| of a live series leaves its own usual range.
 *
 *   |d|   ....................______....      usual: falls slowly towards what is seen, e-fold in 4000 samples
 *                             ^ told          more than 5 min beyond for 20 samples in a row and 5 min of our time
 *
 * Then the new distance is the usual one, so that a clock that is off for good is told once, and one that runs on, every
 * 5 min that it loses. What comes nearer is catching up, not running away: a buffer that is sent after an outage, or a
 * history that is read in. The first 100 samples are believed as they are.
 *
 * Memory: samples; usual |d|; samples beyond, in a row; arrival and |d| of the first of them.
 */
export const SKEW_SIZE = 5;

const BEYOND_MS = 5 * 60_000;
const SAMPLES_BELIEVED = 100;
const SAMPLES_BEYOND = 20;
const CATCHING_UP_MS = 60_000;
const MEMORY_SAMPLES = 4000;

const USUAL = 1;
const ROW = 2;
const SINCE = 3;
const FIRST = 4;

/** Takes in the times of a live sample, epoch ms; true where the clock has run away. */
export function skewStep(memory: Float64Array, at: number, time: number, arrival: number): boolean {
  const distance = Math.abs(arrival - time);
  const samples = memory[at] + 1;
  memory[at] = samples;
  const usual = memory[at + USUAL];
  if (samples <= SAMPLES_BELIEVED) {
    if (distance > usual) memory[at + USUAL] = distance;
    return false;
  }
  if (distance <= usual + BEYOND_MS) {
    memory[at + ROW] = 0;
    if (distance < usual) memory[at + USUAL] = usual + (distance - usual) / MEMORY_SAMPLES;
    return false;
  }
  if (memory[at + ROW] === 0 || distance < memory[at + FIRST] - CATCHING_UP_MS) {
    memory[at + ROW] = 1;
    memory[at + SINCE] = arrival;
    memory[at + FIRST] = distance;
    return false;
  }
  memory[at + ROW] += 1;
  if (memory[at + ROW] < SAMPLES_BEYOND || arrival - memory[at + SINCE] < BEYOND_MS) return false;
  memory[at + ROW] = 0;
  memory[at + USUAL] = distance;
  return true;
}
