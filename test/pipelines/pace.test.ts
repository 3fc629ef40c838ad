import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Batch, BATCH_ROWS_MAX, createTick, ROW } from '../../models/batch.ts';
import type { Registry } from '../../models/registry.ts';
import { order } from '../../pipelines/order.ts';
import { pace } from '../../pipelines/pace.ts';
import { batchOf, calm, NOON, tracksOf } from '../sim/tracks.ts';

function paced(registry: Registry, ...entries: Batch[]): Batch[] {
  const batches: Batch[] = [];
  of(...entries)
    .pipe(order(registry), pace(registry))
    .subscribe((batch) => batches.push(batch));
  return batches;
}

const rowsOf = (batches: readonly Batch[]): number[] =>
  batches.flatMap(({ series, length }) => Array.from(series.slice(0, length)));

/** Two series that have reported once a second, until 19 s after noon. */
function known(...ids: string[]) {
  const world = tracksOf(...ids);
  paced(world.registry, ...world.tracks.map((track) => batchOf(calm(track, 20))));
  return { ...world, last: NOON + 19_000 };
}

describe('pace', () => {
  it('lets batches of samples through as they are', () => {
    const { registry, tracks } = tracksOf('a');
    const batch = batchOf(calm(tracks[0], 3));
    expect(paced(registry, batch)).toEqual([batch]);
  });

  it('makes no row of a tick while everybody is in time', () => {
    const { registry, last } = known('a', 'b');
    expect(rowsOf(paced(registry, createTick(last + 2999)))).toEqual([]);
  });

  it('makes one row for each series that is silent three times as long as ever before', () => {
    const { registry, tracks, last } = known('a', 'b');
    const more = batchOf(calm(tracks[1], 3, 20));
    const [, batch] = paced(registry, more, createTick(last + 3000));
    expect(rowsOf([batch])).toEqual([tracks[0].index]);
    expect(batch.value[0]).toBeNaN();
    expect(batch.flags[0]).toBe(ROW.overdue);
    expect(batch.time[0]).toBe(last + 3000);
    expect(batch.gap[0]).toBe(3000);
  });

  it('goes on making rows at every tick until the series is back', () => {
    const { registry, tracks, last } = known('a');
    const back = batchOf([{ track: tracks[0], time: last + 9000, value: 1 }]);
    const ticks = [3, 4, 8].map((s) => createTick(last + s * 1000));
    const batches = paced(registry, ...ticks, back, createTick(last + 10_000));
    expect(batches.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
    expect(batches.slice(0, 3).map(({ gap }) => gap[0])).toEqual([3000, 4000, 8000]);
  });

  it('counts from the arrival of a sample, not from the time it carries', () => {
    const { registry, tracks } = tracksOf('a');
    const hour = 3600_000;
    const slow = calm(tracks[0], 20).map((row) => ({ ...row, arrival: row.time + hour }));
    paced(registry, batchOf(slow));
    expect(rowsOf(paced(registry, createTick(NOON + 19_000 + hour + 1000)))).toEqual([]);
    expect(rowsOf(paced(registry, createTick(NOON + 19_000 + hour + 3000)))).toEqual([0]);
  });

  it('gives a row the time that the clock of its series shows, however wrong that is', () => {
    const { registry, tracks } = tracksOf('slow', 'fast');
    const ahead = [-3600_000, 60_000];
    for (const [i, track] of tracks.entries()) {
      paced(registry, batchOf(calm(track, 20).map((row) => ({ ...row, arrival: row.time - ahead[i] }))));
    }
    const [batch] = paced(registry, createTick(NOON + 19_000 + 3600_000 + 5000));
    expect(rowsOf([batch])).toEqual([0, 1]);
    expect([...batch.time].map((time) => time - NOON)).toEqual([24_000, 19_000 + 3600_000 + 65_000]);
    expect([...batch.arrival].map((time) => time - NOON)).toEqual([3624_000, 3624_000]);
    expect([...batch.gap]).toEqual([5000, 3665_000]);
  });

  it('holds nobody overdue whose sources are not heard', () => {
    const { registry, model, last } = known('a');
    model.listeningSince = Infinity;
    expect(rowsOf(paced(registry, createTick(last + 24 * 3600_000)))).toEqual([]);
  });

  it('holds nobody overdue for the time before it began to listen', () => {
    const { registry, last } = known('a');
    for (const { model } of registry) model.listeningSince = last + 3600_000;
    expect(rowsOf(paced(registry, createTick(last + 3600_000 + 2999)))).toEqual([]);
    const [batch] = paced(registry, createTick(last + 3600_000 + 3000));
    expect(batch.gap[0]).toBe(3000);
  });

  it('waits for a series of which too little is known', () => {
    const { registry, tracks } = tracksOf('a');
    paced(registry, batchOf(calm(tracks[0], 10)));
    expect(rowsOf(paced(registry, createTick(NOON + 3600_000)))).toEqual([]);
    paced(registry, batchOf(calm(tracks[0], 1, 10)));
    expect(rowsOf(paced(registry, createTick(NOON + 3600_000)))).toEqual([0]);
  });

  it('makes a row for every overdue series, however many, in batches of 4,096', () => {
    const count = BATCH_ROWS_MAX + 10;
    const { registry, tracks } = tracksOf(...Array.from({ length: count }, (_, i) => `s${i}`));
    for (let i = 0; i < 12; i++) {
      const rows = tracks.map((track) => ({ track, time: NOON + i * 1000, value: i }));
      paced(registry, batchOf(rows.slice(0, BATCH_ROWS_MAX)), batchOf(rows.slice(BATCH_ROWS_MAX)));
    }
    const batches = paced(registry, createTick(NOON + 60_000));
    expect(rowsOf(batches)).toEqual(tracks.map(({ index }) => index));
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(BATCH_ROWS_MAX);
  });
});
