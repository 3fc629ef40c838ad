import { describe, expect, it } from 'vitest';
import { segmentPath, segmentsOf } from '../../src/log/segments.ts';
import { SimDisk } from '../sim/disk.ts';
import { wave } from '../sim/tracks.ts';
import { Watch } from '../sim/watch.ts';

const TOPICS = ['plant/a', 'plant/b', 'plant/c'];
const IDS = TOPICS.map((topic) => `${topic.replace('/', '_')}_v`);

/** One second of the plant; a fault at some of them. */
async function second(watch: Watch, i: number): Promise<void> {
  for (const topic of TOPICS) {
    const broken = topic === 'plant/a' && i > 260 && i < 266;
    watch.publish(topic, { v: wave(i) + (broken ? 1000 : 0), ts: 1_763_640_000_000 + i * 1000 });
  }
  await watch.engine.settled();
  watch.clock.advance(1000);
  await watch.engine.settled();
}

async function live(disk: SimDisk, now: number): Promise<Watch> {
  const watch = new Watch({ disk, now });
  await watch.start();
  return watch;
}

const NOW = 1_763_640_000_000;
const blocksOf = (watch: Watch) => IDS.map((id) => watch.block(id));
const told = (watches: readonly Watch[]) => watches.flatMap(({ alerts }) => alerts);

/** Seconds from..to lived through by one daemon after another, each killed at the second given. */
async function lives(disk: SimDisk, kills: readonly number[], to: number, saves: readonly number[]): Promise<Watch[]> {
  const watches: Watch[] = [];
  let from = 0;
  for (const kill of [...kills, to]) {
    const watch = await live(disk, NOW + from * 1000);
    watches.push(watch);
    for (let i = from; i < kill; i++) {
      await second(watch, i);
      if (saves.includes(i)) await watch.engine.checkpoint();
    }
    from = kill;
  }
  return watches;
}

describe('a daemon that was killed', () => {
  it('comes back bit for bit from its log alone, and tells nothing twice', async () => {
    const [straight] = await lives(new SimDisk(), [], 300, []);
    const watches = await lives(new SimDisk(), [100, 262, 280], 300, []);
    expect(blocksOf(watches.at(-1)!)).toEqual(blocksOf(straight));
    expect(watches.at(-1)!.engine.alertLog.toJSON()).toEqual(straight.engine.alertLog.toJSON());
  });

  it('comes back bit for bit from a checkpoint and the log behind it', async () => {
    const [straight] = await lives(new SimDisk(), [], 300, []);
    const disk = new SimDisk();
    const watches = await lives(disk, [100, 262, 280], 300, [50, 90, 261, 270]);
    expect(blocksOf(watches.at(-1)!)).toEqual(blocksOf(straight));
    expect(watches.at(-1)!.engine.alertLog.toJSON()).toEqual(straight.engine.alertLog.toJSON());
    expect(told(watches).length).toBeGreaterThan(0);
  });

  it('comes back though every shard of the newest checkpoint is damaged, by the one before and more of the log', async () => {
    const disk = new SimDisk();
    const [straight] = await lives(disk, [], 200, [50, 150]);
    const newest = disk.list('checkpoint').findLast((name) => /^\d+$/.test(name))!;
    for (const name of disk.list(`checkpoint/${newest}`)) {
      if (!name.endsWith('.twsn')) continue;
      const file = disk.open(`checkpoint/${newest}/${name}`, 'append');
      file.truncate(file.size - 1);
      file.close();
    }
    const again = await live(disk, NOW + 200_000);
    expect(blocksOf(again)).toEqual(blocksOf(straight));
    expect(again.lines.all.filter(({ msg }) => String(msg).includes('the one before and the log serve'))).toHaveLength(
      3,
    );
  });

  it('comes back though one shard is damaged: the others do not go back', async () => {
    const disk = new SimDisk();
    const [straight] = await lives(disk, [], 200, [50, 150]);
    const newest = disk.list('checkpoint').findLast((name) => /^\d+$/.test(name))!;
    const shard = disk.list(`checkpoint/${newest}`).find((name) => name.endsWith('.twsn'))!;
    disk.remove(`checkpoint/${newest}/${shard}`);
    const again = await live(disk, NOW + 200_000);
    expect(blocksOf(again)).toEqual(blocksOf(straight));
  });

  it('does not start where something is lost, unless it is told to', async () => {
    const disk = new SimDisk();
    await lives(disk, [], 200, [50, 150]);
    for (const name of disk.list('checkpoint')) {
      if (!/^\d+$/.test(name)) continue;
      const shard = disk.list(`checkpoint/${name}`).find((file) => file.endsWith('.twsn'))!;
      disk.remove(`checkpoint/${name}/${shard}`);
    }
    // The log begins behind the checkpoint before the newest.
    disk.remove(segmentPath(segmentsOf(disk)[0]));
    await expect(live(disk, NOW)).rejects.toThrow('--accept-state-loss');
    const watch = new Watch({ disk, now: NOW });
    expect(await watch.start(true)).toBe(2);
  });

  it('cuts off a record that was being written, and goes on behind it', async () => {
    const disk = new SimDisk();
    const [straight] = await lives(disk, [], 50, []);
    const path = segmentPath(segmentsOf(disk).at(-1)!);
    const file = disk.open(path, 'append');
    file.write(Uint8Array.of(0xa7, 200, 0, 0, 1));
    file.close();
    const again = await live(disk, NOW + 50_000);
    expect(blocksOf(again)).toEqual(blocksOf(straight));
    await second(again, 50);
    const third = await live(disk, NOW + 51_000);
    expect(blocksOf(third)).toEqual(blocksOf(again));
  });

  it('owes a checkpoint for what it read again, however short its own life is', async () => {
    const disk = new SimDisk();
    await lives(disk, [50], 60, [20]);
    const again = await live(disk, NOW + 60_000);
    expect(again.engine.isCheckpointDue(0)).toBe(true);
    await again.engine.checkpoint();
    expect(again.engine.isCheckpointDue(0)).toBe(false);
    const rested = await live(disk, NOW + 60_000);
    expect(rested.engine.isCheckpointDue(0)).toBe(false);
  });

  it('keeps the log no longer than it is needed', async () => {
    const disk = new SimDisk();
    await lives(disk, [20, 40, 60, 80], 100, [10, 30, 50, 70, 90]);
    expect(segmentsOf(disk).length).toBeLessThan(4);
  });
});
