/**
 * A real disk that is full: the state folder lies on a small file system in memory, and a ballast file takes all that is
 * left of it for two minutes. Detection has to go on and to say that nothing is kept; what is on the disk must be one
 * whole checkpoint at any second; and once there is room again, all is as if nothing had been.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { wave } from '../../test/sim/tracks.ts';
import { Watch } from '../../test/sim/watch.ts';
import { measuredRow, type Row, type RowKind, skippedRow } from '../rows.ts';
import { metricOf } from './metrics.ts';

const SIZE = '8m';
/** Virtual seconds: when the disk is full, when a fault comes, when there is room again, when the daemon is killed. */
const FULL = 300;
const FAULT = 360;
const ROOM = 420;
const KILLED = 500;
const END = 560;
const FAULT_SECONDS = 4;
const CHECKPOINT_MS = 30_000;
const SECOND = 1000;
const TOPICS = ['plant/a', 'plant/b', 'plant/c'];

const COUNT = { unit: 'seconds', better: 'lower', bar: 0 } as const;
const KINDS = {
  full_disk_unloadable: COUNT,
  full_disk_alerts: { unit: 'alerts', better: 'higher', bar: 1 },
  full_disk_untold: COUNT,
  full_disk_healthy_seconds: { unit: 's', better: 'lower', bar: 5 },
  full_disk_differing_numbers: { unit: 'numbers', better: 'lower', bar: 0 },
  full_disk_log_files: { unit: 'files', better: 'lower', bar: 4 },
} as const satisfies Record<string, RowKind>;

type Figures = Record<keyof typeof KINDS, number>;

export const name = 'tmpfs';

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tidewatch-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    rmdirSync(folder);
    const reason = 'no file system can be mounted here';
    return Object.entries(KINDS).map(([id, kind]) => skippedRow(id, reason, kind));
  }
  const unmount = (): void => void execFileSync('umount', [folder], { stdio: 'pipe' });
  process.once('exit', unmount);
  try {
    const figures = await fill(folder);
    return Object.entries(KINDS).map(([id, kind]) => measuredRow(id, [figures[id as keyof Figures]], kind));
  } finally {
    process.removeListener('exit', unmount);
    unmount();
    rmdirSync(folder);
  }
}

async function fill(folder: string): Promise<Figures> {
  const straight = new Watch();
  await straight.start();
  const watch = new Watch({ disk: new SystemDisk(folder) });
  await watch.start();
  const ballast = join(folder, 'ballast');
  const figures: Figures = {
    full_disk_unloadable: 0,
    full_disk_alerts: 0,
    full_disk_untold: 0,
    full_disk_healthy_seconds: Infinity,
    full_disk_differing_numbers: 0,
    full_disk_log_files: 0,
  };
  const disk = new SystemDisk(folder);
  let generation = '';
  let keptBefore = 0;
  for (let i = 0; i < KILLED; i++) {
    if (i === FULL) fillUp(ballast);
    if (i === ROOM) {
      figures.full_disk_alerts = watch.alerts.filter(({ event }) => event === 'open').length;
      generation = newest(disk);
      rmSync(ballast);
    }
    for (const one of [watch, straight]) await second(one, i);
    // As the daemon does, and not one after the other: it may be under way when the next second comes.
    if (watch.engine.isCheckpointDue(CHECKPOINT_MS)) await watch.engine.checkpoint().catch(() => {}); // counted where it failed
    if (!(await isLoadable(disk))) figures.full_disk_unloadable++;
    const isTold = (await metricOf(watch.telemetry, 'durability_degraded')) === 1;
    const kept = await metricOf(watch.telemetry, 'state_written_bytes_total', 'kind="log"');
    // The last page of a file may have room for a while.
    if (kept === keptBefore && !isTold) figures.full_disk_untold++;
    keptBefore = kept;
    figures.full_disk_log_files = Math.max(figures.full_disk_log_files, disk.list('log').length);
    if (i >= ROOM && !isTold && newest(disk) !== generation) {
      figures.full_disk_healthy_seconds = Math.min(figures.full_disk_healthy_seconds, i + 1 - ROOM);
    }
  }
  // It is killed: nothing is said, nothing is closed.
  const again = new Watch({ disk: new SystemDisk(folder), now: watch.clock.now() });
  await again.start();
  for (let i = KILLED; i < END; i++) for (const one of [again, straight]) await second(one, i);
  for (const { id } of straight.engine.registry) {
    const expected = straight.block(id);
    figures.full_disk_differing_numbers += again.block(id).filter((x, k) => !Object.is(x, expected[k])).length;
  }
  for (const one of [watch, again]) await one.engine.stop();
  return figures;
}

async function second(watch: Watch, i: number): Promise<void> {
  for (const topic of TOPICS) {
    const isFault = topic === TOPICS[0] && i >= FAULT && i < FAULT + FAULT_SECONDS;
    watch.publish(topic, { v: wave(i) + (isFault ? 1000 : 0) });
  }
  await watch.engine.settled();
  watch.clock.advance(SECOND);
  await watch.engine.settled();
}

/** Takes all there is left. */
function fillUp(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let bytes = 65_536; bytes >= 1; bytes /= 2) {
      const piece = Buffer.alloc(bytes);
      try {
        for (;;) writeSync(file, piece);
      } catch {
        // Half as much may still find room.
      }
    }
  } finally {
    closeSync(file);
  }
}

function newest(disk: SystemDisk): string {
  return disk.list('checkpoint').findLast((name) => /^\d+$/.test(name)) ?? '';
}

/** Whether what is on the disk is whole; before the first checkpoint there is nothing to be whole. */
async function isLoadable(disk: SystemDisk): Promise<boolean> {
  try {
    const kept = await new FileCheckpointStore(new FileStorage(disk)).load();
    return kept === undefined ? newest(disk) === '' : kept.damaged.length === 0;
  } catch {
    return false;
  }
}
