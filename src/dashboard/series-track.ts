/**
 * One series as the page knows it: its description, its recent samples, and the few numbers a card shows.
 *
 * Samples go into the ring at once; `latest` and `points` follow when the page next draws, so a burst of samples
 * costs one update of the screen.
 */
import { signal, type Signal } from '@preact/signals';

import type { SampleColumns, SeriesInfo } from '../protocol.ts';
import { Ring } from './ring.ts';

/** A lag below this is the network; above it the source lives in another time (a replay, a wrong clock). */
const LAG_MS_MIN = 30_000;

export class SeriesTrack {
  readonly id: string;
  readonly info: Signal<SeriesInfo>;
  readonly ring = new Ring();
  readonly latest: Signal<number | null> = signal(null);
  readonly points: Signal<number> = signal(0);
  /** Grows with every change of the ring: tells a chart whether it has to draw. */
  version = 0;
  /** How far the series' own clock runs behind the server's; 0 for a live one. */
  lagMs = 0;

  constructor(info: SeriesInfo) {
    this.id = info.id;
    this.info = signal(info);
  }

  /** Takes the ring of a snapshot in place of what was held. */
  refill(columns: SampleColumns | undefined): void {
    this.ring.clear();
    this.lagMs = 0;
    this.version += 1;
    if (columns) this.ring.append(columns);
  }

  append(columns: SampleColumns, now: number): void {
    this.ring.append(columns);
    this.version += 1;
    const lag = now - (this.newest ?? now);
    this.lagMs = Math.abs(lag) > LAG_MS_MIN ? lag : 0;
  }

  /** Time of the newest sample; null before the first. */
  get newest(): number | null {
    return this.ring.length > 0 ? this.ring.time(this.ring.length - 1) : null;
  }

  showLatest(): void {
    const value = this.ring.length > 0 ? this.ring.value(this.ring.length - 1) : Number.NaN;
    this.latest.value = Number.isNaN(value) ? null : value;
  }

  showPoints(): void {
    this.points.value = this.ring.length;
  }
}
