/**
 * The faults of the demo, by the clock: one in every slot of 32.5 s, moved inside it by chance.
 *
 *   slot      0      1      2      3      4      5     …
 *   machine   pump   oven   conv.  pump   oven   conv.       same machine again after three slots
 *   channel   a      a      a      b      b      b           same channel again after six slots or more
 *
 * So the promises need no memory: faults come 25 to 40 s apart, a machine never has two at once (none is longer than
 * 40 s, its next begins 90 s later), and a channel rests for more than 90 s between two.
 */
import { CHANNELS, MACHINES, TICK_MS } from './channels.ts';
import type { ChannelInfo } from './channels.ts';
import { suits } from './faults.ts';
import type { FaultKind } from './faults.ts';
import { hash } from './hash.ts';
import { STREAM } from './signals.ts';

export interface ScheduledFault {
  readonly kind: FaultKind;
  readonly source: string;
  readonly at: number;
  readonly durationMs: number;
}

interface ScheduleOptions {
  seed: number;
  /** When the demo began; the first fault comes 20 s later. */
  startedAtMs: number;
}

const FIRST_AFTER_MS = 20_000;
const SLOT_MS = 32_500;
/** Either way. */
const JITTER_SECONDS = 3;

/**
 * Its length shares no factor with the three machines, so every kind visits every machine. It begins with what nobody
 * overlooks. What takes a look at several channels, or at the hour, comes once. A planned stop is missing: announced
 * maintenance needs somebody to announce it to, and the daemon has no maintenance windows to be told about.
 */
const CYCLE: readonly FaultKind[] = [
  ...(['shift', 'spike', 'noise', 'stuck', 'shift', 'silence', 'drift', 'spike', 'counter_reset', 'noise'] as const),
  ...(['shift', 'stuck', 'time', 'spike', 'drift', 'silence', 'noise', 'correlation', 'stuck', 'drift'] as const),
];

/** Shortest and longest, in seconds. What shows itself only with time is given time. */
const SECONDS: Record<FaultKind, readonly [min: number, max: number]> = {
  spike: [2, 2],
  shift: [15, 30],
  drift: [25, 40],
  noise: [15, 30],
  stuck: [25, 40],
  silence: [25, 40],
  correlation: [30, 40],
  time: [25, 40],
  counter_reset: [15, 15],
  planned_stop: [40, 40],
};

export class Schedule {
  readonly #seed: number;
  readonly #first: number;

  constructor({ seed, startedAtMs }: ScheduleOptions) {
    this.#seed = seed;
    this.#first = Math.ceil(startedAtMs / TICK_MS) * TICK_MS + FIRST_AFTER_MS;
  }

  /** The first fault that begins after the time. */
  next(afterTime: number): ScheduledFault {
    let slot = Math.max(0, Math.floor((afterTime - this.#first) / SLOT_MS) - 1);
    while (this.#begin(slot) <= afterTime) slot++;
    return this.#faultOf(slot);
  }

  #begin(slot: number): number {
    if (slot === 0) return this.#first;
    const jitter = (hash(this.#seed, STREAM.schedule, slot) % (2 * JITTER_SECONDS + 1)) - JITTER_SECONDS;
    return this.#first + Math.floor((slot * SLOT_MS) / TICK_MS) * TICK_MS + jitter * TICK_MS;
  }

  #faultOf(slot: number): ScheduledFault {
    const machine = slot % MACHINES.length;
    const wanted = CYCLE[slot % CYCLE.length];
    const channels = CHANNELS.filter(({ topic }) => topic === MACHINES[machine].topic);
    const counter = wanted === 'counter_reset' ? channels.find((channel) => suits(wanted, channel)) : undefined;
    // Not every machine has a counter; the others step instead.
    const kind = wanted === 'counter_reset' && counter === undefined ? 'shift' : wanted;
    const gauges = channels.filter(isFastGauge);
    const turn = Math.floor(slot / MACHINES.length) + hash(this.#seed, STREAM.schedule + 1, machine);
    const { source } = counter ?? gauges[turn % gauges.length];
    const [min, max] = SECONDS[kind];
    const seconds = min + (hash(this.#seed, STREAM.schedule + 2, slot) % (max - min + 1));
    return { kind, source, at: this.#begin(slot), durationMs: seconds * TICK_MS };
  }
}

// Doors, batteries and set points are left to people: on them a fault of 40 s may leave no trace.
function isFastGauge({ kind, cadenceMs }: ChannelInfo): boolean {
  return kind === 'gauge' && cadenceMs === TICK_MS;
}
