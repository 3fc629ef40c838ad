import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createBatch, createTick } from '../../models/batch.ts';
import type { LogEntry } from '../../models/ports.ts';
import { MemoryLog } from '../../src/ports/memory-log.ts';

const command = (time: number): LogEntry => ({ kind: 'command', time, command: { verb: 'listen', source: null } });
const rows = (length: number): LogEntry => ({ kind: 'batch', batch: Object.assign(createBatch(length), { length }) });

describe('the log in memory', () => {
  it('reads entries in the order they were appended, each with its position', async () => {
    const log = new MemoryLog();
    const read: [number, number][] = [];
    await log.replay(10);
    for (let i = 0; i < 3; i++) log.append(command(i));
    log.read((entry, position) => read.push([entry.kind === 'command' ? entry.time : -1, position]));
    log.append(command(3));
    await log.drained();
    expect(read).toEqual([0, 1, 2, 3].map((i) => [i, 11 + i]));
    expect(log.position).toBe(14);
  });

  it('reads one entry a turn, so that sockets and timers are served in between', async () => {
    const log = new MemoryLog();
    let read = 0;
    log.read(() => read++);
    for (let i = 0; i < 5; i++) log.append(command(i));
    expect(read).toBe(0);
    for (let turn = 1; turn <= 5; turn++) {
      await nextTurn();
      expect(read).toBe(turn);
    }
  });

  it('keeps everything until somebody reads', async () => {
    const log = new MemoryLog();
    log.append(rows(3));
    await nextTurn();
    expect([log.depth, log.position]).toEqual([3, 0]);
  });

  it('counts the rows that wait; an entry without rows counts as one', async () => {
    const log = new MemoryLog();
    for (const entry of [rows(100), { kind: 'batch', batch: createTick(0) } as const, command(0)]) log.append(entry);
    expect(log.depth).toBe(102);
    const depths: number[] = [];
    log.read(() => depths.push(log.depth));
    await log.drained();
    expect(depths).toEqual([2, 1, 0]);
  });

  it('is drained at once when nothing waits', async () => {
    await new MemoryLog().drained();
  });

  it('is drained for whoever asked, even if more keeps coming', async () => {
    const log = new MemoryLog();
    let read = 0;
    log.append(command(0));
    log.append(command(1));
    log.read(() => {
      read++;
      if (read < 100) log.append(command(read + 1));
    });
    await log.drained();
    expect(read).toBe(2);
    await log.close();
  });

  it('loses nothing and repeats nothing over thousands of entries that come while others are read', async () => {
    const log = new MemoryLog();
    const read: number[] = [];
    let appended = 0;
    log.read((entry) => {
      if (entry.kind === 'command') read.push(entry.time);
      for (let i = 0; i < 2 && appended < 5000; i++) log.append(command(appended++));
    });
    log.append(command(appended++));
    while (read.length < 5000) await log.drained();
    expect(read).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect([log.depth, log.position]).toEqual([0, 5000]);
  });

  it('reads nothing more once it is closed', async () => {
    const log = new MemoryLog();
    let read = 0;
    log.read(() => read++);
    log.append(command(0));
    await log.close();
    log.append(command(1));
    await nextTurn();
    expect(read).toBe(0);
  });
});
