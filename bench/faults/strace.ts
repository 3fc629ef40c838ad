/**
 * SIGKILL in a system call: strace ends the daemon as it enters the n-th call of a kind on a file of its state.
 *
 * Each point begins with a copy of the same state: two checkpoints, entries behind them and half a record at the end of
 * the log. Rows are pushed over HTTP until it falls; then one comes back without strace, and what was acknowledged must
 * be there once, and the models those of an engine that never fell.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordsOf, segmentPath, segmentsOf } from '../../src/log/segments.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { freePort } from '../../test/services/service.ts';
import { measuredRow, type Row, type RowKind } from '../rows.ts';
import { skippedRows } from './broker.ts';
import { pushRounds, sourcesOf } from './http-feed.ts';
import { judge, violations } from './oracle.ts';
import type { Order } from './order.ts';
import type { BySize, FaultOptions } from './section.ts';
import type { Sent } from './sent.ts';
import { VictimProcess } from './victim-process.ts';

export const name = 'strace';

const CALLS = ['write', 'fdatasync', 'fsync', 'openat', 'rename', 'ftruncate', 'mkdir', 'unlinkat,unlink,rmdir'];
const FIRST_FEW = ['write', 'fdatasync', 'openat', 'rename', 'ftruncate'];
/** Which calls of each kind, until there are no more. */
const STEPS: BySize<readonly number[]> = {
  smoke: [1],
  default: [1, 2, 5, 13, 34],
  long: Array.from({ length: 60 }, (_, i) => i + 1),
};
const SERIES = 4;
const ROUNDS = 20;
/** Checkpoints after the feed go on for so long. */
const AFTER_MS = 500;
const FALL_MS_MAX = 5000;
/** No more generations than these are written while it lives. */
const GENERATIONS = 20;
const KINDS: Readonly<Record<string, RowKind>> = {
  strace_points: { unit: 'calls', better: 'higher', bar: 5 },
  strace_refused: { unit: 'starts', better: 'lower', bar: 0 },
  strace_violations: { unit: 'samples and models', better: 'lower', bar: 0 },
};

export async function run({ size, progress }: FaultOptions): Promise<Row[]> {
  const reason = whyNot();
  if (reason !== undefined) return skippedRows(KINDS, reason);
  const folder = mkdtempSync(join(tmpdir(), 'tidewatch-strace-'));
  try {
    const bench = new Straced(folder, await freePort());
    await bench.prepare();
    for (const call of size === 'smoke' ? FIRST_FEW : CALLS) {
      for (const nth of STEPS[size]) {
        progress(`strace: ${call} ${nth}`);
        if (!(await bench.point(call, nth))) break;
      }
    }
    const figures: Record<string, number> = {
      strace_points: bench.points,
      strace_refused: bench.refused,
      strace_violations: bench.violations,
    };
    return Object.entries(KINDS).map(([id, kind]) => measuredRow(id, [figures[id]], kind));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why it cannot be done here. */
function whyNot(): string | undefined {
  const { status, error } = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
  if (error !== undefined) return 'strace is not installed';
  return status === 0 ? undefined : 'strace may not trace here';
}

class Straced {
  points = 0;
  refused = 0;
  violations = 0;
  readonly #folder: string;
  readonly #port: number;
  readonly #url: string;
  /** What the state that each point begins with was made of. */
  readonly #sent: Sent = { sources: sourcesOf(SERIES), rounds: [], acknowledged: [] };

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.#url = `http://127.0.0.1:${port}`;
  }

  async prepare(): Promise<void> {
    const order = this.#order('base', null);
    const victim = this.#spawn(order);
    try {
      await victim.ready();
      for (let part = 0; part < 2; part++) {
        await pushRounds(this.#url, this.#sent, ROUNDS);
        await victim.checkpoint();
      }
      await pushRounds(this.#url, this.#sent, ROUNDS);
    } finally {
      await victim.kill();
    }
    const disk = new SystemDisk(order.stateDir);
    appendFileSync(join(order.stateDir, segmentPath(segmentsOf(disk).at(-1)!)), Uint8Array.of(0xa7, 200, 0, 0, 1));
  }

  /** @returns whether there was such a call */
  async point(call: string, nth: number): Promise<boolean> {
    rmSync(join(this.#folder, 'point'), { recursive: true, force: true });
    cpSync(join(this.#folder, 'base'), join(this.#folder, 'point'), { recursive: true });
    const sent = structuredClone(this.#sent);
    const straced = this.#spawn(this.#order('point', 20), this.#strace(call, nth));
    await straced.looked();
    if (!straced.isGone && (await pushRounds(this.#url, sent, ROUNDS))) await straced.ends(AFTER_MS);
    else await straced.ends(FALL_MS_MAX);
    const fell = straced.isGone;
    await straced.kill();
    if (!fell) return false;
    this.points++;
    await this.#check(sent);
    return true;
  }

  async #check(sent: Sent): Promise<void> {
    const order = this.#order('point', null);
    const again = this.#spawn(order);
    await again.looked();
    if (again.isGone) this.refused++;
    await again.stop();
    const verdict = await judge({ ...order, sent, url: this.#url, told: [] });
    this.violations += violations(verdict);
  }

  #spawn(order: Order, wrapper: readonly string[] = []): VictimProcess {
    return new VictimProcess(order, this.#url, join(this.#folder, 'cache'), wrapper);
  }

  #order(name: string, checkpointMs: number | null): Order {
    return {
      stateDir: join(this.#folder, name, 'state'),
      archive: join(this.#folder, name, 'archive/log'),
      config: `version: 1
demo: false
http: {listen: "127.0.0.1:${this.#port}"}
sources: {push: {type: http}}
pipelines: {main: {inputs: [push], group: off, hidden: 4}}
`,
      segmentBytes: 1024 * 1024,
      checkpointMs,
    };
  }

  /** Counts are a thread's, so there is but one that works for the process. */
  #strace(call: string, nth: number): string[] {
    const paths = this.#paths().flatMap((path) => ['-P', path]);
    const inject = [`trace=${call}`, `inject=${call}:signal=KILL:when=${nth}`].flatMap((text) => ['-e', text]);
    return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-f', '-o', '/dev/null', ...inject, ...paths];
  }

  /** Every file and folder of the state that is there or will be. */
  #paths(): string[] {
    const { stateDir } = this.#order('point', null);
    const disk = new SystemDisk(stateDir);
    const segments = segmentsOf(disk);
    const last = [...recordsOf(disk, segments.at(-1)!, () => {})].at(-1)!.position;
    const generations = disk.list('checkpoint').filter((name) => /^\d+$/.test(name));
    const newest = generations.at(-1)!;
    const shards = readdirSync(join(stateDir, 'checkpoint', newest));
    const coming = Array.from({ length: GENERATIONS }, (_, i) => String(Number(newest) + 1 + i).padStart(6, '0'));
    const folders = [...generations, ...coming].map((generation) => `checkpoint/${generation}`);
    const written = coming.flatMap((generation) => shards.map((shard) => `checkpoint/${generation}/${shard}`));
    const files = [...written, 'checkpoint/manifest.json'].flatMap((path) => [path, `${path}.tmp`]);
    const all = ['.', 'log', 'checkpoint', ...folders, ...files, ...[...segments, last + 1].map(segmentPath)];
    return all.map((path) => join(stateDir, path));
  }
}
