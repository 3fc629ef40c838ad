import { describe, expect, test } from 'vitest';
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
  await watch.engine.restore();
  watch.engine.start();
  return watch;
}

describe('the fields of a topic', () => {
  test('become a group once they are known a little, and stay series of their own', async () => {
    const watch = await started();
    await run(watch, pump(1), 0, 50);
    expect(watch.engine.registry.find(GROUP)).toBeUndefined();
    await run(watch, pump(1), 50, 200);
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
    await run(watch, pump(4), 0, 100);
    const before = watch.block('hall_pump_flow');
    watch.engine.configure('main', { ...GROUPED, group: 'off' }, true);
    expect(watch.engine.registry.find(GROUP)).toBeUndefined();
    expect(watch.block('hall_pump_flow')).toEqual(before);
    await run(watch, pump(4), 100, 120);
    expect(watch.engine.registry.size).toBe(3);
  });
});
