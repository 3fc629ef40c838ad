/**
 * Joins the samples of a group's members into rows of the group, each right behind the sample that completed it; and gives
 * every row what the context of its pipeline says by then.
 *
 *   in   --a1--b1--x--c1--a2--b2--|             a, b of a group, x of none, c context
 *   out  --a1--b1--G--x--c1--a2--b2--G--|       G (a1 b1), (a2 b2 c1); a2, b2 beside c1
 *
 * Members stay series of their own. What a group waits for lies in its block (models/group/gather.ts), what a series of
 * the context said last in its own (models/context-track.ts).
 */
import { concatMap, type MonoTypeOperatorFunction } from 'rxjs';
import { type Batch, BATCH_ROWS_MAX, copyRow, createBatch, pushRow, ROW } from '../models/batch.ts';
import { ContextTrack } from '../models/context-track.ts';
import { GroupDetector } from '../models/group/group-detector.ts';
import type { Model, Registry, Track } from '../models/registry.ts';

interface GroupRow {
  group: Track;
  time: number;
  values: Float64Array;
}

type ContextOf = NonNullable<Model['context']>;

/** Neither of them is a value of the present. */
const NO_VALUE = ROW.text | ROW.overdue;

export function align(registry: Registry): MonoTypeOperatorFunction<Batch> {
  return concatMap((batch) => (batch.length > 0 ? aligned(batch, registry) : [batch]));
}

function aligned(batch: Batch, registry: Registry): Batch[] {
  const due: [row: number, of: GroupRow][] = [];
  /** What contexts say now, until one of them says something else. */
  const said = new Map<ContextOf, Float64Array>();
  for (let row = 0; row < batch.length; row++) {
    const track = registry.tracks[batch.series[row]];
    if (track === undefined || !hasValue(batch, row)) continue;
    const { detector, context } = track.model;
    if (detector instanceof ContextTrack) {
      detector.say(track.memory, track.at, batch.value[row]);
      said.clear();
      continue;
    }
    const beside = context === undefined ? undefined : besideOf(context, registry, said);
    if (beside !== undefined) batch.members[row] = beside;
    for (const groupRow of rowsAt(batch, row, track, beside)) due.push([row, groupRow]);
  }
  return due.length === 0 ? [batch] : interleaved(batch, due);
}

function hasValue(batch: Batch, row: number): boolean {
  return batch.drop[row] === 0 && (batch.flags[row] & NO_VALUE) === 0 && !Number.isNaN(batch.value[row]);
}

/** What the series of a context said last; NaN for one that has said nothing, or is another pipeline's. */
function besideOf(context: ContextOf, registry: Registry, said: Map<ContextOf, Float64Array>): Float64Array {
  const known = said.get(context);
  if (known !== undefined) return known;
  const { ids, model } = context;
  const values = Float64Array.from(ids, (id) => {
    const track = registry.find(id);
    return track?.model === model ? model.detector.saidOf(track.memory, track.at) : Number.NaN;
  });
  said.set(context, values);
  return values;
}

/** Rows that this sample makes due: the one before it, where it comes too late for that, and its own. */
function rowsAt(batch: Batch, row: number, { member }: Track, beside: Float64Array | undefined): GroupRow[] {
  if (member === undefined) return [];
  const { group, channel } = member;
  const { detector } = group.model;
  if (!(detector instanceof GroupDetector)) return [];
  const rows: GroupRow[] = [];
  const take = (): void => {
    const taken = detector.take(group.memory, group.at);
    // The context of the pipeline is last in every group.
    if (beside !== undefined) taken.values.set(beside, taken.values.length - beside.length);
    rows.push({ group, ...taken });
  };
  const time = batch.time[row];
  if (detector.isLate(group.memory, group.at, time)) take();
  if (detector.gather(group.memory, group.at, channel, time, batch.value[row], batch.cadence[row])) take();
  return rows;
}

/** The batch with the group rows where they belong, cut where there are too many. */
function interleaved(batch: Batch, due: readonly [number, GroupRow][]): Batch[] {
  const total = batch.length + due.length;
  const out: Batch[] = [];
  const room = (): Batch => {
    const last = out.at(-1);
    if (last !== undefined && last.length < BATCH_ROWS_MAX) return last;
    const done = out.reduce((sum, { length }) => sum + length, 0);
    const next = createBatch(Math.min(BATCH_ROWS_MAX, total - done));
    out.push(next);
    return next;
  };
  let k = 0;
  for (let row = 0; row < batch.length; row++) {
    copyRow(batch, row, room());
    for (; k < due.length && due[k][0] === row; k++) pushGroupRow(room(), due[k][1], batch, row);
  }
  return out;
}

function pushGroupRow(to: Batch, { group, time, values }: GroupRow, from: Batch, row: number): void {
  const at = to.length;
  pushRow(to, group.index, time, from.arrival[row], Number.NaN, from.flags[row] & ROW.recorded);
  to.members[at] = values;
  group.model.detector.order(group.memory, group.at, to, at);
}
