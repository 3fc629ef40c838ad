import { interval } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { type Batch, createBatch, pushRow, ROW } from '../../models/batch.ts';
import { dropCode } from '../../models/drop.ts';
import { emptyColumns, type SampleColumns, thin } from '../../pipelines/thin.ts';
import { batchOf, NOON, tracksOf } from '../sim/tracks.ts';

const { registry, tracks } = tracksOf('a', 'b');
const [a, b] = tracks;

/** Runs the diagram; letters stand for batches and for the columns that come out of them. */
function marbles(
  input: string,
  batches: Record<string, Batch>,
  output: string,
  columns: Record<string, SampleColumns[]>,
): void {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run(({ hot, expectObservable }) => {
    expectObservable(hot(input, batches).pipe(thin(registry, interval(100, scheduler)))).toBe(output, columns);
  });
}

function sample(track: typeof a, second: number, value: number): Batch {
  const batch = batchOf([{ track, time: NOON + second * 1000, value }]);
  batch.expected.fill(value - 1);
  batch.lower.fill(value - 2);
  batch.upper.fill(value + 2);
  batch.surprise.fill(value / 10);
  return batch;
}

function columns(track: typeof a, ...samples: [second: number, value: number][]): SampleColumns {
  return {
    s: track.id,
    t: samples.map(([s]) => NOON + s * 1000),
    y: samples.map(([, y]) => y),
    e: samples.map(([, y]) => y - 1),
    lo: samples.map(([, y]) => y - 2),
    hi: samples.map(([, y]) => y + 2),
    z: samples.map(([, y]) => y / 10),
  };
}

describe('thin', () => {
  it('gathers what came in 100 ms into one message of columns a series', () => {
    marbles(
      'x 9ms y 9ms z 200ms w 28ms |',
      { x: sample(a, 0, 1), y: sample(b, 0, 5), z: sample(a, 1, 2), w: sample(a, 2, 3) },
      '100ms p 149ms (q|)',
      {
        p: [columns(a, [0, 1], [1, 2]), columns(b, [0, 5])],
        q: [columns(a, [2, 3])],
      },
    );
  });

  it('shows no rows of the clock and none that were dropped', () => {
    const mixed = createBatch(3);
    pushRow(mixed, a.index, NOON, NOON, 1, 0);
    pushRow(mixed, a.index, NOON + 1000, NOON, Number.NaN, ROW.overdue);
    pushRow(mixed, b.index, NOON - 1000, NOON, 2, 0);
    mixed.drop[2] = dropCode('late');
    const p = [{ ...emptyColumns('a'), t: [NOON], y: [1], e: [0], lo: [0], hi: [0], z: [0] }];
    marbles('x 200ms |', { x: mixed }, '100ms p 100ms |', { p });
  });

  it('says nothing while nothing comes, and nothing of a tick', () => {
    marbles('x 249ms x 49ms |', { x: createBatch(0) }, '300ms |', {});
  });

  it('writes null where nothing is expected yet', () => {
    const young = sample(a, 0, 1);
    young.expected.fill(Number.NaN);
    young.lower.fill(Number.NaN);
    young.upper.fill(Infinity);
    marbles('x 99ms |', { x: young }, '100ms (p|)', {
      p: [{ ...columns(a, [0, 1]), e: [null], lo: [null], hi: [null] }],
    });
  });

  it('leaves out a series that has been removed', () => {
    const gone = registry.admit('gone', 'gone', a.model)!;
    const batch = batchOf([{ track: gone, time: NOON, value: 1 }]);
    registry.remove(gone);
    marbles('(xy) 96ms |', { x: batch, y: sample(b, 0, 1) }, '100ms (p|)', { p: [columns(b, [0, 1])] });
  });
});
