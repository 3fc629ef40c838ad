import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Batch, ROW } from '../../models/batch.ts';
import { DROP_REASONS } from '../../models/drop.ts';
import type { Registry } from '../../models/registry.ts';
import { order } from '../../pipelines/order.ts';
import { batchOf, NOON, type Row, tracksOf } from '../sim/tracks.ts';

function ordered(registry: Registry, rows: readonly Row[]): Batch {
  let result: Batch | undefined;
  of(batchOf(rows))
    .pipe(order(registry))
    .subscribe((batch) => (result = batch));
  return result!;
}

const fates = ({ drop, length }: Batch): string[] => Array.from(drop.slice(0, length), (code) => DROP_REASONS[code]);

describe('order', () => {
  it('drops late rows and duplicates with their reason and keeps the rest', () => {
    const { registry, tracks } = tracksOf('a');
    const [track] = tracks;
    const at = (seconds: number, value: number) => ({
      track,
      time: NOON + seconds * 1000,
      value,
      arrival: NOON + 9000,
    });
    const batch = ordered(registry, [at(1, 1), at(3, 3), at(2, 2), at(3, 3), at(3, 4), at(4, 5)]);
    expect(fates(batch)).toEqual(['kept', 'kept', 'late', 'duplicate', 'kept', 'kept']);
    expect(batch.flags[4] & ROW.sameTime).toBe(ROW.sameTime);
    expect([...batch.gap]).toEqual([0, 2000, 0, 0, 0, 1000]);
  });

  it('drops a row from more than five minutes ahead, which then makes no later row late', () => {
    const { registry, tracks } = tracksOf('a');
    const [track] = tracks;
    const rows = [0, 300_000, 300_001, 300_000].map((ahead, i) => ({
      track,
      time: NOON + ahead,
      value: i,
      arrival: NOON,
    }));
    expect(fates(ordered(registry, rows))).toEqual(['kept', 'kept', 'future', 'kept']);
  });

  it('keeps the series apart', () => {
    const { registry, tracks } = tracksOf('a', 'b');
    const rows = [
      { track: tracks[0], time: NOON + 5000, value: 1 },
      { track: tracks[1], time: NOON + 1000, value: 1 },
      { track: tracks[0], time: NOON + 6000, value: 1 },
      { track: tracks[1], time: NOON + 3000, value: 1 },
    ];
    const batch = ordered(registry, rows);
    expect(fates(batch)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect([...batch.gap]).toEqual([0, 0, 1000, 2000]);
  });

  it('repairs the time of a recorded row instead of dropping it', () => {
    const { registry, tracks } = tracksOf('a');
    const rows = [1, 2, 3, 3, 1].map((s, i) => ({
      track: tracks[0],
      time: NOON + s * 1000,
      value: i,
      flags: ROW.recorded,
    }));
    const batch = ordered(registry, rows);
    expect(fates(batch)).toEqual(['kept', 'kept', 'kept', 'kept', 'kept']);
    expect([...batch.time].map((time) => (time - NOON) / 1000)).toEqual([1, 2, 3, 4, 5]);
    expect([...batch.flags].map((flags) => (flags & ROW.repaired) !== 0)).toEqual([false, false, false, true, true]);
  });

  it('passes rows of a series that has been removed', () => {
    const { registry, tracks } = tracksOf('a', 'b');
    const rows = tracks.map((track) => ({ track, time: NOON, value: 1 }));
    registry.remove(tracks[0]);
    expect(fates(ordered(registry, rows))).toEqual(['kept', 'kept']);
  });
});
