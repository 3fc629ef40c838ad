/**
 * A fleet that learns one set of weights together, against one where each pump learns its own: what it forecasts, what it
 * tells on clean days and on days with faults, and what it costs.
 *
 * Three days to learn, three clean ones, and four on which every pump has a fault, of another kind each day. A fault is
 * found when an alert of the pump opens while it lasts, or within an hour after it.
 */
import { createRandom } from '../models/random.ts';
import { DAY, Fleet, newPump, type Pump } from './fleet-world.ts';

const TAUGHT_DAYS = 3;
const CLEAN_DAYS = 3;
const AFTER = 60;

/** In deviations of the pump's noise. */
const FAULTS = [
  { name: 'spike', lasts: 1, size: 10 },
  { name: 'shift', lasts: 120, size: 6 },
  { name: 'drift', lasts: 240, size: 8 },
  { name: 'noise', lasts: 180, size: 3 },
] as const;

export const FAULT_NAMES = FAULTS.map(({ name }) => name);

export interface FaultsFound {
  /** Mean distance from what was expected on clean days, in deviations of the noise: .80 is all there is to forecast. */
  error: number;
  /** Alerts of the whole fleet on a clean day. */
  falsePerDay: number;
  /** Share of the faults of each kind, in the order of FAULT_NAMES. */
  found: number[];
  bytesPerSeries: number;
  /** Of the processor's time, for a sample on clean days with all around it. */
  microseconds: number;
}

export function measureFaults(pumps: number, seed: number, shared: boolean): FaultsFound {
  const fleet = new Fleet({ peers: true, shared, series: pumps });
  const world = Array.from({ length: pumps }, (_, k) => newPump(10_000 * seed + k + 1));
  const clean = TAUGHT_DAYS * DAY;
  const faulty = clean + CLEAN_DAYS * DAY;
  each(clean, 0, (minute) => {
    for (const [k, pump] of world.entries()) fleet.sample(String(k), minute, pump.valueAt(minute));
  });
  let [distance, alarms] = [0, 0];
  const started = process.cpuUsage();
  each(CLEAN_DAYS * DAY, clean, (minute) => {
    for (const [k, pump] of world.entries()) {
      const value = pump.valueAt(minute);
      const { expected, changes } = fleet.sample(String(k), minute, value);
      distance += Math.abs(value - expected[0]) / pump.noise;
      for (const { event } of changes) if (event === 'open') alarms++;
    }
  });
  const samples = CLEAN_DAYS * DAY * pumps;
  const microseconds = process.cpuUsage(started).user / samples;
  const found = FAULTS.map(() => 0);
  for (const day of FAULTS.keys()) faultyDay(fleet, world, faulty + day * DAY, day, seed, found);
  return {
    error: distance / samples,
    falsePerDay: alarms / CLEAN_DAYS,
    found: found.map((count) => count / pumps),
    bytesPerSeries: fleet.bytesPerSeries,
    microseconds,
  };
}

/** A day on which every pump has a fault; adds to the faults that are found, by kind. */
function faultyDay(
  fleet: Fleet,
  world: readonly Pump[],
  from: number,
  day: number,
  seed: number,
  found: number[],
): void {
  const random = createRandom(1000 * seed + day);
  const starts = world.map(() => from + 60 + Math.floor(random() * (DAY - 420)));
  const told = new Set<number>();
  each(DAY, from, (minute) => {
    for (const [k, pump] of world.entries()) {
      // All kinds are there on each day.
      const kind = (day + k) % FAULTS.length;
      const { name, lasts, size } = FAULTS[kind];
      const since = minute - starts[k];
      const isOn = since >= 0 && since < lasts;
      const value = pump.valueAt(minute, isOn && name === 'noise' ? size * pump.noise : pump.noise);
      const reached = name === 'drift' ? since / lasts : 1;
      const beside = isOn && name !== 'noise' ? reached * size * pump.noise : 0;
      const { changes } = fleet.sample(String(k), minute, value + beside);
      if (since < 0 || since >= lasts + AFTER || told.has(k)) continue;
      if (!changes.some(({ event }) => event === 'open')) continue;
      told.add(k);
      found[kind]++;
    }
  });
}

function each(minutes: number, from: number, run: (minute: number) => void): void {
  for (let minute = from; minute < from + minutes; minute++) run(minute);
}
