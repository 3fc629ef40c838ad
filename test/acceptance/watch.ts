/**
 * The daemon's own way, order ▸ pace ▸ detect, in virtual time, and what it would tell people: alerts that open, grow
 * worse and close.
 */
import { Subject } from 'rxjs';
import { type AlertChange, REASONS } from '../../models/alert.ts';
import { type Batch, BATCH_ROWS_MAX, createBatch, createTick, pushRow } from '../../models/batch.ts';
import { DEFAULTS, Detector, type DetectorOptions } from '../../models/detector.ts';
import { type Model, Registry, type Track } from '../../models/registry.ts';
import type { LocalOffset } from '../../pipelines/detect.ts';
import { pipeline } from '../../pipelines/pipeline.ts';
import type { Entry } from '../models/play.ts';

export interface Told {
  event: AlertChange['event'];
  series: string;
  time: number;
  reason: (typeof REASONS)[number];
  score: number;
  threshold: number;
}

export class Watch {
  readonly detector: Detector;
  readonly told: Told[] = [];
  readonly #registry = new Registry();
  readonly #model: Model;
  readonly #entries = new Subject<Batch>();

  /** @param series how many share the budget */
  constructor(series = 1, options: Partial<DetectorOptions> = {}, localOffset: LocalOffset = () => 0) {
    this.detector = new Detector({ ...DEFAULTS, ...options });
    this.detector.series = series;
    this.#model = { pipeline: 'test', listeningSince: -Infinity, detector: this.detector, seed: 1 };
    pipeline(this.#entries, this.#registry, localOffset).subscribe((batch) => {
      for (const { event, series, time, reason, score, threshold } of batch.changes) {
        const { id } = this.#registry.tracks[series]!;
        this.told.push({ event, series: id, time, reason: REASONS[reason], score, threshold });
      }
    });
  }

  /** Plays entries in the order in which they stand and returns the alerts that opened. */
  play(entries: Iterable<Entry>): Told[] {
    const before = this.told.length;
    let batch = createBatch(BATCH_ROWS_MAX);
    for (const entry of entries) {
      if ('tick' in entry) {
        this.#entries.next(batch);
        this.#entries.next(createTick(entry.tick));
        batch = createBatch(BATCH_ROWS_MAX);
        continue;
      }
      if (batch.length === BATCH_ROWS_MAX) {
        this.#entries.next(batch);
        batch = createBatch(BATCH_ROWS_MAX);
      }
      const { id, time, value, arrival = time, flags = 0 } = entry;
      pushRow(batch, this.#registry.admit(id, id, this.#model)!.index, time, arrival, value, flags);
    }
    this.#entries.next(batch);
    return this.told.slice(before).filter(({ event }) => event === 'open');
  }

  track(id: string): Track {
    return this.#registry.find(id)!;
  }

  /** Whether the series is in alert. */
  isOpen(id: string): boolean {
    const last = this.told.findLast(({ series }) => series === id);
    return last !== undefined && last.event !== 'close';
  }
}

/** Ticks of the clock from..until, `every` apart. */
export function ticks(from: number, until: number, every: number): Entry[] {
  return Array.from({ length: Math.floor((until - from) / every) + 1 }, (_, i) => ({ tick: from + i * every }));
}

const timeOf = (entry: Entry): number => ('tick' in entry ? entry.tick : (entry.arrival ?? entry.time));

/** All of them in the order of time. */
export function inOrder(...lists: readonly (readonly Entry[])[]): Entry[] {
  return lists.flat().toSorted((a, b) => timeOf(a) - timeOf(b));
}
