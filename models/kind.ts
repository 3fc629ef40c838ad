/**
 * What sort of series this is, guessed from its values, and what the detector gets to see of it.
 *
 *   gauge     the value
 *   counter   its rate per second: a total that only grows says nothing by its height. A fall is a reset
 *             of the device, not a fault: that one sample counts as missing.
 *   on_off    the value, 0 or 1; it has no range to leave
 *
 * A gauge becomes a counter after 64 rises without a fall; so does one that rose less often, in 200 samples, if its first
 * fall looks like a reset, which must not alarm. A counter that falls by less than half was none and turns back. Both
 * start the detector afresh, because the numbers mean something else from then on.
 *
 * A gauge that only ever took three to eight whole numbers is called an enum; that is said of it, and changes nothing.
 *
 * Memory: kind, rises since start, last raw value, samples, ms from the last raw value to the last row; how many
 * different values there were (9: many), and the first eight of them; how it ever fell.
 */
export const KIND = { gauge: 0, counter: 1, onOff: 2 } as const;
const DISTINCT = 5;
const DISTINCT_MAX = 8;
const MANY = DISTINCT_MAX + 1;
const FELL = DISTINCT + 1 + DISTINCT_MAX;
export const KIND_SIZE = FELL + 1;
/** Fewer different values are a switch; more samples are needed before anything is said. */
const ENUM_VALUES_MIN = 3;
const ENUM_SAMPLES_MIN = 60;

/** How a gauge ever fell: as a counter does that is reset, or otherwise. */
const RESET = 1;
const FALL = 2;

const RISES_MIN = 64;
/** What never fell, and now by half or more but not below 0, may be a counter that is reset. */
const RESET_RISES_MIN = 3;
const RESET_SHARE = 0.5;
/** From so many samples and rises on, it is. */
const RESET_SAMPLES_SURE = 200;
const RESET_RISES_SURE = 16;

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

/** The last raw value; 0 before the first. */
export function lastRawOf(memory: Float64Array, at: number): number {
  return memory[at + 2];
}

export function isEnum(memory: Float64Array, at: number): boolean {
  const distinct = memory[at + DISTINCT];
  return distinct >= ENUM_VALUES_MIN && distinct <= DISTINCT_MAX && memory[at + 3] >= ENUM_SAMPLES_MIN;
}

/** Whether there is a raw value to compare the next one with. */
export function hasRaw(memory: Float64Array, at: number): boolean {
  return memory[at + 3] > 0;
}

/** Whether the next raw value is, or may be, a counter beginning anew; to be asked before `kindStep`. */
export function isReset(memory: Float64Array, at: number, raw: number): boolean {
  return beginsAnew(memory, at, memory[at + 2], raw, RESET_RISES_MIN);
}

function beginsAnew(memory: Float64Array, at: number, last: number, raw: number, risesMin: number): boolean {
  if (!(raw < last && raw <= RESET_SHARE * last)) return false;
  return memory[at] === KIND.counter || (raw >= 0 && memory[at + FELL] !== FALL && memory[at + 1] >= risesMin);
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
  countDistinct(memory, at + DISTINCT, raw);
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

function countDistinct(memory: Float64Array, at: number, raw: number): void {
  const distinct = memory[at];
  if (distinct === MANY) return;
  for (let i = 1; i <= distinct; i++) if (memory[at + i] === raw) return;
  memory[at] = distinct === DISTINCT_MAX || !Number.isInteger(raw) ? MANY : distinct + 1;
  if (memory[at] !== MANY) memory[at + distinct + 1] = raw;
}

function guessCounter(memory: Float64Array, at: number, last: number, raw: number): void {
  if (memory[at] === KIND.counter) {
    if (raw < last && raw > RESET_SHARE * last) {
      memory[at] = KIND.gauge;
      memory[at + 1] = -Infinity; // once wrong, never again
    }
    return;
  }
  if (raw < last) {
    const isFirst = memory[at + FELL] === 0 && memory[at + 3] > RESET_SAMPLES_SURE;
    if (isFirst && beginsAnew(memory, at, last, raw, RESET_RISES_SURE)) memory[at] = KIND.counter;
    const fell = beginsAnew(memory, at, last, raw, RESET_RISES_MIN) ? RESET : FALL;
    memory[at + FELL] = Math.max(fell, memory[at + FELL]);
    if (memory[at + 1] !== -Infinity) memory[at + 1] = 0;
    return;
  }
  if (raw > last) memory[at + 1] += 1;
  if (last >= 0 && memory[at + 1] >= RISES_MIN) memory[at] = KIND.counter;
}
