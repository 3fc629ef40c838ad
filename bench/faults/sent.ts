/** What was sent: rounds of one sample for each series, all of one time. */
export interface Sent {
  /** Topic and field of each series. */
  sources: readonly string[];
  /** Time of each round, epoch ms, rising. */
  rounds: number[];
  /** Rounds that were acknowledged, every sample of them. */
  acknowledged: boolean[];
}

const SLOW = 40;
const FAULT_EVERY = 240;
const FAULT_ROUNDS = 4;

/** What a series says in a round: it goes up and down, and now and then far off, each at a time of its own. */
export function valueAt(series: number, round: number): number {
  const phase = (round + 7 * series) / SLOW;
  const noise = (((round + 31 * series) * 7919) % 101) / 100;
  const place = (round + 37 * series) % FAULT_EVERY;
  const isFault = round > FAULT_EVERY && place < FAULT_ROUNDS;
  return Math.round(100 * (50 + 10 * Math.sin(phase) + noise + (isFault ? 200 : 0))) / 100;
}

/** Time of the next round: that of the clock, and later than the one before. */
export function nextTime({ rounds }: Sent): number {
  return Math.max(Date.now(), (rounds.at(-1) ?? 0) + 1);
}
