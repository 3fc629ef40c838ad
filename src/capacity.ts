/** How much the table of series may hold. */
import { totalmem } from 'node:os';

export interface Capacity {
  /** Memory of all blocks together. */
  bytesMax: number;
  seriesMax: number;
}

const SHARE = 1 / 4;
const MIB = 1024 * 1024;
const BYTES_MIN = 64 * MIB;
const BYTES_MAX = 4096 * MIB;

/** @param memory  of the machine, bytes */
export function capacityOf(maxSeries: 'auto' | number, memory = memoryOfMachine()): Capacity {
  if (maxSeries !== 'auto') return { bytesMax: Infinity, seriesMax: maxSeries };
  return { bytesMax: Math.min(BYTES_MAX, Math.max(BYTES_MIN, Math.floor(SHARE * memory))), seriesMax: Infinity };
}

/** What a container may use of it, where it is in one. */
function memoryOfMachine(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
