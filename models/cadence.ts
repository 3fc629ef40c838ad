/**
 * How often a series reports, learned as its samples come, and how long it may be quiet.
 *
 * cadence = median of the last 15 gaps, so that a pause or a burst does not move it. The longest usual gap is learned by
 * how broad the gaps are (models/breadth.ts): an outage of what reports every second does not become the usual, nor is
 * what reports changes silent in its longer gaps. Nobody sets a time-out: a series is overdue at three times its own
 * longest usual gap.
 *
 * Memory: the ring of gaps [15], gaps seen, cadence, longest usual gap, all in ms; breadth of the gaps.
 */
import { believed, BREADTH_SIZE, breadthStep, longestAfter } from './breadth.ts';

const RING = 15;
const COUNT = RING;
const CADENCE = RING + 1;
const LONGEST = RING + 2;
const BREADTH = RING + 3;

export const CADENCE_SIZE = BREADTH + BREADTH_SIZE;

const OVERDUE_FACTOR = 3;
/** Shorter silences are the network's and our own, not the sensor's. */
const OVERDUE_MS_MIN = 2500;
const GAPS_MIN = 10;
/** From this gap on, one that is far longer than usual is an outage and not the usual. */
const GAPS_USUAL = 3;
const sorted = new Float64Array(RING);

/** Takes in a gap > 0 and returns the cadence, ms. Allocates nothing. */
export function cadenceStep(memory: Float64Array, at: number, gap: number): number {
  const count = memory[at + COUNT];
  memory[at + (count % RING)] = gap;
  memory[at + COUNT] = count + 1;
  const cadence = median(memory, at, Math.min(count + 1, RING));
  memory[at + CADENCE] = cadence;

  const breadth = breadthStep(memory, at + BREADTH, gap / cadence);
  const longest = memory[at + LONGEST];
  const usual = count >= GAPS_USUAL ? believed(gap, Math.max(longest, cadence), breadth) : gap;
  memory[at + LONGEST] = longestAfter(longest, usual, cadence, 256 + 3840 * breadth);
  return cadence;
}

/** Learned cadence, ms; 0 until a gap was seen. */
export function cadenceOf(memory: Float64Array, at: number): number {
  return memory[at + CADENCE];
}

/** How long the series may be quiet before it is overdue, ms; Infinity while too little is known. */
export function overdueAfter(memory: Float64Array, at: number): number {
  if (memory[at + COUNT] < GAPS_MIN) return Infinity;
  return Math.max(OVERDUE_MS_MIN, OVERDUE_FACTOR * Math.max(memory[at + CADENCE], memory[at + LONGEST]));
}

/** A silence this long is usual from now on, ms. */
export function acceptGap(memory: Float64Array, at: number, gap: number): void {
  if (gap > memory[at + LONGEST]) memory[at + LONGEST] = gap;
}

function median(memory: Float64Array, at: number, n: number): number {
  for (let i = 0; i < n; i++) {
    const gap = memory[at + i];
    let j = i;
    while (j > 0 && sorted[j - 1] > gap) {
      sorted[j] = sorted[j - 1]!;
      j--;
    }
    sorted[j] = gap;
  }
  return sorted[n >> 1];
}
