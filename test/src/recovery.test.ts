import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { segmentPath, segmentsOf } from '../../src/log/segments.ts';
import { SimDisk } from '../sim/disk.ts';
import { wave } from '../sim/tracks.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';

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

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

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
      if (!name.endsWith('.twsn.zst')) continue;
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
    const shard = disk.list(`checkpoint/${newest}`).find((name) => name.endsWith('.twsn.zst'))!;
    disk.remove(`checkpoint/${newest}/${shard}`);
    const again = await live(disk, NOW + 200_000);
    expect(blocksOf(again)).toEqual(blocksOf(straight));
  });

  it('does not start where something is lost, unless it is told to', async () => {
    const disk = new SimDisk();
    await lives(disk, [], 200, [50, 150]);
    for (const name of disk.list('checkpoint')) {
      if (!/^\d+$/.test(name)) continue;
      const shard = disk.list(`checkpoint/${name}`).find((file) => file.endsWith('.twsn.zst'))!;
      disk.remove(`checkpoint/${name}/${shard}`);
    }
    // The log begins behind the checkpoint before the newest.
    disk.remove(segmentPath(segmentsOf(disk)[0]));
    await expect(live(disk, NOW)).rejects.toThrow('--accept-state-loss');
    const watch = new Watch({ disk, now: NOW });
    expect(await watch.start(true)).toBe(2);
  });

  it.each([
    ['groups of topics', { group: 'topic' }],
    ['a group by hand', { group: new Map([['g', ['hall/p/a', 'hall/q/b', 'hall/r/c']]]) }],
    ['context', { context: ['hall/q/b'] }],
    ['siblings', { peers: 'hall/+/#' }],
    ['siblings that share their weights', { peers: 'hall/+/#', weights: 'shared' }],
    ['siblings in groups', { peers: 'hall/+/#', group: 'topic' }],
  ] as const)('comes back bit for bit with %s, though partitions were copied while samples came', async (_, keys) => {
    const config = { ...PIPELINE, ...keys };
    const run = async (watch: Watch, from: number, to: number, saves: readonly number[]): Promise<void> => {
      for (let i = from; i < to; i++) {
        const saving = saves.includes(i) ? watch.engine.checkpoint() : undefined;
        for (const [k, topic] of ['hall/p', 'hall/q', 'hall/r', ...(i > 232 ? ['hall/s'] : [])].entries()) {
          const fields = { a: wave(i) + k, b: 2 * wave(i + 3) - k, c: i % 7 };
          watch.publish(topic, { ...fields, ts: NOW + i * 1000 });
          // What a save copies between two of them differs in its position.
          await watch.engine.settled();
        }
        watch.clock.advance(1000);
        await watch.engine.settled();
        await saving;
      }
    };
    const straight = new Watch({ disk: new SimDisk(), now: NOW, config });
    await straight.start();
    await run(straight, 0, 260, []);
    const disk = new SimDisk();
    const first = new Watch({ disk, now: NOW, config });
    await first.start();
    await run(first, 0, 240, [210, 233]);
    const again = new Watch({ disk, now: NOW + 240_000, config });
    await again.start();
    await run(again, 240, 260, []);
    expect([...again.engine.registry].length).toBeGreaterThan(11);
    for (const { id } of straight.engine.registry) expect([id, again.block(id)]).toEqual([id, straight.block(id)]);
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

  it('notes no message as come in that the log has not', async () => {
    const disk = new SimDisk();
    const watch = await live(disk, NOW);
    await second(watch, 0);
    let noted = 0;
    watch.engine.beforeCheckpoint = async () => {
      noted = disk.read(segmentPath(1))!.length;
    };
    const saving = watch.engine.checkpoint();
    // Until the turn is over after which the last of three partitions is copied.
    await turns(2);
    const facts = { retained: false, session: 'mqtt', packetId: 1 };
    watch.engine.receive('mqtt', TOPICS[0], Buffer.from('{"v":7}'), watch.clock.now(), facts);
    await saving;
    await watch.engine.settled();
    expect(noted).toBe(disk.read(segmentPath(1))!.length);
  });

  it('is as it was after a full disk as soon as it says that it keeps what comes in, and not before', async () => {
    const disk = new SimDisk();
    const watch = await live(disk, NOW);
    const degraded = async () => {
      const metric = await watch.telemetry.metrics.getSingleMetric('tidewatch_durability_degraded')!.get();
      return metric.values[0].value;
    };
    for (let i = 0; i < 20; i++) await second(watch, i);
    disk.capacity = disk.used;
    for (let i = 20; i < 23; i++) await second(watch, i);
    expect(await degraded()).toBe(1);
    // Enough for the log, and not for a checkpoint of what the log has not.
    disk.capacity = disk.used + 5000;
    for (let i = 23; i < 26; i++) await second(watch, i);
    expect(await degraded()).toBe(1);
    disk.capacity = Infinity;
    for (let i = 26; i < 29; i++) await second(watch, i);
    // Partitions are compressed in threads.
    await vi.waitFor(async () => expect(await degraded()).toBe(0));
    expect(blocksOf(await live(disk.kill(), NOW + 29_000))).toEqual(blocksOf(watch));
  });

  it('keeps the log no longer than it is needed', async () => {
    const disk = new SimDisk();
    await lives(disk, [20, 40, 60, 80], 100, [10, 30, 50, 70, 90]);
    expect(segmentsOf(disk).length).toBeLessThan(4);
  });
});
