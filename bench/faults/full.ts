/**
 * A disk that takes nothing for a while, and one that fails once: detection goes on, the daemon says that what comes in
 * is not kept, what is on the disk stays whole, and within five seconds of the end of it a restart loses nothing.
 */
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { type Fault, SimDisk } from '../../test/sim/disk.ts';
import type { Row } from '../rows.ts';
import { uninterrupted } from './calls.ts';
import { type Findings, Ledger, rowsOf, type SectionOptions } from './findings.ts';
import { difference, FEED, Life, type LifeOptions, type Planted, START, stateOf } from './life.ts';
import { start } from './outcome.ts';

const HEALTHY_MS = 5000;
const FULL_FROM = START + 17_000;
const FULL_TO = START + 28_000;
/** Of the log, of a part of a checkpoint, or of all but its end. */
const ROOMS = [0, 1, 15, 60, 300, 3000, 70_000, 140_000, 200_000, 204_000];

/** What is checked while a life goes on: undefined where all is well. */
type Check = (life: Life, disk: SimDisk) => Promise<string | undefined> | string | undefined;

async function isDegraded({ telemetry }: Life): Promise<boolean> {
  const metric = await telemetry.metrics.getSingleMetric('tidewatch_durability_degraded')!.get();
  return metric.values[0].value === 1;
}

/** A daemon that was killed now comes back bit for bit. */
async function nothingLost(life: Life, disk: SimDisk): Promise<string | undefined> {
  if (await isDegraded(life)) return 'does not keep what comes in';
  const { state, refusal, crash } = await start(disk.kill());
  if (state === undefined) return `does not come back: ${refusal ?? crash}`;
  const changed = difference(state, stateOf(life.engine));
  return changed && `comes back with ${changed}`;
}

/** @param after  called after every second */
async function live(life: Life, disk: SimDisk, after: Check): Promise<string | undefined> {
  await life.begin(0);
  const expected = await uninterrupted();
  for (const [at, { kind }] of FEED.entries()) {
    await life.live(at, at + 1, false);
    const trouble = kind === 'until' ? await after(life, disk) : undefined;
    if (trouble !== undefined) return `${life.clock.now() - START} ms: ${trouble}`;
  }
  const told = life.told.length === expected.told.size ? undefined : `told ${life.told.length} alerts`;
  return difference(stateOf(life.engine), expected.state) ?? told ?? nothingLost(life, disk);
}

async function guarded(action: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await action();
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

async function hasWholeCheckpoint(disk: SimDisk): Promise<boolean> {
  const kept = await new FileCheckpointStore(new FileStorage(disk)).load();
  return kept?.shards.every(({ whole }) => whole) === true;
}

/** @param room  bytes that there are left */
async function fullFor(room: number, options: LifeOptions): Promise<string | undefined> {
  const disk = new SimDisk();
  const life = new Life(disk, options);
  const copies: SimDisk[] = [];
  life.disk.before = () => disk.capacity < Infinity && copies.push(disk.kill());
  let hasSaid = false;
  const trouble = await live(life, disk, async () => {
    const now = life.clock.now();
    for (const copy of copies.splice(0)) if (!(await hasWholeCheckpoint(copy))) return 'no whole checkpoint is left';
    if (now === FULL_FROM) disk.capacity = disk.used + room;
    if (now === FULL_TO) disk.capacity = Infinity;
    hasSaid ||= await isDegraded(life);
    if (now >= FULL_TO + HEALTHY_MS) return nothingLost(life, disk);
    // Until then it may keep nothing, but not say that it does.
    return (await isDegraded(life)) ? undefined : nothingLost(life, disk);
  });
  return trouble ?? (hasSaid || room > 300 ? undefined : 'never said that it keeps nothing');
}

export async function fill(rooms: readonly number[] = ROOMS, planted: Planted = {}): Promise<Findings> {
  const ledger = new Ledger();
  for (const fsync of ['interval', 'always'] as const) {
    for (const room of rooms) {
      ledger.look(`${fsync}, ${room} bytes left`, await guarded(() => fullFor(room, { fsync, planted })));
    }
  }
  return ledger;
}

/** One call fails, the others do not. */
async function failOnce(call: number, fault: Fault, options: LifeOptions): Promise<string | undefined> {
  const disk = new SimDisk();
  const life = new Life(disk, options);
  let since = Infinity;
  let calls = Infinity;
  life.disk.before = () => {
    if (since === Infinity && disk.calls.length >= calls + call - 1) since = life.clock.now();
  };
  return live(life, disk, async () => {
    if (calls === Infinity) {
      calls = disk.calls.length;
      disk.failAt(call, fault);
    }
    return life.clock.now() >= since + HEALTHY_MS ? nothingLost(life, disk) : undefined;
  });
}

export interface FailOptions {
  /** Every so many calls. */
  stride?: number;
  planted?: Planted;
  untilFound?: boolean;
}

/** Any call of a life fails that is not too near to its end. */
export async function failEverywhere(
  fault: Fault,
  { stride = 1, planted = {}, untilFound }: FailOptions = {},
): Promise<Findings> {
  const ledger = new Ledger();
  const disk = new SimDisk();
  const life = new Life(disk, { planted });
  let last = 0;
  await live(life, disk, () => {
    if (life.clock.now() <= START + 33_000) last = disk.calls.length;
    return undefined;
  });
  for (let call = 1; call < last; call += stride) {
    const trouble = await guarded(() => failOnce(call, fault, { planted }));
    ledger.look(`${fault} at call ${call}`, trouble);
    if (untilFound === true && ledger.violations > 0) break;
  }
  return ledger;
}

export const name = 'full';

export async function run({ size }: SectionOptions): Promise<Row[]> {
  const stride = { smoke: 41, default: 3, long: 1 }[size];
  const rows = rowsOf('full', await fill(size === 'smoke' ? [0, 70_000] : ROOMS));
  for (const fault of ['EIO', 'ENOSPC', 'short'] as const) {
    rows.push(...rowsOf(`once_${fault.toLowerCase()}`, await failEverywhere(fault, { stride })));
  }
  return rows;
}
