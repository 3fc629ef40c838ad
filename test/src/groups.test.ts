import { describe, expect, test } from 'vitest';
import { sampleCountOf } from '../../models/order.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { seriesId } from '../../sensors/topic.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';
import { MemoryCheckpointStore } from '../sim/store.ts';

const GROUPED = { ...PIPELINE, group: 'topic', seasonMs: 3600_000 } as const;
const GROUP = seriesId('hall/pump/*');

const load = (i: number) => 0.5 + 0.3 * Math.sin(i / 23) + 0.15 * Math.sin(i / 7.3);

/** What a pump says at a second: all follow its load, but for one that follows another pump's from `brokenFrom` on. */
function pump(seed: number, brokenFrom = Infinity) {
  const random = createRandom(seed);
  const noisy = (value: number) => value + 0.01 * gaussian(random);
  return (i: number) => {
    const other = i >= brokenFrom ? load(1.7 * i + 400) : load(i);
    return { pressure: noisy(6 - 2 * load(i)), flow: noisy(20 + 40 * other), current: noisy(10 + 30 * load(i)) };
  };
}

async function run(watch: Watch, fields: (i: number) => object, from: number, until: number): Promise<void> {
  for (let i = from; i < until; i++) {
    watch.publish('hall/pump', fields(i));
    watch.clock.advance(1000);
    if (i % 50 === 49) await watch.engine.settled();
  }
  await watch.engine.settled();
}

async function started(store = new MemoryCheckpointStore(), now = Number.NaN): Promise<Watch> {
  const watch = new Watch({ store, config: GROUPED, now });
  await watch.start();
  return watch;
}

describe('the fields of a topic', () => {
  test('become a group once they are known a little, and stay series of their own', async () => {
    const watch = await started();
    await run(watch, pump(1), 0, 190);
    expect(watch.engine.registry.find(GROUP)).toBeUndefined();
    await run(watch, pump(1), 190, 250);
    expect(watch.engine.registry.find(GROUP)?.members).toEqual([
      'hall_pump_current',
      'hall_pump_flow',
      'hall_pump_pressure',
    ]);
    expect(watch.engine.registry.size).toBe(4);
  });

  test('that no longer go together raise an alert of the group, and the one to blame is named first', async () => {
    const watch = await started();
    const broken = pump(2, 1500);
    await run(watch, broken, 0, 1500);
    expect(watch.alerts.filter(({ series }) => series === GROUP)).toEqual([]);
    await run(watch, broken, 1500, 1600);
    const [open] = watch.alerts.filter(({ series }) => series === GROUP);
    expect(open).toMatchObject({ event: 'open', tags: { source: 'hall/pump/*' } });
    expect(open.channels.map(({ series }) => series)[0]).toBe('hall_pump_flow');
    expect(open.channels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  test('are one group again after a restart, and go on bit for bit', async () => {
    const store = new MemoryCheckpointStore();
    const fields = pump(3);
    const first = await started(store);
    await run(first, fields, 0, 300);
    await first.engine.checkpoint();
    const now = first.clock.now();
    const values = Array.from({ length: 100 }, (_, i) => fields(300 + i));
    await run(first, (i) => values[i - 300], 300, 400);

    const second = await started(store, now);
    expect(second.engine.registry.find(GROUP)?.members).toHaveLength(3);
    await run(second, (i) => values[i - 300], 300, 400);
    expect(second.block(GROUP)).toEqual(first.block(GROUP));
  });

  test('end as a group when the configuration says so; the series go on', async () => {
    const watch = await started();
    await run(watch, pump(4), 0, 250);
    expect(watch.engine.registry.find(GROUP)).toBeDefined();
    const before = watch.block('hall_pump_flow');
    watch.engine.configure('main', { ...GROUPED, group: 'off' }, true);
    expect(watch.engine.registry.find(GROUP)).toBeUndefined();
    expect(watch.block('hall_pump_flow')).toEqual(before);
    await run(watch, pump(4), 250, 280);
    expect(watch.engine.registry.size).toBe(3);
  });

  test('have their open alert closed with the group', async () => {
    const watch = await started();
    const broken = pump(2, 1500);
    await run(watch, broken, 0, 1600);
    expect(watch.engine.alertLog.isOpen(GROUP)).toBe(true);
    watch.engine.configure('main', { ...GROUPED, group: 'off' }, true);
    expect(watch.engine.alertLog.isOpen(GROUP)).toBe(false);
    expect(watch.alerts.at(-1)).toMatchObject({ series: GROUP, event: 'close' });
  });

  test.each([1000, 10_000])('that only rise are no part of it, at one sample in %i ms', async (cadence) => {
    const watch = await started();
    const fields = pump(5);
    for (let i = 0; i < 320; i++) {
      watch.publish('hall/pump', { ...fields(i), energy: 100 + i * 0.37 });
      watch.clock.advance(cadence);
      await watch.engine.settled();
    }
    const members = watch.engine.registry.find(GROUP)!.members;
    expect(members).toHaveLength(3);
    expect(members).not.toContain('hall_pump_energy');
  });

  test('of the name of the group get no say in it, and one that was there before stays what it is', async () => {
    const watch = await started();
    await run(watch, pump(6), 0, 250);
    const rows = sampleCountOf(watch.block(GROUP), 0);
    expect(watch.publish('hall/pump', { '*': 1 })).toBe(0);
    await watch.engine.settled();
    expect(watch.telemetry.dropped.get('bad_name')).toBe(1);
    expect(sampleCountOf(watch.block(GROUP), 0)).toBe(rows);

    const other = await started();
    await run(other, (i) => ({ ...pump(6)(i), '*': i % 7 }), 0, 250);
    expect(other.engine.registry.find(GROUP)?.members).toEqual([]);
  });

  test('go on in their group when another field comes that cannot be watched', async () => {
    const watch = await started();
    await run(watch, pump(7), 0, 250);
    const group = watch.engine.registry.find(GROUP);
    await run(watch, (i) => ({ ...pump(7)(i), mode: i % 50 < 25 ? 'on' : 'off' }), 250, 600);
    expect(watch.engine.registry.find(GROUP)).toBe(group);
  });

  test('close their alert when nobody speaks any more', async () => {
    const watch = await started();
    await run(watch, pump(2, 1500), 0, 1600);
    expect(watch.engine.alertLog.isOpen(GROUP)).toBe(true);
    for (let i = 0; i < 600; i++) watch.clock.advance(1000);
    await watch.engine.settled();
    expect(watch.engine.alertLog.isOpen(GROUP)).toBe(false);
  });

  test('are watched together whatever the side and the distance that a single one must have', async () => {
    const config = { ...GROUPED, direction: 'up', minDeviation: { amount: 1e6, percent: 0 } } as const;
    const watch = new Watch({ config });
    watch.engine.start();
    await run(watch, pump(2, 1500), 0, 1600);
    expect(watch.alerts.map(({ series }) => series)).toContain(GROUP);
  });
});
