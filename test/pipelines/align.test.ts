import { describe, expect, test } from 'vitest';
import { from } from 'rxjs';
import type { Batch } from '../../models/batch.ts';
import { ContextTrack } from '../../models/context-track.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { GROUP_DEFAULTS, GroupDetector } from '../../models/group/group-detector.ts';
import { type Model, modelOf, Registry, type Track } from '../../models/registry.ts';
import { align } from '../../pipelines/align.ts';
import { order } from '../../pipelines/order.ts';
import { pipeline } from '../../pipelines/pipeline.ts';
import { NO_RULES } from '../../models/rules.ts';
import { expectSameBits } from '../models/difference.ts';
import { batchOf, NOON, type Row, wave } from '../sim/tracks.ts';

const SEASON = 60_000;

/** Two series a, b in a group, one apart, and two that explain them. */
function world() {
  const registry = new Registry();
  const explained = new ContextTrack({ cell: 'lstm', season: SEASON, budgetPerDay: 1 });
  const detector = new Detector({ ...DEFAULTS, hidden: 2, lags: 4, season: SEASON, context: 2 });
  const rest = { pipeline: 'main', listeningSince: -Infinity, seed: 1 };
  const context = { ids: ['valve', 'pace'], model: { ...rest, detector: explained } };
  const model: Model = { ...rest, detector, context };
  const options = { channels: 2, context: 2, cell: 'lstm', season: SEASON, budgetPerDay: 1, rules: NO_RULES } as const;
  const group = registry.admit('main_g', 'main/g/**', {
    ...model,
    detector: new GroupDetector({ ...GROUP_DEFAULTS, ...options, hidden: 3 }),
  })!;
  registry.join(group, ['a', 'b', 'valve', 'pace']);
  const admit = (id: string): Track => registry.admit(id, id, modelOf(model, id))!;
  const [a, b, apart, valve] = ['a', 'b', 'apart', 'valve'].map(admit);
  return { registry, group, a, b, apart, valve, admit };
}

const aligned = (registry: Registry, batches: readonly Batch[]): Batch[] => {
  const out: Batch[] = [];
  from(batches)
    .pipe(order(registry), align(registry))
    .subscribe((batch) => out.push(batch));
  return out;
};

const rowsOf = (batches: readonly Batch[]): [series: number, members: number[] | undefined][] =>
  batches.flatMap((batch) =>
    Array.from({ length: batch.length }, (_, row) => {
      const members = batch.members[row];
      return [batch.series[row], members === undefined ? undefined : [...members]] as [number, number[] | undefined];
    }),
  );

const second = (track: Track, at: number, value: number): Row => ({ track, time: NOON + at * 1000, value });

describe('the context of a pipeline', () => {
  test('is beside every row of its series as it was said last, and of its groups', () => {
    const { registry, group, a, b, apart, valve, admit } = world();
    const rows = [second(a, 0, 1), second(valve, 0, 7), second(apart, 0, 5), second(b, 0, 2)];
    expect(rowsOf(aligned(registry, [batchOf(rows)]))).toEqual([
      [a.index, [Number.NaN, Number.NaN]],
      [valve.index, undefined],
      [apart.index, [7, Number.NaN]],
      [b.index, [7, Number.NaN]],
      [group.index, [1, 2, 7, Number.NaN]],
    ]);
    const pace = admit('pace');
    const later = [second(pace, 1, 3), second(valve, 1, 8), second(valve, 2, 9), second(valve, 1, 1), second(a, 2, 4)];
    expect(rowsOf(aligned(registry, [batchOf(later)])).at(-1)).toEqual([a.index, [9, 3]]);
  });

  test('has no value where it sent none, and keeps the one it had', () => {
    const { registry, apart, valve } = world();
    const rows = [second(valve, 0, 7), second(valve, 1, Number.NaN), second(apart, 1, 5)];
    expect(rowsOf(aligned(registry, [batchOf(rows)])).at(-1)).toEqual([apart.index, [7, Number.NaN]]);
  });

  test('is not what another pipeline reads under that name', () => {
    const { registry, apart } = world();
    const detector = new Detector({ ...DEFAULTS, hidden: 2, lags: 4, season: SEASON });
    const pace = registry.admit('pace', 'pace', { pipeline: 'other', listeningSince: -Infinity, detector, seed: 1 })!;
    expect(pace.member).toBeUndefined();
    const rows = [second(pace, 0, 7), second(apart, 0, 5)];
    expect(rowsOf(aligned(registry, [batchOf(rows)]))).toEqual([
      [pace.index, undefined],
      [apart.index, [Number.NaN, Number.NaN]],
    ]);
  });

  test('comes to the same however the log was cut into batches', () => {
    const lives = [1, 7, 400].map((cut) => {
      const { registry, group, a, b, apart, valve, admit } = world();
      const pace = admit('pace');
      const rows: Row[] = [];
      for (let i = 0; i < 300; i++) {
        rows.push(second(a, i, wave(i)), second(b, i, wave(2 * i)));
        if (i % 11 === 0) rows.push(second(valve, i, i % 2));
        if (i % 3 === 0) rows.push(second(apart, i, wave(i) + 5 * (i % 2)));
        if (i % 30 === 0) rows.push(second(pace, i, i));
      }
      const batches: Batch[] = [];
      for (let at = 0; at < rows.length; at += cut) batches.push(batchOf(rows.slice(at, at + cut)));
      pipeline(from(batches), registry, () => 0).subscribe();
      return [group, a, b, apart, valve, pace].map(({ memory, at, model: { detector } }) =>
        memory.slice(at, at + detector.size),
      );
    });
    for (const [k, block] of lives[0].entries()) {
      expectSameBits('7 rows', lives[1][k], block);
      expectSameBits('400 rows', lives[2][k], block);
    }
  });
});
