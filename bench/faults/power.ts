/**
 * The power fails at any moment of the life of a daemon, or of one that follows a daemon that was killed. Whatever of
 * what was not synced is on the disk, whole, torn or not at all: the next daemon starts, as one that lived through a
 * beginning of the log, and none that ends before what was promised.
 *
 *   fsync always     every sample that was acknowledged is there
 *   fsync interval   nothing older than the last sync or checkpoint is gone
 *
 * Within what was not synced the disk may have lost an entry and kept the next. Then the state is that of a life without
 * that entry, which is said; these are counted apart.
 */
import { createRandom, type Random } from '../../models/random.ts';
import type { FsyncPolicy } from '../../src/log/durable-log.ts';
import { SimDisk } from '../../test/sim/disk.ts';
import type { Row } from '../rows.ts';
import { measuredRow } from '../rows.ts';
import { type Findings, Ledger, rowsOf, type SectionOptions } from './findings.ts';
import { difference, FEED, isOfTwo, Life, type Planted, START } from './life.ts';
import { type Outcome, Reference, Starts } from './outcome.ts';

export interface PowerOptions {
  fsync: FsyncPolicy;
  /** Lives; every other one follows a daemon that was killed. */
  lives: number;
  /** Of each life, at which the power fails. */
  moments: number;
  /** Of each moment, what may be left. */
  cuts: number;
  seed: number;
  planted?: Planted;
  untilFound?: boolean;
}

interface Moment {
  disk: SimDisk;
  /** Entries up to here must be there, and none behind `most`. */
  least: number;
  most: number;
  where: string;
}

export interface PowerFindings extends Findings {
  /** States of a life without some entry that was not yet sure. */
  holes: number;
}

export async function cutAnywhere(options: PowerOptions): Promise<PowerFindings> {
  const { lives, cuts, planted, untilFound } = options;
  const random = createRandom(options.seed);
  const ledger = new Ledger();
  let holes = 0;
  for (let k = 0; k < lives; k++) {
    const { moments, reference } = await lived(options, k % 2 === 1, random);
    const starts = new Starts(planted);
    for (const moment of moments) {
      const all = starts.readAll(Array(cuts).keys(), () => moment.disk.cut(random));
      for await (const [, disk, { key, positions }] of all) {
        // A start changes the disk, and what is read of it is read before.
        const outcome = await starts.ofRead(key, () => disk);
        if (outcome.missing > 0) holes++;
        ledger.look(`life ${k}, ${moment.where}`, await troubleOf(outcome, moment, reference, positions));
        if (untilFound === true && ledger.violations > 0) return Object.assign(ledger, { holes });
      }
    }
  }
  return Object.assign(ledger, { holes });
}

async function troubleOf(
  outcome: Outcome,
  { least, most }: Moment,
  reference: Reference,
  positions: readonly number[],
): Promise<string | undefined> {
  const { state, position, missing } = outcome;
  if (state === undefined) return outcome.crash ?? `refused: ${outcome.refusal}`;
  if (position < least || position > most) return `expected entries up to ${least} to ${most}, got ${position}`;
  let without = new Set<number>();
  if (missing > 0) {
    const there = new Set(positions);
    without = new Set(range(least + 1, position).filter((at) => !there.has(at)));
    if (without.size !== missing) return `${missing} entries are missing, of which ${without.size} were not yet sure`;
  }
  const expected = await reference.stateAt(position, without);
  return expected.state === undefined
    ? `the reference does not start: ${expected.crash}`
    : difference(state, expected.state, missing > 0);
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

/** Lives to the end of the feed, and keeps the disk as it was at some moments. */
async function lived(
  { fsync, moments: count, planted = {} }: PowerOptions,
  afterKill: boolean,
  random: Random,
): Promise<{ moments: Moment[]; reference: Reference }> {
  const removed = new Map<string, Uint8Array>();
  const options = { fsync, planted, removed };
  let disk = new SimDisk();
  let now = START;
  let deed = 0;
  let sure = 0;
  let written = 0;
  if (afterKill) {
    disk.failAt(40 + Math.floor(random() * 500), 'kill', random());
    const life = new Life(disk, options);
    await life.begin(0);
    deed = await life.live(0, FEED.length, false, isOfTwo);
    sure = sureOf(life, fsync);
    written = life.appended;
    disk = disk.kill();
    now = life.clock.now();
  }
  const life = new Life(disk, { ...options, now });
  const moments: Moment[] = [];
  const before = disk.calls.length;
  // About as many calls as there are, or soon after the start.
  const often = count / (afterKill ? 100 : 600);
  life.disk.before = () => {
    if (moments.length >= count || random() >= often) return;
    const call = disk.calls.length - before + 1;
    moments.push({
      disk: disk.kill(),
      least: Math.max(sure, sureOf(life, fsync)),
      most: Math.max(life.appended, written) + 1,
      where: `${afterKill ? 'after a kill, ' : ''}at call ${call}, ${life.clock.now() - START} ms`,
    });
  };
  await life.begin(deed);
  await life.live(deed, FEED.length, afterKill, isOfTwo);
  return { moments, reference: new Reference(new Map([...removed, ...disk.files()])) };
}

function sureOf({ acknowledged, synced }: Life, fsync: FsyncPolicy): number {
  return fsync === 'always' ? Math.max(acknowledged, synced) : synced;
}

const COUNTS = {
  smoke: { lives: 2, moments: 10, cuts: 10 },
  default: { lives: 12, moments: 40, cuts: 160 },
  long: { lives: 12, moments: 40, cuts: 1000 },
};

export const name = 'power';

export async function run({ size }: SectionOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const counts = COUNTS[size];
  for (const fsync of ['always', 'interval'] as const) {
    const started = performance.now();
    const found = await cutAnywhere({ ...counts, fsync, seed: 1 });
    const seconds = (performance.now() - started) / 1000;
    rows.push(
      ...rowsOf(`power_${fsync}`, found),
      measuredRow(`power_${fsync}_holes`, [found.holes], { unit: 'states', better: 'lower' }),
      measuredRow(`power_${fsync}_rate`, [found.points / seconds], { unit: 'states/s', better: 'higher' }),
    );
  }
  return rows;
}
