/**
 * What sort of series this is, guessed from its values, and what the detector gets to see of it.
 *
 *   gauge     the value
 *   counter   its rate per second: a total that only grows says nothing by its height. A fall is a reset
 *             of the device, not a fault: that one sample counts as missing.
 *   on_off    the value, 0 or 1; it has no range to leave
 *
 * A gauge becomes a counter after 64 rises without a fall; a counter that falls by less than half was none and turns
 * back. Both start the detector afresh, because the numbers mean something else from then on.
 *
 * Memory: kind, rises since start, last raw value, samples, ms from the last raw value to the last row.
 */
export const KIND = { gauge: 0, counter: 1, onOff: 2 } as const;
export const KIND_SIZE = 5;

const RISES_MIN = 64;

/** Result of `kindStep`, reused. */
export interface KindReading {
  /** What to score; NaN = nothing (missing, or the reset of a counter). */
  value: number;
  /** Since the raw value before, over missing ones in between, ms. */
  gap: number;
  kind: number;
  /** The kind has just changed: forget what was learned of the values. */
  changed: boolean;
}

export function kindOf(memory: Float64Array, at: number): number {
  return memory[at];
}

/** Takes in a raw value (NaN = missing), `gapMs` after the row before. Allocates nothing. */
export function kindStep(
  memory: Float64Array,
  at: number,
  raw: number,
  gapMs: number,
  onOff: boolean,
  reading: KindReading,
): void {
  const gap = memory[at + 4] + gapMs;
  reading.gap = gap;
  if (Number.isNaN(raw)) {
    memory[at + 4] = gap;
    reading.value = raw;
    reading.kind = memory[at];
    reading.changed = false;
    return;
  }
  memory[at + 4] = 0;
  const last = memory[at + 2];
  const first = memory[at + 3] === 0;
  memory[at + 2] = raw;
  memory[at + 3] += 1;
  const before = memory[at];
  if (onOff) memory[at] = KIND.onOff;
  else if (before === KIND.onOff) memory[at] = KIND.gauge;
  else if (!first) guessCounter(memory, at, last, raw);
  const kind = memory[at];
  reading.kind = kind;
  reading.changed = !first && kind !== before;
  if (kind !== KIND.counter) reading.value = raw;
  else if (raw < last || gap <= 0) reading.value = Number.NaN;
  else reading.value = ((raw - last) / gap) * 1000;
}

function guessCounter(memory: Float64Array, at: number, last: number, raw: number): void {
  if (memory[at] === KIND.counter) {
    if (raw < last && raw > 0.5 * last) {
      memory[at] = KIND.gauge;
      memory[at + 1] = -Infinity; // once wrong, never again
    }
    return;
  }
  if (raw > last) memory[at + 1] += 1;
  else if (raw < last) memory[at + 1] = memory[at + 1] === -Infinity ? -Infinity : 0;
  if (last >= 0 && memory[at + 1] >= RISES_MIN) memory[at] = KIND.counter;
}
