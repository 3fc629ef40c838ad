import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SystemDisk } from '../../../src/ports/disk.ts';
import { DeadLetters } from '../../../src/spool/dead-letters.ts';
import { SimulatedClock } from '../../sim/clock.ts';
import { FaultyDisk } from '../../sim/faulty-disk.ts';

function begin(bytesMax = 1000) {
  const root = mkdtempSync(join(tmpdir(), 'tidewatch-letters-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const disk = new FaultyDisk(new SystemDisk(root));
  const counts = { buried: 0, written: 0 };
  disk.makeFolder('spool/o');
  const letters = new DeadLetters({
    disk,
    folder: 'spool/o',
    output: 'o',
    clock: new SimulatedClock(),
    bytesMax,
    onBuried: (count) => void (counts.buried += count),
    onWritten: (bytes) => void (counts.written += bytes),
  });
  const read = (name: string) =>
    readFileSync(join(root, 'spool/o', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { item?: unknown; count?: number });
  return { disk, letters, counts, read };
}

const NAME = 'dead-letter.jsonl';

it('keeps the last of them in two files, none larger than it may be', () => {
  const { letters, counts, read } = begin();
  for (let i = 0; i < 100; i++) letters.bury([i], 'no', 1);
  const kept = [...read(`${NAME}.1`), ...read(NAME)].map(({ item }) => item as number);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 100 - kept.length + i));
  expect(JSON.stringify(read(NAME)).length).toBeLessThan(1100);
  expect(kept.length).toBeGreaterThan(10);
  expect(counts.buried).toBe(100);
});

it('says how many there were where it is not told which, or they are too many to be told', () => {
  const { letters, read } = begin();
  letters.bury([], 'no', 7);
  letters.bury(['x'.repeat(2000)], 'no', 1);
  expect(read(NAME)).toEqual(
    [7, 1].map((count) => expect.objectContaining({ output: 'o', count, reason: 'no' }) as object),
  );
});

it('counts what it cannot write, and leaves no half of a line', () => {
  const { disk, letters, counts, read } = begin();
  letters.bury(['a'], 'no', 1);
  disk.short = 20;
  disk.failing = { write: 'ENOSPC' };
  letters.bury(['b'], 'no', 1);
  disk.failing = {};
  letters.bury(['c'], 'no', 1);
  expect(read(NAME).map(({ item }) => item)).toEqual(['a', 'c']);
  expect(counts.buried).toBe(3);
});
