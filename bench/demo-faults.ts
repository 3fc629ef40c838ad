/**
 * Faults that nobody tuned for: other shapes, sizes and lengths than those the demo puts in, drawn by chance.
 *
 *   spike        8–16 σ either way, 1–3 samples, each half of the one before
 *   shift        6–12 σ either way, 20–90 s
 *   stuck        the last reading again and again, 20–60 s        silence      no reading, 20–60 s
 *   drift        6–12 σ, as the square of the time, 30–90 s       noise        3–6 σ more of it, 20–60 s
 *   correlation  the reading of another day at this hour          time         the reading of another hour, 30–60 s
 *
 * σ is the noise of the channel, at least one step of its resolution. A fault is laid over what a healthy plant says.
 * The least spike is what anybody could tell from chance: of eighteen series read each second, chance brings one sample
 * of 5 σ a day, a forecast adds its own fifth of error, and the noise that meets the spike takes 1.7 σ of it one time in
 * twenty: (5 + 1.7)·1.2 = 8. A shift has four samples to show itself in.
 */
import { createRandom, gaussian, type Random } from '../models/random.ts';
import { type ChannelSpec, MACHINES } from '../sensors/simulator/channels.ts';
import { hash } from '../sensors/simulator/hash.ts';
import type { Plant } from '../sensors/simulator/plant.ts';

export const KINDS = ['spike', 'shift', 'stuck', 'silence', 'drift', 'noise', 'correlation', 'time'] as const;
export type Kind = (typeof KINDS)[number];

export interface Fault {
  kind: Kind;
  source: string;
  /** Samples with startedAt ≤ time < endedAt are affected; epoch ms. */
  startedAt: number;
  endedAt: number;
  /** In units of the value; for correlation and time ms to another moment, for stuck the value. */
  amount: number;
}

export interface Target {
  source: string;
  kinds: readonly Kind[];
  /** Noise and step of resolution, in units of the value. */
  sigma: number;
  step: number;
}

const SECOND = 1000;
const SECONDS: Record<Kind, readonly [least: number, most: number]> = {
  spike: [1, 3],
  shift: [20, 90],
  stuck: [20, 60],
  silence: [20, 60],
  drift: [30, 90],
  noise: [20, 60],
  correlation: [30, 60],
  time: [30, 60],
};
const SIGMAS: Partial<Record<Kind, readonly [least: number, most: number]>> = {
  spike: [8, 16],
  shift: [6, 12],
  drift: [6, 12],
  noise: [3, 6],
};

/** Every channel that reports once a second, with the faults that leave a trace there within a minute. */
export const TARGETS: readonly Target[] = MACHINES.flatMap(({ topic, channels }) =>
  channels.flatMap((spec) => {
    const target = targetOf(spec);
    return target === undefined ? [] : [{ source: `${topic}/${spec.field}`, ...target }];
  }),
);

function targetOf(spec: ChannelSpec): Omit<Target, 'source'> | undefined {
  if (spec.kind === 'constant') return { kinds: ['spike', 'shift', 'silence'], sigma: 1, step: 1 };
  if (spec.kind === 'counter') return { kinds: ['stuck', 'silence'], sigma: 1, step: 1 / 10 ** spec.counter.decimals };
  if (spec.kind !== 'gauge') return undefined;
  const { sd, shared, decimals } = spec.gauge;
  const step = 1 / 10 ** decimals;
  return { kinds: KINDS, sigma: Math.max(Math.hypot(sd, shared), step), step };
}

const between = (random: Random, [least, most]: readonly [number, number]): number => least + (most - least) * random();

export function drawFault(random: Random, plant: Plant, target: Target, kind: Kind, startedAt: number): Fault {
  const { source, sigma } = target;
  const endedAt = startedAt + Math.round(between(random, SECONDS[kind])) * SECOND;
  const sign = random() < 0.5 ? -1 : 1;
  const share = random();
  const sigmas = SIGMAS[kind];
  let amount = 0;
  if (sigmas !== undefined) {
    const size = (sigmas[0] + (sigmas[1] - sigmas[0]) * share) * sigma;
    // Nothing in the plant can be negative, so what has no room below goes up.
    const lowest = Math.min(plant.valueAt(source, startedAt), plant.valueAt(source, endedAt));
    amount = sign < 0 && size < lowest ? -size : size;
  }
  if (kind === 'stuck') amount = plant.valueAt(source, startedAt - SECOND);
  if (kind === 'correlation') amount = -Math.round(3 + 37 * share) * plant.seasonMs;
  if (kind === 'time') amount = Math.round((0.25 + 0.5 * share) * plant.seasonMs * 1e-3) * SECOND;
  return { kind, source, startedAt, endedAt, amount };
}

/** One fault for every channel in each slot, kinds in turn. */
export function planFaults(plant: Plant, seed: number, from: number, until: number, slotMs: number): Fault[] {
  const random = createRandom(hash(seed, 31, 0));
  return TARGETS.flatMap((target, k) => {
    const faults: Fault[] = [];
    for (let slot = 0; from + (slot + 1) * slotMs <= until; slot++) {
      const kind = target.kinds[(slot + k + seed) % target.kinds.length];
      const at = from + slot * slotMs + Math.floor((0.7 * random() * slotMs) / SECOND) * SECOND;
      faults.push(drawFault(random, plant, target, kind, at));
    }
    return faults;
  });
}

/** One fault of every kind for every channel, begun at some time, each meant for a plant without the others. */
export function loneFaults(plant: Plant, seed: number, from: number, until: number): Fault[] {
  const random = createRandom(hash(seed, 32, 0));
  return TARGETS.flatMap((target) =>
    target.kinds.map((kind) => {
      const at = from + Math.floor((random() * (until - from)) / SECOND) * SECOND;
      return drawFault(random, plant, target, kind, at);
    }),
  ).toSorted((a, b) => a.startedAt - b.startedAt);
}

export function isActive({ startedAt, endedAt }: Fault, time: number): boolean {
  return startedAt <= time && time < endedAt;
}

const SIGMA = new Map(TARGETS.map(({ source, sigma }) => [source, sigma]));

/** In σ; NaN where a fault has no size. */
export function sizeOf({ kind, source, amount }: Fault): number {
  return SIGMAS[kind] === undefined ? Number.NaN : Math.abs(amount) / SIGMA.get(source)!;
}

const STEPS = new Map(TARGETS.map(({ source, step }) => [source, step]));

/** What the sensor says under the fault where it would say `value`; undefined: nothing. */
export function distorted(fault: Fault, plant: Plant, time: number, value: number): number | undefined {
  const { kind, source, startedAt, endedAt, amount } = fault;
  if (!isActive(fault, time)) return value;
  if (kind === 'silence') return undefined;
  if (kind === 'stuck') return amount;
  if (kind === 'correlation' || kind === 'time') return plant.valueAt(source, time + amount);
  const since = (time - startedAt) / SECOND;
  const rise = (time + SECOND - startedAt) / (endedAt - startedAt);
  let added = amount;
  if (kind === 'spike') added = amount / 2 ** since;
  if (kind === 'drift') added = amount * rise * rise;
  if (kind === 'noise') added = amount * gaussian(createRandom(hash(plant.seed, 33, time / SECOND)));
  const perUnit = Math.round(1 / STEPS.get(source)!);
  return Math.round(Math.max(0, value + added) * perUnit) / perUnit;
}

/**
 * Share of the stuck faults that anybody could know of in time: with q the share of readings that repeat the one before
 * in a healthy plant, `samples` repeats are chance qˢ, and must come by chance no more often than `perDay`.
 */
export function knowable(plant: Plant, from: number, seconds: number, samples: number, perDay: number): number {
  const targets = TARGETS.filter(({ kinds }) => kinds.includes('stuck'));
  const known = targets.filter(({ source }) => {
    let repeats = 0;
    for (let i = 1; i <= seconds; i++) {
      const time = from + i * SECOND;
      if (plant.valueAt(source, time) === plant.valueAt(source, time - SECOND)) repeats++;
    }
    return 86_400 * (repeats / seconds) ** samples <= perDay;
  });
  return known.length / targets.length;
}
