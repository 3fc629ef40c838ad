import { describe, expect, it } from 'vitest';
import type { LogEntry, Replayed } from '../../../models/ports.ts';
import { createRandom } from '../../../models/random.ts';
import { DurableLog, type FsyncPolicy } from '../../../src/log/durable-log.ts';
import { segmentPath, segmentsOf } from '../../../src/log/segments.ts';
import { SimulatedClock } from '../../sim/clock.ts';
import { SimDisk } from '../../sim/disk.ts';

const entry = (time: number): LogEntry => ({ kind: 'command', time, command: { verb: 'ack', series: `a${time}` } });

interface Opened {
  log: DurableLog;
  clock: SimulatedClock;
  troubles: unknown[];
}

function opened(disk: SimDisk, options: { fsync?: FsyncPolicy; segmentBytes?: number } = {}): Opened {
  const clock = new SimulatedClock();
  const log = new DurableLog({ disk, clock, fsync: 'interval', ...options });
  const troubles: unknown[] = [];
  log.open({
    numberAt: (index) => index,
    indexOf: (number) => number,
    onTrouble: (error) => troubles.push(error),
    onWritten: () => {},
  });
  return { log, clock, troubles };
}

async function reread(disk: SimDisk, from = 0): Promise<{ times: number[]; positions: number[]; replayed: Replayed }> {
  const times: number[] = [];
  const positions: number[] = [];
  const { log } = opened(disk);
  const replayed = await log.replay(from, {
    before: () => {},
    read: (read, position) => {
      times.push(read.kind === 'command' ? read.time : Number.NaN);
      positions.push(position);
    },
  });
  return { times, positions, replayed };
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

async function filled(count: number, segmentBytes = 1 << 20): Promise<SimDisk> {
  const disk = new SimDisk();
  const { log } = opened(disk, { segmentBytes });
  await log.replay(0, { before: () => {}, read: () => {} });
  for (let i = 1; i <= count; i++) {
    log.append(entry(i));
    if (i % 5 === 0) await log.sync();
  }
  await log.sync();
  return disk;
}

describe('the log on disk', () => {
  it('gives back what was appended, in order, with positions that go on', async () => {
    const disk = await filled(5);
    const first = await reread(disk);
    expect(first).toMatchObject({
      times: upTo(5),
      positions: upTo(5),
      replayed: { entries: 5, missing: 0, damage: [] },
    });
    const { log } = opened(disk);
    await log.replay(5, { before: () => {}, read: () => {} });
    log.append(entry(6));
    expect((await reread(disk, 3)).positions).toEqual([4, 5, 6]);
  });

  it('reads what is appended while the process lasts, in the order of the file', async () => {
    const { log } = opened(new SimDisk());
    const read: number[] = [];
    log.read((_, position) => read.push(position));
    for (let i = 1; i <= 3; i++) log.append(entry(i));
    await log.drained();
    expect(read).toEqual([1, 2, 3]);
    expect([log.position, log.depth]).toEqual([3, 0]);
  });

  it('goes over several segments, and forgets those that nobody asks for', async () => {
    const disk = await filled(50, 400);
    const before = segmentsOf(disk);
    expect(before.length).toBeGreaterThan(5);
    expect((await reread(disk)).times).toEqual(upTo(50));
    const { log } = opened(disk);
    log.trim(30);
    const after = segmentsOf(disk);
    expect(after.length).toBeLessThan(before.length);
    expect(after[0]).toBeLessThanOrEqual(31);
    expect((await reread(disk, 30)).times).toEqual(upTo(50).slice(30));
  });

  it('finds every flipped bit, loses the entry it is in and no other', async () => {
    const disk = await filled(6);
    const path = segmentPath(1);
    const bytes = disk.read(path)!.slice();
    let undetected = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const copy = diskWith(path, damaged);
      const { times, positions, replayed } = await reread(copy).catch(() => ({
        times: [0],
        positions: [0],
        replayed: null,
      }));
      if (replayed === null) continue; // a later version, which is refused
      if (replayed.damage.length === 0) undetected++;
      expect(times).toEqual(positions);
      expect(times.length).toBeGreaterThanOrEqual(5);
      expect(times).toEqual(upTo(6).filter((time) => times.includes(time)));
      // Of the last entry nobody can know that it was there.
      if (!times.includes(6)) expect(times).toEqual(upTo(5));
      else expect(replayed.missing).toBe(6 - times.length);
    }
    expect(undetected).toBe(0);
  });

  it('gives back a beginning of what was appended wherever it is cut, and goes on behind it', async () => {
    const disk = await filled(4);
    const path = segmentPath(1);
    const bytes = disk.read(path)!;
    for (let size = 0; size < bytes.length; size++) {
      const copy = diskWith(path, bytes.subarray(0, size));
      const { times, replayed } = await reread(copy);
      expect(times).toEqual(upTo(times.length));
      expect(replayed.missing).toBe(0);
      const { log } = opened(copy);
      await log.replay(0, { before: () => {}, read: () => {} });
      log.append(entry(times.length + 1));
      const next = await reread(copy);
      expect(next.times).toEqual(upTo(times.length + 1));
      expect(next.replayed.damage).toEqual([]);
    }
  });

  it.each(['interval', 'always', 'never'] as const)('loses nothing to a kill, with fsync %s', async (fsync) => {
    const disk = new SimDisk();
    const { log } = opened(disk, { fsync });
    for (let i = 1; i <= 20; i++) log.append(entry(i));
    expect((await reread(disk.kill())).times).toEqual(upTo(20));
  });

  it('loses nothing to a power cut that was waited for, with fsync always, and never the middle', async () => {
    const random = createRandom(7);
    for (let run = 0; run < 300; run++) {
      const disk = new SimDisk();
      const { log } = opened(disk, { fsync: 'always', segmentBytes: 300 });
      const kept = 3 + (run % 9);
      for (let i = 1; i <= kept; i++) log.append(entry(i));
      await log.kept();
      for (let i = kept + 1; i <= kept + 5; i++) log.append(entry(i));
      const { times } = await reread(disk.cut(random));
      expect(times.slice(0, kept)).toEqual(upTo(kept));
    }
  });

  it('outlasts a power cut with what a process had written that was killed before it was synced', async () => {
    const random = createRandom(3);
    const disk = new SimDisk();
    const { log } = opened(disk);
    for (let i = 1; i <= 5; i++) log.append(entry(i));
    const next = disk.kill();
    await opened(next).log.replay(0, { before: () => {}, read: () => {} });
    for (let run = 0; run < 50; run++) expect((await reread(next.cut(random))).times).toEqual(upTo(5));
  });

  it('begins no other segment while a power cut could leave that and not the one before', async () => {
    const disk = new SimDisk();
    const { log } = opened(disk, { segmentBytes: 100 });
    for (let i = 1; i <= 10; i++) log.append(entry(i));
    expect(segmentsOf(disk)).toEqual([1]);
    await log.sync();
    for (let i = 11; i <= 20; i++) log.append(entry(i));
    expect(segmentsOf(disk)).toEqual([1, 11]);
  });

  it('goes on while the disk is full, says so, and keeps again what comes once there is room', async () => {
    const disk = new SimDisk();
    const { log, clock, troubles } = opened(disk);
    const read: number[] = [];
    log.read((_, position) => read.push(position));
    log.append(entry(1));
    disk.capacity = disk.used + 20;
    for (let i = 2; i <= 4; i++) log.append(entry(i));
    await log.drained();
    expect(read).toEqual([1, 2, 3, 4]);
    expect(troubles).toMatchObject([{ code: 'ENOSPC' }]);
    disk.capacity = Infinity;
    clock.advance(1000);
    log.append(entry(5));
    expect(troubles).toMatchObject([{ code: 'ENOSPC' }, undefined]);
    const { times, positions, replayed } = await reread(disk.kill());
    expect([times, positions]).toEqual([
      [1, 5],
      [1, 5],
    ]);
    expect(replayed.missing).toBe(3);
  });

  it('writes nothing more to a file that could not be synced', async () => {
    const disk = new SimDisk();
    const { log, clock, troubles } = opened(disk);
    log.append(entry(1));
    const sync = disk.calls.length;
    disk.failAt(1, 'EIO');
    await log.sync();
    expect(disk.calls.length).toBeGreaterThan(sync);
    expect(troubles).toMatchObject([{ code: 'EIO' }]);
    clock.advance(1000);
    log.append(entry(2));
    expect(segmentsOf(disk)).toEqual([1, 2]);
    expect(troubles).toHaveLength(2);
  });

  it('is not hindered by a file that cannot be closed', async () => {
    const disk = new SimDisk();
    const { log, troubles } = opened(disk, { segmentBytes: 60 });
    log.append(entry(1));
    await log.sync();
    // The segment is full: another is opened, its head written, and this one closed.
    disk.failAt(4, 'EIO');
    log.append(entry(2));
    expect(disk.calls.at(-2)).toBe(`close ${segmentPath(1)}`);
    expect(troubles).toEqual([]);
    expect((await reread(disk.kill())).times).toEqual([1, 2]);
  });

  it('is refused where a later version wrote it', async () => {
    const disk = await filled(1);
    const bytes = disk.read(segmentPath(1))!.slice();
    const { segmentHead } = await import('../../../src/log/frame.ts');
    const head = segmentHead(1);
    new DataView(head.buffer).setUint32(4, 2, true);
    const { crc32 } = await import('node:zlib');
    new DataView(head.buffer).setUint32(16, crc32(head.subarray(0, 16)), true);
    bytes.set(head);
    await expect(reread(diskWith(segmentPath(1), bytes))).rejects.toThrow('expected format 1, got 2');
  });
});

function diskWith(path: string, bytes: Uint8Array): SimDisk {
  const disk = new SimDisk();
  disk.makeFolder('log');
  const file = disk.open(path, 'create');
  file.write(bytes);
  file.close();
  return disk;
}
