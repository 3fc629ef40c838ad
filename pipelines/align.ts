/**
 * Joins the samples of a group's members into rows of the group, each right behind the sample that completed it.
 *
 *   in   --a1--b1--x--a2--b2--|             a, b of a group, x of none
 *   out  --a1--b1--G--x--a2--b2--G--|       G (a1 b1), (a2 b2)
 *
 * Members stay series of their own. What a group waits for lies in its block (models/group/gather.ts).
 */
import { concatMap, type MonoTypeOperatorFunction } from 'rxjs';
import { type Batch, BATCH_ROWS_MAX, copyRow, createBatch, pushRow, ROW } from '../models/batch.ts';
import { GroupDetector } from '../models/group/group-detector.ts';
import type { Registry, Track } from '../models/registry.ts';

interface GroupRow {
  group: Track;
  time: number;
  values: Float64Array;
}

/** Neither of them is a value of the present. */
const NO_VALUE = ROW.text | ROW.overdue;

export function align(registry: Registry): MonoTypeOperatorFunction<Batch> {
  return concatMap((batch) => (registry.hasGroups && batch.length > 0 ? aligned(batch, registry) : [batch]));
}

function aligned(batch: Batch, registry: Registry): Batch[] {
  const due: [row: number, of: GroupRow][] = [];
  for (let row = 0; row < batch.length; row++) {
    for (const groupRow of rowsAt(batch, row, registry)) due.push([row, groupRow]);
  }
  return due.length === 0 ? [batch] : interleaved(batch, due);
}

/** Rows that this sample makes due: the one before it, where it comes too late for that, and its own. */
function rowsAt(batch: Batch, row: number, registry: Registry): GroupRow[] {
  const member = registry.tracks[batch.series[row]]?.member;
  if (member === undefined || batch.drop[row] !== 0 || (batch.flags[row] & NO_VALUE) !== 0) return [];
  if (Number.isNaN(batch.value[row])) return [];
  const { group, channel } = member;
  const { detector } = group.model;
  if (!(detector instanceof GroupDetector)) return [];
  const rows: GroupRow[] = [];
  const time = batch.time[row];
  if (detector.isLate(group.memory, group.at, time)) rows.push({ group, ...detector.take(group.memory, group.at) });
  if (detector.gather(group.memory, group.at, channel, time, batch.value[row], batch.cadence[row])) {
    rows.push({ group, ...detector.take(group.memory, group.at) });
  }
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
