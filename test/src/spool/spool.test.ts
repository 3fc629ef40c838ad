import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LANE } from '../../../src/spool/marks.ts';
import { HEAD_BYTES } from '../../../src/spool/record.ts';
import { SEGMENT_HEAD } from '../../../src/spool/segment.ts';
import type { SpoolOptions } from '../../../src/spool/spool.ts';
import { eventually } from '../sinks/contract.ts';
import { SpoolWorld } from './world.ts';

function begin(more: Partial<SpoolOptions> = {}): SpoolWorld {
  const world = new SpoolWorld(more);
  onTestFinished(() => world.remove());
  return world;
}

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `thing ${String(from + i).padStart(6, '0')}`);

/** Of a segment of two records. */
const PAIR = SEGMENT_HEAD + 2 * (HEAD_BYTES + 12);
const SMALL = { segmentBytes: PAIR };

const segmentsOf = ({ folder }: SpoolWorld) => readdirSync(folder).filter((name) => name.endsWith('.twsp'));

describe('a spool', () => {
  it('gives what was pushed in order, each once, and forgets what was acked', async () => {
    const world = begin();
    world.push(1, 'a');
    world.push(2, 'b', 'c');
    expect(world.spool).toMatchObject({ length: 3, records: 3 });
    expect(world.take(2)).toEqual(['a', 'b']);
    expect(world.spool).toMatchObject({ length: 1, records: 3 });
    expect(world.take()).toEqual(['c']);
    expect(world.take()).toEqual([]);
    world.spool.ack(3);
    await world.restart();
    expect(world.take()).toEqual([]);
    expect(world.spool.records).toBe(0);
  });

  it('gives again what was put back, before everything else', () => {
    const world = begin(SMALL);
    world.push(1, ...texts(0, 7));
    expect(world.take(5)).toEqual(texts(0, 5));
    world.spool.ack(1);
    world.spool.putBack();
    world.push(2, ...texts(7, 9));
    expect(world.take()).toEqual(texts(1, 9));
  });

  it('has everything after a crash that was not acked, and what was acked a moment before perhaps again', async () => {
    const world = begin(SMALL);
    world.push(1, ...texts(0, 10));
    world.take(4);
    world.spool.ack(4);
    world.clock.advance(1000);
    await eventually(() => expect(segmentsOf(world)).toHaveLength(3));
    world.take(2);
    world.spool.ack(2);
    world.crash();
    expect(world.take()).toEqual(texts(4, 10));
  });

  it('never mistakes new things for things that were sent, whatever the power cut took', async () => {
    const world = begin();
    world.push(1, ...texts(0, 5));
    world.take();
    world.spool.ack(5);
    world.clock.advance(1000);
    await eventually(() => expect(readdirSync(world.folder)).toContain('read'));
    world.disk.cutPower();
    world.crash();
    world.push(2, ...texts(5, 8));
    world.crash();
    expect(world.take()).toEqual(texts(5, 8));
  });

  it('takes away the files of what was sent', async () => {
    const world = begin(SMALL);
    world.push(1, ...texts(0, 9));
    expect(segmentsOf(world)).toHaveLength(5);
    world.take();
    world.spool.ack(9);
    await world.restart();
    expect(segmentsOf(world).length).toBeLessThanOrEqual(1);
    await world.restart();
    expect(segmentsOf(world)).toEqual([]);
  });

  it('is its owner’s alone', () => {
    const world = begin();
    world.push(1, 'a');
    expect(statSync(world.folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(world.folder)) {
      expect(statSync(join(world.folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('takes what is larger than a segment', () => {
    const world = begin(SMALL);
    const large = 'x'.repeat(100_000);
    world.push(1, 'a', large, 'b');
    world.crash();
    expect(world.take()).toEqual(['a', large, 'b']);
  });

  it('drops the oldest segment beyond its bound, and counts what was in it', () => {
    const world = begin({ bytesMax: 4 * PAIR, segmentBytes: PAIR });
    for (const [i, text] of texts(0, 12).entries()) world.push(i, text);
    expect(world.dropped).toEqual([
      [2, 'queue full'],
      [2, 'queue full'],
    ]);
    expect(world.spool.bytes).toBeLessThanOrEqual(4 * PAIR);
    expect(world.take()).toEqual(texts(4, 12));
  });

  it('counts nothing twice that is under way when its segment is dropped', () => {
    const world = begin({ bytesMax: 4 * PAIR, segmentBytes: PAIR });
    world.push(0, ...texts(0, 8));
    expect(world.take(3)).toEqual(texts(0, 3));
    world.push(1, ...texts(8, 12));
    expect(world.dropped).toEqual([[1, 'queue full']]);
    world.spool.ack(1);
    world.spool.putBack();
    expect(world.dropped).toEqual([
      [1, 'queue full'],
      [2, 'queue full'],
    ]);
    expect(world.take()).toEqual(texts(4, 12));
  });
});

describe('a spool, when the log is read again', () => {
  it('takes nothing twice', async () => {
    const world = begin();
    const run = () => [world.push(1, 'a'), world.push(1, 'b'), world.push(3, 'c')];
    expect(run()).toEqual([true, true, true]);
    world.crash();
    world.spool.rebase(0, 3);
    expect(run()).toEqual([false, false, false]);
    expect(world.push(3, 'd')).toBe(true);
    expect(world.take()).toEqual(['a', 'b', 'c', 'd']);
    world.spool.ack(4);
    await world.restart();
    await world.restart();
    world.spool.rebase(0, 3);
    expect([...run(), world.push(3, 'd'), world.push(4, 'e')]).toEqual([false, false, false, false, true]);
  });

  it('takes again what the power cut took', async () => {
    const world = begin();
    world.push(1, 'a');
    await world.spool.sync();
    world.push(2, 'b');
    world.disk.cutPower();
    world.crash();
    world.spool.rebase(0, 9);
    expect([world.push(1, 'a'), world.push(2, 'b')]).toEqual([false, true]);
    expect(world.take()).toEqual(['a', 'b']);
  });

  it('takes all of a push again of which a part is missing', () => {
    const world = begin();
    world.push(1, 'a');
    world.push(2, 'b', 'c', 'd');
    const path = join(world.folder, segmentsOf(world)[0]);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, -1));
    world.crash();
    world.spool.rebase(0, 2);
    expect([world.push(1, 'a'), world.push(2, 'b', 'c', 'd')]).toEqual([false, true]);
    expect(world.take()).toEqual(['a', 'b', 'c', 'b', 'c', 'd']);
  });

  it('knows samples and alerts apart: those of one position need not come together', () => {
    const world = begin();
    const samples = (position: number, text: string) => world.spool.push(position, [Buffer.from(text)], LANE.samples);
    samples(5, 'up to 5');
    world.push(9, 'alert');
    world.crash();
    world.spool.rebase(3, 9);
    expect([samples(5, 'up to 5'), samples(8, '6 to 8'), world.push(9, 'alert')]).toEqual([false, true, false]);
  });

  it('begins anew with a log that is another', async () => {
    const world = begin();
    world.push(1000, 'old');
    world.crash();
    world.spool.rebase(0, 0);
    expect([world.push(1, 'a'), world.push(2, 'b')]).toEqual([true, true]);
    await world.restart();
    // What the old log left says nothing of the new one, also where that has grown beyond it.
    world.spool.rebase(0, 2000);
    expect([world.push(1, 'a'), world.push(2, 'b'), world.push(500, 'c')]).toEqual([false, false, true]);
    expect(world.take()).toEqual(['old', 'a', 'b', 'c']);
  });

  it('takes what comes at the position where reading goes on', () => {
    const world = begin();
    world.push(5, 'a');
    world.spool.rebase(5, 5);
    expect(world.push(5, 'b')).toBe(true);
    world.crash();
    world.spool.rebase(4, 5);
    expect([world.push(5, 'a'), world.push(5, 'b'), world.push(5, 'c')]).toEqual([false, false, true]);
  });
});

/** Three records in one segment, and where they end. */
function small(): { world: SpoolWorld; path: string; bytes: Buffer } {
  const world = begin();
  for (const [i, text] of ['first', 'second', 'third'].entries()) world.push(i, text);
  const path = join(world.folder, segmentsOf(world)[0]);
  return { world, path, bytes: readFileSync(path) };
}

describe('a spool that is damaged', () => {
  it('loses what was torn, wherever that was, and goes on behind it', () => {
    const { world, path, bytes } = small();
    const whole = bytes.length - HEAD_BYTES - 'third'.length;
    for (let size = whole; size < bytes.length; size++) {
      writeFileSync(path, bytes.subarray(0, size));
      world.crash();
      expect(statSync(path).size).toBe(whole);
      world.push(undefined, 'fourth');
      world.crash();
      expect(world.take()).toEqual(['first', 'second', 'fourth']);
      for (const name of segmentsOf(world)) if (!path.endsWith(name)) rmSync(join(world.folder, name));
    }
    expect(world.damaged).toBe(0);
  });

  it('loses one record for any bit that flips, none for one of its head, and never gives a wrong one', () => {
    const { world, path, bytes } = small();
    const ends = [SEGMENT_HEAD, SEGMENT_HEAD + 29, SEGMENT_HEAD + 59];
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[at] ^= 1 << bit;
        writeFileSync(path, flipped);
        world.crash();
        const part = ends.filter((end) => at >= end).length;
        const left = ['first', 'second', 'third'].filter((_, record) => record + 1 !== part);
        expect(world.take()).toEqual(left);
      }
    }
    expect(world.damaged).toBe(8 * (SEGMENT_HEAD + 59));
  });

  it('refuses what a later version wrote, and changes nothing of it', () => {
    const { world, path, bytes } = small();
    bytes.writeUInt32LE(2, 4);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
    writeFileSync(path, bytes);
    writeFileSync(join(world.folder, 'read.new'), 'half');
    const before = readdirSync(world.folder);
    expect(() => world.crash()).toThrow(expect.objectContaining({ code: 'SPOOL_VERSION' }));
    expect(readdirSync(world.folder)).toEqual(before);
    expect(readFileSync(path)).toEqual(bytes);
  });

  it('sends again when its read position is lost or damaged', async () => {
    const world = begin();
    world.push(1, 'a');
    world.push(2, 'b');
    world.take(1);
    world.spool.ack(1);
    await world.restart();
    const path = join(world.folder, 'read');
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] ^= 1;
      writeFileSync(path, flipped);
      world.crash();
      expect(world.take()).toEqual(['a', 'b']);
    }
    expect(world.damaged).toBe(bytes.length);
    writeFileSync(path, bytes);
    world.crash();
    expect(world.take()).toEqual(['b']);
  });

  it('counts what cannot be read when its time has come', async () => {
    const world = begin(SMALL);
    world.push(1, ...texts(0, 6));
    await world.restart();
    rmSync(join(world.folder, segmentsOf(world)[1]));
    expect(world.take()).toEqual([...texts(0, 2), ...texts(4, 6)]);
    expect(world.dropped).toEqual([[2, 'unreadable']]);
    expect(world.spool.length).toBe(0);
  });

  it('leaves files alone that are none of its own', () => {
    const world = begin();
    mkdirSync(join(world.folder, '000000000007.twsp'));
    writeFileSync(join(world.folder, 'notes.txt'), 'mine');
    world.crash();
    world.push(1, 'a');
    world.crash();
    expect(world.take()).toEqual(['a']);
    expect(readFileSync(join(world.folder, 'notes.txt'), 'utf8')).toBe('mine');
  });
});

describe('a spool on a disk that fails', () => {
  it.each(['ENOSPC', 'EIO', 'EROFS'])(
    'holds in memory what cannot be written for %s, and writes it later',
    async (code) => {
      const world = begin(SMALL);
      world.push(1, ...texts(0, 3));
      world.disk.failing = { write: code };
      world.push(2, ...texts(3, 6));
      world.push(3, ...texts(6, 9));
      expect(world.spool.degraded).toBe(true);
      expect(world.troubles).toEqual([code]);
      expect(world.take(4)).toEqual(texts(0, 4));
      world.spool.ack(2);
      world.clock.advance(1000);
      await nextTurn();
      expect(world.spool.degraded).toBe(true);
      world.disk.failing = {};
      world.clock.advance(1000);
      await eventually(() => expect(world.spool.degraded).toBe(false));
      expect(world.troubles).toEqual([code, undefined]);
      world.crash();
      expect(world.take()).toEqual(texts(2, 9));
      expect(world.damaged).toBe(0);
    },
  );

  it('goes on behind a write that ended halfway', async () => {
    const world = begin();
    world.push(1, 'a');
    world.disk.failing = { write: 'ENOSPC' };
    world.disk.short = 10;
    world.push(2, 'b');
    world.disk.failing = {};
    world.clock.advance(1000);
    await eventually(() => expect(world.spool.degraded).toBe(false));
    world.crash();
    expect(world.take()).toEqual(['a', 'b']);
    expect(world.damaged).toBe(0);
  });

  it('finds what is whole after a crash behind a write that ended halfway', () => {
    const world = begin();
    world.push(1, 'a');
    world.disk.failing = { write: 'ENOSPC' };
    world.disk.short = 10;
    world.push(2, 'b');
    world.crash();
    world.disk.failing = {};
    world.spool.rebase(0, 2);
    expect([world.push(1, 'a'), world.push(2, 'b')]).toEqual([false, true]);
    expect(world.take()).toEqual(['a', 'b']);
  });

  it('does not trust a file whose sync failed: what was in it is written again', async () => {
    const world = begin(SMALL);
    world.push(1, ...texts(0, 3));
    world.disk.failing = { sync: 'EIO' };
    await world.spool.sync();
    expect(world.spool.degraded).toBe(true);
    world.push(2, ...texts(3, 5));
    world.disk.failing = {};
    world.clock.advance(1000);
    await eventually(() => expect(world.spool.degraded).toBe(false));
    world.disk.cutPower();
    world.crash();
    expect(world.take()).toEqual(texts(0, 5));
    expect(readdirSync(world.folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('holds no more in memory than it may, and counts what goes', () => {
    const world = begin({ ...SMALL, heldRecordsMax: 4 });
    world.disk.failing = { open: 'EACCES' };
    for (const [i, text] of texts(0, 10).entries()) world.push(i, text);
    expect(world.dropped.reduce((sum, [count]) => sum + count, 0)).toBe(6);
    expect(world.take()).toEqual(texts(6, 10));
  });

  it('says at the end what is lost with it', async () => {
    const world = begin();
    world.push(1, 'a');
    world.take();
    world.spool.ack(1);
    world.disk.failing = { write: 'ENOSPC', sync: 'EIO' };
    world.push(2, 'b', 'c');
    expect(await world.spool.close()).toBe(2);
  });

  it('keeps the files of what was sent as long as it cannot note that', async () => {
    const world = begin(SMALL);
    world.push(1, ...texts(0, 4));
    world.take();
    world.spool.ack(4);
    world.disk.failing = { rename: 'EIO' };
    world.clock.advance(1000);
    await eventually(() => expect(world.clock.pending).toBe(1));
    expect(segmentsOf(world)).toHaveLength(2);
    world.disk.failing = {};
    world.clock.advance(1000);
    await eventually(() => expect(segmentsOf(world)).toHaveLength(1));
  });
});
