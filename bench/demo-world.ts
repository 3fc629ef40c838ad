/** A simulated plant, and the daemon's way from its messages to alerts, in virtual time and without sockets. */
import { Subject } from 'rxjs';
import { type AlertChange, REASONS } from '../models/alert.ts';
import { type Batch, createBatch, createTick, pushRow, ROW } from '../models/batch.ts';
import { DEFAULTS, Detector } from '../models/detector.ts';
import { type Model, Registry } from '../models/registry.ts';
import { pipeline } from '../pipelines/pipeline.ts';
import { decodeJson } from '../sensors/decode.ts';
import { Plant } from '../sensors/simulator/plant.ts';
import { seriesId, sourceOf } from '../sensors/topic.ts';

export interface Opened {
  series: string;
  /** Epoch ms. */
  time: number;
  reason: string;
  score: number;
  threshold: number;
}

const SECOND = 1000;
const SEASON_MS = 300 * SECOND;

interface WorldOptions {
  seed: number;
  /** Default: that of the plant. */
  season?: number;
  /** Series that share the budget. Default: those of the plant. */
  series?: number;
}

export class World {
  readonly plant: Plant;
  readonly opened: Opened[] = [];
  readonly #options: WorldOptions;
  readonly #registry = new Registry();
  readonly #model: Model;
  readonly #entries = new Subject<Batch>();
  readonly #firing = new Set<string>();

  constructor(options: WorldOptions) {
    const { seed, season = SEASON_MS, series } = options;
    this.#options = options;
    this.plant = new Plant({ seed, seasonMs: SEASON_MS });
    const detector = new Detector({ ...DEFAULTS, season });
    detector.series = series ?? this.plant.channels.length;
    this.#model = { pipeline: 'plant', listeningSince: -Infinity, detector, seed: 1 };
    pipeline(this.#entries, this.#registry, () => 0).subscribe(({ changes }) => this.#note(changes));
  }

  /** One second of the plant. @param fault  what a channel says instead of a value; undefined: nothing */
  second(time: number, fault: (source: string, value: number) => number | undefined = (_, value) => value): void {
    const batch = createBatch(this.plant.channels.length);
    for (const { topic, payload } of this.plant.messagesAt(time)) {
      for (const { path, value, onOff } of decodeJson(Buffer.from(payload)).readings) {
        const source = sourceOf(topic, path);
        const said = fault(source, value);
        if (said !== undefined) this.#row(batch, source, time, said, onOff);
      }
    }
    this.#send(batch, time);
  }

  /** One second of one series. */
  push(source: string, time: number, value: number | undefined): void {
    const batch = createBatch(1);
    if (value !== undefined) this.#row(batch, source, time, value, false);
    this.#send(batch, time);
  }

  /** A world in which this series alone goes on as it is now. */
  fork(source: string): World {
    const fork = new World({ series: this.plant.channels.length, ...this.#options });
    const track = this.#registry.find(seriesId(source))!;
    const copy = fork.#registry.admit(track.id, source, fork.#model)!;
    copy.memory.set(track.memory.subarray(track.at, track.at + this.#model.detector.size), copy.at);
    return fork;
  }

  isFiring(source: string): boolean {
    return this.#firing.has(seriesId(source));
  }

  #row(batch: Batch, source: string, time: number, value: number, onOff: boolean): void {
    const track = this.#registry.admit(seriesId(source), source, this.#model)!;
    pushRow(batch, track.index, time, time, value, onOff ? ROW.onOff : 0);
  }

  #send(batch: Batch, time: number): void {
    this.#entries.next(batch);
    this.#entries.next(createTick(time + SECOND / 2));
  }

  #note(changes: readonly AlertChange[]): void {
    for (const { event, series, time, reason, score, threshold } of changes) {
      const { id } = this.#registry.tracks[series]!;
      if (event === 'close') this.#firing.delete(id);
      if (event !== 'open') continue;
      this.#firing.add(id);
      this.opened.push({ series: id, time, reason: REASONS[reason], score, threshold });
    }
  }
}
