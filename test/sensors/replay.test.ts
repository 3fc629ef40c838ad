import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReplayOptions, ReplaySource } from '../../sensors/replay.ts';
import { SimulatedClock } from '../sim/clock.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const CSV = `timestamp,flow,power
2019-01-01 00:00:00,1.5,2
2019-01-01 00:00:02,,3
2019-01-01 00:00:03,2.5,4
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-replay-'));
  await mkdir(join(folder, 'plant', 'line1'), { recursive: true });
  await writeFile(join(folder, 'plant', 'line1', 'pump.csv'), CSV);
  await writeFile(join(folder, 'plant', 'b.jsonl.gz'), gzipSync('{"t":0,"v":1}\n{"t":1,"v":2}\n'));
  await writeFile(join(folder, 'plant', 'notes.txt'), 'no recording');
  await writeFile(join(folder, 'bad.csv'), 'timestamp,v\n2019-01-01,1\nnever,2\n');
  await writeFile(join(folder, 'long.csv'), `n,v\n${Array.from({ length: 5000 }, (_, i) => `${i},${i}`).join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

interface Played {
  at: number;
  topic: string;
  row: unknown;
}

async function playing(path: string, options: Partial<ReplayOptions> = {}, pausedAtStart = false) {
  const clock = new SimulatedClock(NOON);
  const played: Played[] = [];
  const states: [boolean, string][] = [];
  const source = new ReplaySource(
    { path: join(folder, path), speed: 1, periodMs: 1000, ...options },
    {
      onMessage: (topic, payload) => {
        played.push({ at: clock.now() - NOON, topic, row: JSON.parse(Buffer.from(payload).toString()) });
        return undefined;
      },
      onState: (connected, detail) => states.push([connected, detail]),
    },
    clock,
  );
  if (pausedAtStart) source.pause();
  source.start();
  while (states.length === 0) await pause(1);
  return { clock, played, source, states };
}

describe('the replay source', () => {
  it('plays a file as if its first row were now, spacing kept, missing values left out', async () => {
    const { clock, played, states } = await playing('plant/line1/pump.csv');
    expect(states).toEqual([[true, 'playing 1 file']]);
    clock.advance(10_000);
    expect(played).toEqual([
      { at: 0, topic: 'pump', row: { ts: NOON, flow: 1.5, power: 2 } },
      { at: 2000, topic: 'pump', row: { ts: NOON + 2000, power: 3 } },
      { at: 3000, topic: 'pump', row: { ts: NOON + 3000, flow: 2.5, power: 4 } },
    ]);
    expect(states.at(-1)).toEqual([true, 'finished']);
    expect(clock.pending).toBe(0);
  });

  it('plays it faster', async () => {
    const { clock, played } = await playing('plant/line1/pump.csv', { speed: 4 });
    clock.advance(10_000);
    expect(played.map(({ at }) => at)).toEqual([0, 500, 750]);
    expect(played.map(({ row }) => (row as { ts: number }).ts - NOON)).toEqual([0, 500, 750]);
  });

  it('plays all files of a folder side by side, their path as topic', async () => {
    const { clock, played, states } = await playing('plant', { periodMs: 1500 });
    expect(states).toEqual([[true, 'playing 2 files']]);
    clock.advance(10_000);
    expect(played.map(({ at, topic }) => [at, topic])).toEqual([
      [0, 'b'],
      [0, 'line1/pump'],
      [1500, 'b'],
      [2000, 'line1/pump'],
      [3000, 'line1/pump'],
    ]);
    expect(states.at(-1)).toEqual([true, 'finished']);
  });

  it('stands still while it is paused, and goes on where it was', async () => {
    const { clock, played, source, states } = await playing('plant/line1/pump.csv');
    clock.advance(1000);
    source.pause();
    source.pause();
    clock.advance(3600_000);
    expect(played).toHaveLength(1);
    source.resume();
    clock.advance(999);
    expect(played).toHaveLength(1);
    clock.advance(1);
    expect(played[1]).toMatchObject({ at: 3602_000, row: { ts: NOON + 3602_000 } });
    clock.advance(10_000);
    expect(states.at(-1)).toEqual([true, 'finished']);
  });

  it('can be paused before it plays', async () => {
    const { clock, played, source } = await playing('plant/line1/pump.csv', {}, true);
    clock.advance(5000);
    expect(played).toEqual([]);
    source.resume();
    clock.advance(2000);
    expect(played.map(({ at }) => at)).toEqual([5000, 7000]);
  });

  it('plays every row of a long file, in order, however fast', async () => {
    const { clock, played, states } = await playing('long.csv', { speed: 1000 });
    for (let i = 0; states.length < 2 && i < 2000; i++) {
      clock.advance(100);
      await pause(1);
    }
    expect(states.at(-1)).toEqual([true, 'finished']);
    expect(played.map(({ row }) => (row as { v: number }).v)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect((played.at(-1)!.row as { ts: number }).ts).toBe(NOON + 4999);
  });

  it('says where a file cannot be read, and where there is none', async () => {
    const bad = await playing('bad.csv');
    bad.clock.advance(10_000);
    expect(bad.states.at(-1)).toEqual([false, expect.stringContaining('bad.csv:3:1  expected an ISO time')]);
    const none = await playing('nowhere');
    expect(none.states).toEqual([[false, expect.stringContaining('ENOENT')]]);
    await mkdir(join(folder, 'empty'));
    const empty = await playing('empty');
    expect(empty.states).toEqual([[false, `no recorded files in ${join(folder, 'empty')}`]]);
  });

  it('is silent once it has been stopped', async () => {
    const { clock, played, source, states } = await playing('plant/line1/pump.csv');
    await source.stop();
    clock.advance(10_000);
    expect(played).toHaveLength(1);
    expect(states).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
