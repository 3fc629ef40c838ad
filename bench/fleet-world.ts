/**
 * Pumps of one hall that report each minute: the same day for all, each with a level, a swing and a noise of its own; and
 * the daemon's way of a sample that watches them.
 */
import { Subject } from 'rxjs';
import { type Batch, createBatch, pushRow } from '../models/batch.ts';
import { DEFAULTS, Detector } from '../models/detector.ts';
import { createRandom, gaussian } from '../models/random.ts';
import { type Model, Registry } from '../models/registry.ts';
import { pipeline } from '../pipelines/pipeline.ts';
import { seriesId } from '../sensors/topic.ts';

export const DAY = 1440; // minutes

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2);

export interface Pump {
  /** Deviation of what is by chance. */
  noise: number;
  /** What it says at a minute; a deviation of another size makes it a noisy one. */
  valueAt(minute: number, noise?: number): number;
}

export function newPump(seed: number): Pump {
  const random = createRandom(seed);
  const level = 20 + 40 * random();
  const swing = 4 + 4 * random();
  const noise = 0.3 + 0.4 * random();
  return {
    noise,
    valueAt(minute, deviation = noise) {
      const phase = (2 * Math.PI * minute) / DAY;
      return level + swing * (Math.sin(phase) + 0.4 * Math.sin(2 * phase + 1)) + deviation * gaussian(random);
    },
  };
}

export interface FleetOptions {
  peers: boolean;
  shared?: boolean;
  /** Series that share the budget of an alert a day. */
  series: number;
}

export class Fleet {
  readonly #registry = new Registry(Infinity);
  readonly #entries = new Subject<Batch>();
  readonly #model: Model;
  #scored: Batch | undefined;

  constructor({ peers, shared = false, series }: FleetOptions) {
    const detector = new Detector({ ...DEFAULTS, shared });
    detector.series = series;
    this.#model = { pipeline: 'fleet', listeningSince: -Infinity, detector, seed: 1 };
    if (peers) this.#model.peers = 'hall/+/flow';
    pipeline(this.#entries, this.#registry, () => 0).subscribe((batch) => (this.#scored = batch));
  }

  get bytesPerSeries(): number {
    return this.#registry.bytes / this.#registry.size;
  }

  sample(name: string, minute: number, value: number): Batch {
    const source = `hall/${name}/flow`;
    const track = this.#registry.admit(seriesId(source), source, this.#model)!;
    const time = START + minute * MINUTE;
    const batch = createBatch(1);
    pushRow(batch, track.index, time, time, value, 0);
    this.#entries.next(batch);
    return this.#scored!;
  }

  remove(name: string): void {
    this.#registry.remove(this.#registry.find(seriesId(`hall/${name}/flow`))!);
  }
}
