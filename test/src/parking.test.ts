import { beforeEach, describe, expect, it } from 'vitest';
import { crc32 } from '../../models/crc32.ts';
import { createRandom } from '../../models/random.ts';
import { decodeSnapshot } from '../../models/snapshot.ts';
import { SimDisk } from '../sim/disk.ts';
import { wave } from '../sim/tracks.ts';
import { PIPELINE, Watch, type WatchOptions } from '../sim/watch.ts';

const NOW = 1_763_640_000_000;
const THREE = { bytesMax: Infinity, seriesMax: 3 };

/** When each of four is talking, s. c and d are never there at the same time. */
const TALKS: Record<string, [from: number, to: number][]> = {
  a: [[0, Infinity]],
  b: [[0, Infinity]],
  c: [
    [0, 250],
    [320, 345],
    [420, Infinity],
  ],
  d: [
    [265, 300],
    [360, 400],
  ],
};
const idOf = (name: string) => `plant_${name}_v`;

async function live(disk: SimDisk, second: number, options: WatchOptions = {}): Promise<Watch> {
  const watch = new Watch({ disk, now: NOW + second * 1000, capacity: THREE, ...options });
  await watch.start();
  return watch;
}

/** One second of the plant. @returns names whose sample was taken */
async function second(watch: Watch, i: number): Promise<string[]> {
  const taken: string[] = [];
  for (const [k, name] of Object.keys(TALKS).entries()) {
    if (!TALKS[name].some(([from, to]) => i >= from && i < to)) continue;
    if (watch.publish(`plant/${name}`, { v: wave(i) + k, ts: NOW + i * 1000 }) > 0) taken.push(name);
  }
  await watch.engine.settled();
  watch.clock.advance(1000);
  await watch.engine.settled();
  return taken;
}

async function run(watch: Watch, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await second(watch, i);
}

const filesOf = (disk: SimDisk) => disk.list('parked');

const sumOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  crc32(new Uint8Array(buffer, byteOffset, byteLength));

/** Everything that is known, of those that are parked as well; bits as checksums. */
function knowledge(watch: Watch, disk: SimDisk) {
  const ids = [...watch.engine.registry].map(({ id }) => id).toSorted();
  return {
    blocks: ids.map((id) => [id, watch.engine.registry.find(id)?.number, sumOf(watch.block(id))]),
    parked: [...watch.engine.parked]
      .toSorted((x, y) => x.number - y.number)
      .map((parked) => ({ ...parked, sum: sumOf(disk.read(parked.file) ?? new Uint8Array()) })),
    alerts: watch.engine.alertLog.toJSON(),
  };
}

/** The same, but for where in the log it happened: each life says something there when it begins. */
function lessPlaces(known: ReturnType<typeof knowledge>): unknown {
  return { ...known, parked: known.parked.map((parked) => ({ ...parked, file: '', position: 0 })) };
}

/** What the page is told of those who were there before. */
async function scores(watch: Watch): Promise<Record<string, unknown>> {
  const told = new Map<string, unknown[]>();
  watch.engine.samples.subscribe((all) => {
    for (const { s, t, e, z } of all) told.set(s, [...(told.get(s) ?? []), ...t.map((time, i) => [time, e[i], z[i]])]);
  });
  await run(watch, 0, 440);
  await watch.engine.stop();
  return Object.fromEntries(['a', 'b', 'c'].map((name) => [name, told.get(idOf(name))]));
}

const metric = async (watch: Watch, name: string): Promise<number> => {
  const text = await watch.telemetry.metrics.metrics();
  return Number(new RegExp(`^tidewatch_${name} (.*)$`, 'm').exec(text)?.[1]);
};

let disk: SimDisk;
beforeEach(() => {
  disk = new SimDisk();
});

describe('a table of series that is full', () => {
  it('takes in a new one that comes a fourth time, and parks the one longest idle as it is', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 268);
    expect(watch.telemetry.dropped.get('too_many_series')).toBe(3);
    expect(filesOf(disk)).toEqual([]);
    const before = watch.block(idOf('c'));
    expect(await second(watch, 268)).toEqual(['a', 'b', 'd']);
    expect([...watch.engine.registry].map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'd'].map(idOf));
    expect(filesOf(disk)).toHaveLength(1);
    const { tracks } = decodeSnapshot(disk.read(`parked/${filesOf(disk)[0]}`)!, new TextDecoder());
    expect(tracks).toHaveLength(1);
    expect(tracks[0]).toMatchObject({ id: idOf('c'), number: 2, source: 'plant/c/v', pipeline: 'main' });
    expect(tracks[0].block).toEqual(before);
    expect(await metric(watch, 'series_parked')).toBe(1);
    expect(await metric(watch, 'series_parked_total')).toBe(1);
  });

  it('takes a parked one back with its first sample, and scores go on as if there had been room for all', async () => {
    const watch = await live(disk, 0);
    const all = await live(new SimDisk(), 0, { capacity: { bytesMax: Infinity, seriesMax: 4 } });
    const got = await scores(watch);
    expect(got).toEqual(await scores(all));
    expect(got.c).toHaveLength(250 + 25 + 20);
    expect(watch.telemetry.dropped.get('too_many_series')).toBe(3);
    expect(await metric(watch, 'series_parked_total')).toBe(4);
    expect(await metric(watch, 'series_returned_total')).toBe(3);
    expect(await metric(all, 'series_parked_total')).toBe(0);
  });

  it('keeps the alert of a silent series open while it is parked, and closes it when it is heard', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 280);
    const [alert] = watch.engine.alertLog.open();
    expect(alert).toMatchObject({ series: idOf('c'), reason: 'silence' });
    const again = await live(disk.kill(), 280);
    await run(again, 280, 319);
    expect(again.engine.alertLog.openOf(idOf('c'))?.id).toBe(alert.id);
    expect(again.engine.acknowledge(alert.id)).toBe(true);
    await again.engine.settled();
    expect(again.engine.alertLog.openOf(idOf('c'))?.acked).toBe(true);
    await run(again, 319, 330);
    expect(again.engine.alertLog.isOpen(idOf('c'))).toBe(false);
    const close = again.alerts.find(({ id, event }) => id === alert.id && event === 'close');
    expect(close).toMatchObject({ acked: true, reason: 'silence' });
  });

  it('pushes out nobody who is alive, however many names come however often', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 60);
    const random = createRandom(7);
    for (let i = 60; i < 70; i++) {
      for (let k = 0; k < 1000; k++) {
        const name = `x${Math.floor(random() * 1e9)}`;
        for (let n = 0; n < 4; n++) expect(watch.publish(`flood/${name}`, { v: n })).toBe(0);
      }
      expect(await second(watch, i)).toEqual(['a', 'b', 'c']);
    }
    expect(watch.engine.registry.size).toBe(3);
    expect(watch.engine.registry.tracks).toHaveLength(3);
    expect(filesOf(disk)).toEqual([]);
    expect(watch.telemetry.dropped.get('too_many_series')).toBe(40_000);
  });

  it('parks nobody whose source could not be heard', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 260);
    watch.engine.heard('mqtt', false);
    await run(watch, 260, 290);
    expect(watch.engine.registry.find(idOf('c'))).toBeDefined();
    watch.engine.heard('mqtt', true);
    await run(watch, 290, 299);
    expect(watch.engine.registry.find(idOf('c'))).toBeDefined();
  });

  it('refuses the new one while the disk is full, and goes on as before', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 260);
    const known = watch.block(idOf('c')).length;
    disk.capacity = disk.used + 8 * known - 1;
    await run(watch, 260, 275);
    expect(watch.engine.registry.find(idOf('c'))).toBeDefined();
    expect(watch.engine.registry.find(idOf('d'))).toBeUndefined();
    expect(watch.lines.all.filter(({ msg }) => String(msg).includes('cannot be parked'))).toHaveLength(1);
    expect(filesOf(disk)).toEqual([]);
    const again = new Watch({ disk: disk.kill(), now: NOW + 275_000, capacity: THREE });
    await again.engine.restore();
    expect(knowledge(again, disk)).toEqual(knowledge(watch, disk));
    disk.capacity = Infinity;
    await run(watch, 275, 280);
    expect(watch.engine.registry.find(idOf('c'))).toBeUndefined();
    expect(watch.engine.registry.find(idOf('d'))).toBeDefined();
  });
});

describe('a daemon that was killed, with series that are parked', () => {
  it('is what it was, at any second and after any of them was parked or came back', async () => {
    const watch = await live(disk, 0);
    for (let i = 0; i < 430; i++) {
      await second(watch, i);
      if ([262, 310, 322, 370].includes(i)) await watch.engine.checkpoint();
      if (![261, 268, 279, 300, 319, 320, 333, 360, 361, 399, 421, 429].includes(i)) continue;
      const left = disk.kill();
      const again = new Watch({ disk: left, now: NOW + i * 1000, capacity: THREE });
      await again.engine.restore();
      expect([i, knowledge(again, left)]).toEqual([i, knowledge(watch, disk)]);
    }
    expect(await metric(watch, 'series_parked_total')).toBe(4);
  });

  it('is what it was after a power cut: what the log has is written again', async () => {
    const random = createRandom(3);
    const watch = await live(disk, 0, { fsync: 'always' });
    for (let i = 0; i < 430; i++) {
      await second(watch, i);
      if ([290, 370].includes(i)) await watch.engine.checkpoint();
      if (![268, 275, 291, 320, 333, 361, 399, 421, 429].includes(i)) continue;
      await watch.engine.kept();
      const left = disk.cut(random);
      const again = new Watch({ disk: left, now: NOW + i * 1000, capacity: THREE });
      await again.engine.restore();
      expect([i, knowledge(again, left)]).toEqual([i, knowledge(watch, disk)]);
    }
  });

  it('is what it was, though partitions were copied while series were parked and came back', async () => {
    const watch = await live(disk, 0);
    for (let i = 0; i < 430; i++) {
      const isSaving = [268, 320, 360, 420].includes(i);
      const saving = isSaving ? watch.engine.checkpoint() : undefined;
      // What a save copies before and after it differs in its position.
      if (isSaving) await watch.engine.settled();
      await second(watch, i);
      await saving;
      if (!isSaving) continue;
      const left = disk.kill();
      const again = new Watch({ disk: left, now: NOW + i * 1000, capacity: THREE });
      await again.engine.restore();
      expect([i, knowledge(again, left)]).toEqual([i, knowledge(watch, disk)]);
    }
  });

  it('goes on as it would have, killed again and again', async () => {
    const straight = await live(disk, 0);
    await run(straight, 0, 440);
    let left = new SimDisk();
    let from = 0;
    for (const to of [272, 296, 330, 372, 425, 440]) {
      left = left.kill();
      const watch = await live(left, from);
      for (let i = from; i < to; i++) {
        await second(watch, i);
        if ([100, 270, 325, 364].includes(i)) await watch.engine.checkpoint();
      }
      from = to;
      if (to === 440) expect(lessPlaces(knowledge(watch, left))).toEqual(lessPlaces(knowledge(straight, disk)));
    }
  });

  it('comes back from the older copy where the newest is damaged: the files are there still', async () => {
    const watch = await live(disk, 0);
    for (let i = 0; i < 430; i++) {
      await second(watch, i);
      if ([290, 425].includes(i)) await watch.engine.checkpoint();
    }
    const newest = disk.list('checkpoint').findLast((name) => /^\d+$/.test(name))!;
    for (const name of disk.list(`checkpoint/${newest}`)) {
      if (name.endsWith('.twsn')) disk.remove(`checkpoint/${newest}/${name}`);
    }
    const again = new Watch({ disk, now: NOW + 430_000, capacity: THREE });
    await again.engine.restore();
    expect(knowledge(again, disk)).toEqual(knowledge(watch, disk));
  });

  it('has room for all that were there, though it may hold fewer by now', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 100);
    await watch.engine.checkpoint();
    await run(watch, 100, 120);
    const again = new Watch({ disk, now: NOW + 120_000, capacity: { bytesMax: Infinity, seriesMax: 1 } });
    await again.engine.restore();
    expect(knowledge(again, disk)).toEqual(knowledge(watch, disk));
  });

  it('removes files once nothing that is kept can ask for them', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 330);
    // c came back, d is parked.
    expect(filesOf(disk)).toHaveLength(2);
    await watch.engine.checkpoint();
    expect(filesOf(disk)).toHaveLength(2);
    await run(watch, 330, 340);
    await watch.engine.checkpoint();
    expect(filesOf(disk)).toHaveLength(1);
    await run(watch, 340, 342);
    const left = disk.kill();
    left.open('parked/2.1.twsn', 'create').close();
    const again = await live(left, 342);
    for (let k = 0; k < 2; k++) {
      expect(filesOf(left)).toHaveLength(2);
      await again.engine.checkpoint();
    }
    expect(filesOf(left)).toEqual(filesOf(disk));
    expect(filesOf(disk)).toEqual([...watch.engine.parked].map(({ file }) => file.slice('parked/'.length)));
  });

  it.each([
    [
      'damaged',
      (path: string) => {
        const file = disk.open(path, 'append');
        file.truncate(file.size - 1);
        file.close();
      },
    ],
    ['gone', (path: string) => disk.remove(path)],
  ])('begins untrained with a series whose file is %s, and says so', async (_, harm) => {
    const watch = await live(disk, 0);
    await run(watch, 0, 300);
    await watch.engine.checkpoint();
    await run(watch, 300, 310);
    harm(`parked/${filesOf(disk)[0]}`);
    const again = await live(disk.kill(), 310);
    await run(again, 310, 322);
    const track = again.engine.registry.find(idOf('c'))!;
    expect([track.number, track.memory[track.at + track.model.detector.layout.order]]).toEqual([2, 2]);
    expect(again.engine.alertLog.isOpen(idOf('c'))).toBe(false);
    expect(await metric(again, 'series_parked_lost_total')).toBe(1);
    expect(again.lines.all.filter(({ msg }) => String(msg).includes('when it was parked is lost'))).toHaveLength(1);
  });
});

describe('parked series of a pipeline', () => {
  it('are forgotten where its models are of another shape, or it is removed', async () => {
    const watch = await live(disk, 0);
    await run(watch, 0, 280);
    expect([...watch.engine.parked]).toHaveLength(1);
    watch.engine.configure('main', { ...PIPELINE, hidden: 2 }, false);
    expect([...watch.engine.parked]).toEqual([]);
    expect(watch.engine.alertLog.open()).toEqual([]);
    await watch.engine.checkpoint();
    const again = new Watch({ disk: disk.kill(), now: NOW + 280_000, capacity: THREE });
    await again.engine.restore();
    expect([...again.engine.parked]).toEqual([]);
  });

  it('lie where the new configuration has them', async () => {
    const peers = { ...PIPELINE, peers: 'plant/+/#' };
    const watch = await live(disk, 0);
    await run(watch, 0, 280);
    watch.engine.configure('main', peers, true);
    await watch.engine.checkpoint();
    const left = disk.kill();
    const again = new Watch({ disk: left, now: NOW + 280_000, capacity: THREE, config: peers });
    await again.engine.restore();
    expect(knowledge(again, left)).toEqual(knowledge(watch, disk));
    expect(new Set([...again.engine.registry, ...again.engine.parked].map(({ partition }) => partition)).size).toBe(1);
  });
});
