import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Batch, createTick } from '../../models/batch.ts';
import { dropCode } from '../../models/drop.ts';
import type { Registry } from '../../models/registry.ts';
import { detect, type LocalOffset } from '../../pipelines/detect.ts';
import { order } from '../../pipelines/order.ts';
import { pipeline } from '../../pipelines/pipeline.ts';
import { batchOf, calm, NOON, tracksOf } from '../sim/tracks.ts';

function detected(registry: Registry, batch: Batch, offset: LocalOffset = () => 0): Batch {
  of(batch).pipe(order(registry), detect(registry, offset)).subscribe();
  return batch;
}

describe('detect', () => {
  it('scores the kept rows and teaches the detector with them', () => {
    const { registry, tracks } = tracksOf('a');
    const batch = detected(registry, batchOf(calm(tracks[0], 200)));
    expect(batch.surprise.slice(100).some((surprise) => surprise > 0)).toBe(true);
    expect(batch.expected.slice(100).every((expected) => Number.isFinite(expected))).toBe(true);
    expect(batch.lower.slice(100).every((lower, i) => lower < batch.expected[100 + i])).toBe(true);
  });

  it('leaves dropped rows alone and learns nothing from them', () => {
    const { registry, tracks } = tracksOf('a', 'b');
    const [a, b] = tracks;
    const { size } = a.model.detector;
    b.memory.set(a.memory.slice(a.at, a.at + size), b.at); // the same first weights
    const rows = calm(a, 100);
    const late = rows.flatMap((row, i) => (i % 10 === 5 ? [row, { ...row, time: NOON - 1000, value: 1e6 }] : [row]));
    const batch = detected(registry, batchOf(late));
    detected(registry, batchOf(rows.map((row) => ({ ...row, track: b }))));
    expect(a.memory.slice(a.at, a.at + size)).toEqual(b.memory.slice(b.at, b.at + size));
    const dropped = late.flatMap((_, i) => (batch.drop[i] === dropCode('late') ? [i] : []));
    expect(dropped).toHaveLength(10);
    for (const row of dropped) expect([batch.surprise[row], batch.level[row], batch.expected[row]]).toEqual([0, 0, 0]);
  });

  it('passes rows of a series that has been removed', () => {
    const { registry, tracks } = tracksOf('a', 'b');
    const rows = tracks.flatMap((track) => calm(track, 100));
    registry.remove(tracks[0]);
    const batch = detected(registry, batchOf(rows));
    expect(batch.surprise.slice(0, 100).every((surprise) => surprise === 0)).toBe(true);
    expect(batch.surprise.slice(100).some((surprise) => surprise > 0)).toBe(true);
  });

  it('asks for the local time of the pipeline at the time of the row', () => {
    const { registry, tracks } = tracksOf('a');
    const asked: [string, number][] = [];
    detected(registry, batchOf(calm(tracks[0], 2)), (id, time) => {
      asked.push([id, time]);
      return 0;
    });
    expect(asked).toEqual([
      ['main', NOON],
      ['main', NOON + 1000],
    ]);
  });
});

describe('the pipeline', () => {
  it('gives the same results however the rows were cut into batches', () => {
    const scores = [1, 7, 64, 400].map((size) => {
      const { registry, tracks } = tracksOf('a', 'b');
      const rows = calm(tracks[0], 200).flatMap((row) => [row, { ...row, track: tracks[1], value: -row.value }]);
      const batches = [];
      for (let i = 0; i < rows.length; i += size) batches.push(batchOf(rows.slice(i, i + size)));
      const all: number[] = [];
      pipeline(of(...batches, createTick(NOON + 300_000)), registry, () => 0).subscribe((batch) => {
        for (let i = 0; i < batch.length; i++)
          all.push(batch.surprise[i], batch.level[i], batch.score[i], batch.upper[i]);
      });
      return all;
    });
    expect(scores[0].length).toBe(4 * 402); // two rows of the tick
    for (const other of scores.slice(1)) expect(other).toEqual(scores[0]);
  });

  it('is one stream for all who listen', () => {
    const { registry, tracks } = tracksOf('a');
    const entries = of(batchOf(calm(tracks[0], 10)));
    const scored = pipeline(entries, registry, () => 0);
    scored.subscribe();
    expect(registry.find('a')!.memory[tracks[0].at + tracks[0].model.detector.layout.order]).toBe(10);
  });
});
