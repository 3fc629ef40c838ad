/**
 * From samples of members to rows of their group: the newest value of each, until all have reported.
 *
 *   a  --a1------a2------a3--|
 *   b  ----b1----------------|      b is silent after b1
 *   row     (a1 b1)     (a2 –)      due at a3: 2 cadences after a2 began it, b is missing
 *
 * The slowest member sets the pace: of one that reports more often, the newest value counts. Nobody waits twice for one
 * that has never reported. Context has no say in when a row is due and is what it was last. Event time alone decides; a
 * group in which nobody speaks has no rows.
 *
 * Memory: time at which the row began, NaN where none has; newest time in it; values of watched channels and context
 * [m + c], NaN = not reported; cadences of the watched channels [m], −1 = waited for in vain and never heard.
 */
const NEWEST = 1;
const VALUES = 2;
const LATE_CADENCES = 2;
const UNHEARD = -1;

export function gatherSize(channels: number, context: number): number {
  return VALUES + 2 * channels + context;
}

export function initialiseGather(memory: Float64Array, at: number, channels: number, context: number): void {
  memory.fill(Number.NaN, at, at + VALUES + channels + context);
  memory.fill(0, at + VALUES + channels + context, at + gatherSize(channels, context));
}

/**
 * The row that waits is over: the channels that have not reported by `time` are missing.
 * @param slowest  how many cadences of the fastest channel to wait for one that is slower
 */
export function isLate(
  memory: Float64Array,
  at: number,
  channels: number,
  context: number,
  time: number,
  slowest: number,
): boolean {
  const cadences = at + VALUES + channels + context;
  let [longest, fastest] = [0, Infinity];
  for (let j = 0; j < channels; j++) {
    longest = Math.max(longest, memory[cadences + j]);
    if (memory[cadences + j] > 0) fastest = Math.min(fastest, memory[cadences + j]);
  }
  // One that became slow must not make all the others wait.
  return longest > 0 && time - memory[at] > LATE_CADENCES * Math.min(longest, slowest * fastest);
}

/** Takes in a sample. True when all have reported. @param channel  watched ones first, then context */
export function gatherSample(
  memory: Float64Array,
  at: number,
  channels: number,
  context: number,
  channel: number,
  time: number,
  value: number,
  cadence: number,
): boolean {
  const values = at + VALUES;
  memory[values + channel] = value;
  if (channel >= channels) return false;
  memory[values + channels + context + channel] = cadence;
  if (Number.isNaN(memory[at])) memory[at] = time;
  memory[at + NEWEST] = Number.isNaN(memory[at + NEWEST]) ? time : Math.max(time, memory[at + NEWEST]);
  const cadences = values + channels + context;
  for (let j = 0; j < channels; j++) {
    if (Number.isNaN(memory[values + j]) && memory[cadences + j] !== UNHEARD) return false;
  }
  return true;
}

/** Ends the row: its values, watched channels first, as an array of their own. */
export function takeRow(
  memory: Float64Array,
  at: number,
  channels: number,
  context: number,
): { time: number; values: Float64Array } {
  const from = at + VALUES;
  const row = { time: memory[at + NEWEST], values: memory.slice(from, from + channels + context) };
  const cadences = from + channels + context;
  for (let j = 0; j < channels; j++) {
    if (Number.isNaN(memory[from + j]) && memory[cadences + j] === 0) memory[cadences + j] = UNHEARD;
  }
  memory.fill(Number.NaN, at, from + channels);
  return row;
}
