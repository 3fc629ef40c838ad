/** Plays samples and ticks through the whole way, order ▸ pace ▸ detect, and keeps every number that comes out. */
import { from } from 'rxjs';
import type { AlertChange } from '../../models/alert.ts';
import { type Batch, BATCH_ROWS_MAX, createBatch, createTick, pushRow } from '../../models/batch.ts';
import type { Detector } from '../../models/detector.ts';
import { type Model, Registry } from '../../models/registry.ts';
import { pipeline } from '../../pipelines/pipeline.ts';
import { expectSameBits } from './difference.ts';

export interface Sample {
  id: string;
  time: number;
  /** NaN = missing. */
  value: number;
  /** Like the time where it is left out. */
  arrival?: number;
  flags?: number;
}
export type Entry = Sample | { tick: number };

export interface World {
  registry: Registry;
  model: Model<Detector>;
}

export function newWorld(detector: Detector, seed = 1): World {
  return { registry: new Registry(), model: { pipeline: 'test', listeningSince: -Infinity, detector, seed } };
}

const NUMBERS = ['expected', 'lower', 'upper', 'surprise', 'level', 'score', 'anomaly', 'alarm'] as const;
const COLUMNS = ['series', 'time', 'arrival', 'value', 'flags', 'drop', 'gap', 'cadence', ...NUMBERS] as const;

/** Columns as in a batch, of all rows; the rows of changes count from the first. */
export type Played = Record<(typeof COLUMNS)[number], number[]> & { changes: AlertChange[] };

/** The entries as batches of at most `rows()` rows each. */
function batchesOf({ registry, model }: World, entries: Entry[], rows: () => number): Batch[] {
  const batches: Batch[] = [];
  let room = 0;
  for (const entry of entries) {
    if ('tick' in entry) {
      batches.push(createTick(entry.tick));
      room = 0;
      continue;
    }
    if (room === 0) {
      room = Math.min(rows(), BATCH_ROWS_MAX);
      batches.push(createBatch(room));
    }
    const { id, time, value, arrival = time, flags = 0 } = entry;
    pushRow(batches.at(-1)!, registry.admit(id, id, model)!.index, time, arrival, value, flags);
    room--;
  }
  return batches;
}

export function play(world: World, entries: Entry[], rows: () => number = () => BATCH_ROWS_MAX): Played {
  const played = { changes: [] } as unknown as Played;
  for (const name of COLUMNS) played[name] = [];
  pipeline(from(batchesOf(world, entries, rows)), world.registry, () => 0).subscribe((batch) => {
    for (const change of batch.changes) played.changes.push({ ...change, row: change.row + played.score.length });
    for (const name of COLUMNS) played[name].push(...batch[name].subarray(0, batch.length));
  });
  return played;
}

export function expectSamePlayed(got: Played, wanted: Played): void {
  for (const name of COLUMNS) expectSameBits(name, got[name], wanted[name]);
  expectSameBits('changes', flat(got.changes), flat(wanted.changes));
}

/** Every number of the changes, depth first. */
function flat(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value === 'string') return Array.from(value, (letter) => letter.charCodeAt(0));
  if (typeof value === 'boolean') return [Number(value)];
  return Object.values(value as object).flatMap(flat);
}

/** The rows from..to of what was played, with their changes. */
export function slice(played: Played, begin: number, end = played.score.length): Played {
  const part = { changes: [] } as unknown as Played;
  for (const name of COLUMNS) part[name] = played[name].slice(begin, end);
  part.changes = played.changes
    .filter(({ row }) => row >= begin && row < end)
    .map((change) => ({ ...change, row: change.row - begin }));
  return part;
}
