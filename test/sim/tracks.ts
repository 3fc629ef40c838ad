/** A registry with small detectors, and batches for it row by row. */
import { type Batch, createBatch, pushRow } from '../../models/batch.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { type Model, Registry, type Track } from '../../models/registry.ts';

export const NOON = Date.UTC(2026, 10, 20, 12);

export interface Row {
  track: Track;
  time: number;
  value: number;
  arrival?: number;
  flags?: number;
}

/** @param ids  of the series; each source is its id with '/' for '_' */
export function tracksOf(...ids: string[]): { registry: Registry; tracks: Track[]; model: Model } {
  const registry = new Registry();
  const detector = new Detector({ ...DEFAULTS, hidden: 2, lags: 4, season: 60_000 });
  const model: Model = { pipeline: 'main', listeningSince: -Infinity, detector, seed: 1 };
  return {
    registry,
    model,
    tracks: ids.map((id, number) => registry.admit(id, id.replaceAll('_', '/'), model, { number })!),
  };
}

export function batchOf(rows: readonly Row[]): Batch {
  const batch = createBatch(rows.length);
  for (const { track, time, value, arrival = time, flags = 0 } of rows) {
    pushRow(batch, track.index, time, arrival, value, flags);
  }
  return batch;
}

/** A value a second that goes up and down, never twice the same way. */
export function wave(i: number): number {
  return 50 + 10 * Math.sin(i / 9) + 2 * Math.sin(i * 1.7) + Math.sin(i * i);
}

/** Rows of `wave`, one a second. */
export function calm(track: Track, count: number, from = 0): Row[] {
  return Array.from({ length: count }, (_, i) => ({ track, time: NOON + (from + i) * 1000, value: wave(from + i) }));
}
