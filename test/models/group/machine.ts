/** Machines whose channels follow one load, and the way of their rows through order ▸ detect. */
import { from } from 'rxjs';
import type { AlertChange } from '../../../models/alert.ts';
import { createBatch, pushRow, ROW } from '../../../models/batch.ts';
import { DEFAULTS } from '../../../models/detector.ts';
import { GROUP_DEFAULTS, GroupDetector, type GroupOptions } from '../../../models/group/group-detector.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { type Model, Registry } from '../../../models/registry.ts';
import { detect } from '../../../pipelines/detect.ts';
import { order } from '../../../pipelines/order.ts';
import { Plant } from '../../../sensors/simulator/plant.ts';

export const CADENCE = 5 * 60_000;
const DAY = 24 * 3600_000;
const START = Date.UTC(2026, 0, 5);

/** Rows of a machine: every channel is the load times a gain of its own, and noise. */
export function machine(seed: number, rows: number, channels = 6, noise = 0.15): Float64Array[] {
  const random = createRandom(seed);
  const gains = Array.from({ length: channels }, (_, j) => (j % 2 === 0 ? 1 : -1) * (0.7 + 0.6 * random()));
  let load = 0;
  return Array.from({ length: rows }, () => {
    load = 0.95 * load + Math.sqrt(1 - 0.95 * 0.95) * gaussian(random);
    return Float64Array.from(gains, (gain, j) => 10 * j + gain * load + noise * gaussian(random));
  });
}

/** The gauges of the simulated plant that report each second, by machine. */
export const PLANT_MACHINES = Object.entries({
  'line1/pump': ['pressure', 'flow', 'current', 'temperature', 'vibration'],
  'line1/oven': ['temperature', 'power', 'humidity', 'airflow'],
  'line1/conveyor': ['speed', 'torque', 'current', 'temperature', 'vibration'],
}).map(([topic, fields]) => fields.map((field) => `${topic}/${field}`));

export function plantOf(seed: number): Plant {
  return new Plant({ seed, seasonMs: DAY });
}

/** When row i is, epoch ms. */
export function timeOf(i: number): number {
  return START + i * CADENCE;
}

export function plantRow(plant: Plant, sources: readonly string[], i: number): Float64Array {
  return Float64Array.from(sources, (source) => plant.valueAt(source, timeOf(i)));
}

export function groupOf(channels: number, options: Partial<GroupOptions> = {}): GroupDetector {
  const { cell, season, budgetPerDay, rules } = DEFAULTS;
  return new GroupDetector({
    ...GROUP_DEFAULTS,
    cell,
    season,
    budgetPerDay,
    rules,
    channels,
    context: 0,
    ...options,
  });
}

export interface GroupPlayed {
  surprise: number[];
  level: number[];
  score: number[];
  anomaly: number[];
  alarm: number[];
  flags: number[];
  changes: AlertChange[];
}

/** A registry with groups of one shape. */
export class GroupWorld {
  readonly detector: GroupDetector;
  readonly registry = new Registry(Infinity);
  readonly #model: Model;
  readonly #rows = new Map<string, number>();

  constructor(detector: GroupDetector) {
    this.detector = detector;
    this.#model = { pipeline: 'test', listeningSince: -Infinity, detector, seed: 1 };
  }

  /** Where the numbers of a group lie. */
  block(id = 'a'): { memory: Float64Array; at: number } {
    return this.registry.admit(id, id, this.#model)!;
  }

  copyOf(id = 'a'): Float64Array {
    const { memory, at } = this.block(id);
    return memory.slice(at, at + this.detector.size);
  }

  /** A world of its own in which a group goes on as it is now. */
  fork(id = 'a'): GroupWorld {
    const fork = new GroupWorld(this.detector);
    const { memory, at } = fork.block(id);
    memory.set(this.copyOf(id), at);
    fork.#rows.set(id, this.#rows.get(id) ?? 0);
    return fork;
  }

  /** The next rows of a group, in batches of at most `batchRows`. */
  play(rows: readonly Float64Array[], id = 'a', batchRows = 512): GroupPlayed {
    const played: GroupPlayed = { surprise: [], level: [], score: [], anomaly: [], alarm: [], flags: [], changes: [] };
    const { index } = this.registry.admit(id, id, this.#model)!;
    for (let begin = 0; begin < rows.length; begin += batchRows) {
      const part = rows.slice(begin, begin + batchRows);
      const first = this.#rows.get(id) ?? 0;
      const batch = createBatch(part.length);
      for (const [row, values] of part.entries()) {
        pushRow(batch, index, timeOf(first + row), timeOf(first + row), Number.NaN, ROW.recorded);
        batch.members[row] = values;
      }
      this.#rows.set(id, first + part.length);
      from([batch])
        .pipe(
          order(this.registry),
          detect(this.registry, () => 0),
        )
        .subscribe();
      for (const name of ['surprise', 'level', 'score', 'anomaly', 'alarm', 'flags'] as const) {
        played[name].push(...batch[name]);
      }
      for (const change of batch.changes) played.changes.push({ ...change, row: change.row + begin });
    }
    return played;
  }
}
