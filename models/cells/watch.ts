/** What the operator wants to know of a memory that could run away. */
import type { StateWatch } from './cell.ts';

const SHUT = 0.01;
const OPEN = 0.99;

/** Reads c [count] and two stretches of gates, the second empty where there is but one. */
export function watchGates(
  memory: Float64Array,
  c: number,
  count: number,
  gates: number,
  gateCount: number,
  more: number,
  moreCount: number,
): StateWatch {
  let largest = 0;
  for (let i = c; i < c + count; i++) largest = Math.max(largest, Math.abs(memory[i]));
  const saturated = saturatedIn(memory, gates, gateCount) + saturatedIn(memory, more, moreCount);
  return { largest, saturated: saturated / (gateCount + moreCount) };
}

function saturatedIn(memory: Float64Array, at: number, count: number): number {
  let saturated = 0;
  for (let i = at; i < at + count; i++) if (memory[i] < SHUT || memory[i] > OPEN) saturated++;
  return saturated;
}
