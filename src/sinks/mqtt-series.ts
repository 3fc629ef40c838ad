/**
 * The topics of each series: its state when an alert changes it, else at most every ten seconds, and whether it is
 * there at all. A series that is gone takes its topics along.
 */
import type { AlertDocument } from '../../models/alert-document.ts';
import type { Clock } from '../../models/ports.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { seriesId } from '../../sensors/topic.ts';
import type { SeriesInfo } from '../protocol.ts';

/** What stands in `state`; null: not known. */
interface SeriesReading {
  score: number | null;
  value: number | null;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  /** Epoch ms. */
  ts: number | null;
}

interface Entry {
  reading: SeriesReading;
  /** While its alert is open. */
  severity: AlertDocument['severity'] | null;
  publishedAt: number;
  dirty: boolean;
}

export interface SeriesTopicsOptions {
  /** Levels before the id. */
  base: string;
  stateMs: number;
  seriesMax: number;
  clock: Clock;
  series(id: string): SeriesInfo | undefined;
  /** An empty payload takes the topic away. */
  retain(topic: string, payload: string): void;
}

export class SeriesTopics {
  readonly #options: SeriesTopicsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: SeriesTopicsOptions) {
    this.#options = options;
  }

  samples(all: readonly SampleColumns[]): void {
    for (const { s, t, y, e, lo, hi, z } of all) {
      const entry = this.#entryOf(s);
      if (entry === undefined || t.length === 0) continue;
      const last = t.length - 1;
      const reading = { score: z[last], value: y[last], expected: e[last], lower: lo[last], upper: hi[last] };
      entry.reading = { ...reading, ts: t[last] };
      entry.dirty = true;
    }
  }

  alert(alert: AlertDocument): void {
    const entry = this.#entryOf(alert.series);
    if (entry === undefined) return;
    const { score, value, expected, lower, upper, severity } = alert;
    entry.reading = { score, value, expected, lower, upper, ts: Date.parse(alert.updated_at) };
    entry.severity = alert.status === 'active' ? severity : null;
    const silent = alert.status === 'active' && alert.reason === 'silence';
    const info = this.#options.series(alert.series);
    this.#publish(alert.series, entry, info, alert.status === 'active', silent);
  }

  /** Publishes what is due; now and then. */
  sweep(): void {
    const { clock, stateMs } = this.#options;
    const now = clock.now();
    for (const [id, entry] of this.#entries) {
      if (now - entry.publishedAt < stateMs) continue;
      const info = this.#options.series(id);
      if (info === undefined) {
        this.#entries.delete(id);
        this.#retain(id, 'state', '');
        this.#retain(id, 'availability', '');
      } else if (entry.dirty) {
        this.#publish(id, entry, info, entry.severity !== null || info.state === 'alert', info.state === 'silent');
      } else {
        entry.publishedAt = now;
        this.#retain(id, 'availability', info.state === 'silent' ? 'offline' : 'online');
      }
    }
  }

  #publish(id: string, entry: Entry, info: SeriesInfo | undefined, alerting: boolean, silent: boolean): void {
    entry.publishedAt = this.#options.clock.now();
    entry.dirty = false;
    const { score, value, expected, lower, upper, ts } = entry.reading;
    const { severity } = entry;
    const alert = alerting ? 'ON' : 'OFF';
    const learning = info?.learning ?? null;
    const state = { alert, score, value, expected, lower, upper, severity, learning, ts };
    this.#retain(id, 'state', JSON.stringify(state));
    this.#retain(id, 'availability', silent ? 'offline' : 'online');
  }

  #retain(id: string, what: 'state' | 'availability', payload: string): void {
    this.#options.retain(`${this.#options.base}/${levelOf(id)}/${what}`, payload);
  }

  #entryOf(id: string): Entry | undefined {
    let entry = this.#entries.get(id);
    if (entry === undefined && this.#entries.size < this.#options.seriesMax) {
      const reading = { score: null, value: null, expected: null, lower: null, upper: null, ts: null };
      entry = { reading, severity: null, publishedAt: -Infinity, dirty: false };
      this.#entries.set(id, entry);
    }
    return entry;
  }
}

/** The id as one level of a topic: what is no proper id becomes one. */
export function levelOf(id: string): string {
  return /^[a-z0-9_-]{1,64}$/.test(id) ? id : seriesId(id);
}
