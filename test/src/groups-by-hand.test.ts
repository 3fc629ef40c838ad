import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import { sampleCountOf } from '../../models/order.ts';
import { seriesId } from '../../sensors/topic.ts';
import type { PipelineConfig } from '../../src/config/config.ts';
import { MemoryCheckpointStore } from '../sim/store.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';

const MEMBERS = ['hall/pump/pressure', 'hall/pump/current', 'cellar/tank/flow'];
const byHand = (...members: string[]): PipelineConfig => ({
  ...PIPELINE,
  group: new Map([['pump1', members]]),
  seasonMs: 3600_000,
});
const GROUPED = byHand(...MEMBERS);
const GROUP = seriesId('main/pump1/**');

const load = (i: number) => 0.5 + 0.3 * Math.sin(i / 23) + 0.15 * Math.sin(i / 7.3);

/** What two topics say at a second: all follow one load, but for the flow from `brokenFrom` on. */
function machine(seed: number, brokenFrom = Infinity) {
  const random = createRandom(seed);
  const noisy = (value: number) => value + 0.01 * gaussian(random);
  return (i: number) => {
    const other = i >= brokenFrom ? load(1.7 * i + 400) : load(i);
    return {
      'hall/pump': { pressure: noisy(6 - 2 * load(i)), current: noisy(10 + 30 * load(i)) },
      'cellar/tank': { flow: noisy(20 + 40 * other) },
    };
  };
}

type Say = (i: number) => Record<string, object>;

async function run(watch: Watch, say: Say, from: number, until: number): Promise<void> {
  for (let i = from; i < until; i++) {
    for (const [topic, fields] of Object.entries(say(i))) watch.publish(topic, fields);
    watch.clock.advance(1000);
    if (i % 50 === 49) await watch.engine.settled();
  }
  await watch.engine.settled();
}

async function started(config = GROUPED, store = new MemoryCheckpointStore(), now = Number.NaN): Promise<Watch> {
  const watch = new Watch({ store, config, now });
  await watch.start();
  return watch;
}

describe('series that are a group by hand', () => {
  test('are one as soon as two of them have a cadence, whatever their topics, and stay series of their own', async () => {
    const watch = await started();
    await run(watch, machine(1), 0, 60);
    expect(watch.engine.registry.find(GROUP)?.members).toEqual(MEMBERS.map(seriesId).toSorted());
    expect(watch.engine.registry.size).toBe(4);
    const rows = sampleCountOf(watch.block(GROUP), 0);
    await run(watch, machine(1), 60, 160);
    expect(sampleCountOf(watch.block(GROUP), 0)).toBe(rows + 100);
  });

  test('that no longer go together raise an alert of the group, and the one to blame is named first', async () => {
    const watch = await started();
    const broken = machine(2, 1500);
    await run(watch, broken, 0, 1500);
    expect(watch.alerts.filter(({ series }) => series === GROUP)).toEqual([]);
    await run(watch, broken, 1500, 1600);
    const [open] = watch.alerts.filter(({ series }) => series === GROUP);
    expect(open).toMatchObject({ event: 'open', pipeline: 'main', tags: { source: 'main/pump1/**' } });
    expect(open.channels.map(({ series }) => series)[0]).toBe('cellar_tank_flow');
  });

  test('are watched without the one that never comes, which is said, and with it when it does', async () => {
    const watch = await started(byHand(...MEMBERS, 'cellar/tank/level'));
    await run(watch, machine(3), 0, 200);
    const rows = sampleCountOf(watch.block(GROUP), 0);
    expect(rows).toBeGreaterThan(140);
    expect(watch.lines.all).toContainEqual(
      expect.objectContaining({ group: 'main/pump1/**', absent: ['cellar_tank_level'] }),
    );
    await run(watch, (i) => ({ ...machine(3)(i), 'cellar/tank': { flow: load(i), level: load(i) } }), 200, 300);
    expect(sampleCountOf(watch.block(GROUP), 0)).toBeGreaterThan(rows + 95);
    expect(watch.engine.registry.find('cellar_tank_level')?.member?.group.id).toBe(GROUP);
  });

  test('go at the pace of the slowest', async () => {
    const watch = await started();
    const fields = machine(4);
    const say: Say = (i) => {
      const { 'hall/pump': pump, 'cellar/tank': tank } = fields(i);
      return i % 10 === 0 ? { 'hall/pump': pump, 'cellar/tank': tank } : { 'hall/pump': pump };
    };
    await run(watch, say, 0, 100);
    const rows = sampleCountOf(watch.block(GROUP), 0);
    await run(watch, say, 100, 300);
    expect(sampleCountOf(watch.block(GROUP), 0)).toBe(rows + 20);
  });

  test('leave what the context of the pipeline names out of what is watched, and have it beside', async () => {
    const config = { ...byHand(...MEMBERS, 'cellar/valve/set'), context: ['line/pace', 'cellar/valve/set'] };
    const watch = await started(config);
    const fields = machine(5);
    await run(watch, (i) => ({ ...fields(i), ...(i % 40 === 0 ? { 'cellar/valve': { set: i } } : {}) }), 0, 100);
    const group = watch.engine.registry.find(GROUP)!;
    expect(group.members).toEqual([...MEMBERS.map(seriesId).toSorted(), 'line_pace', 'cellar_valve_set']);
    expect(group.model.detector.options).toMatchObject({ channels: 3, context: 2 });
    expect(watch.engine.registry.find('cellar_valve_set')?.member).toBeUndefined();
  });

  test('are one group again after a restart, and go on bit for bit', async () => {
    const store = new MemoryCheckpointStore();
    const config = { ...GROUPED, context: ['cellar/valve/set'] };
    const fields = machine(6);
    const values = Array.from({ length: 400 }, (_, i) => ({
      ...fields(i),
      ...(i % 40 === 0 ? { 'cellar/valve': { set: i } } : {}),
    }));
    const first = await started(config, store);
    await run(first, (i) => values[i], 0, 300);
    await first.engine.checkpoint();
    const now = first.clock.now();
    await run(first, (i) => values[i], 300, 400);

    const second = await started(config, store, now);
    expect(second.engine.registry.find(GROUP)?.members).toHaveLength(4);
    await run(second, (i) => values[i], 300, 400);
    for (const id of [GROUP, 'cellar_tank_flow', 'cellar_valve_set']) {
      expect(second.block(id)).toEqual(first.block(id));
    }
  });

  test('begin anew as a group when the list has changed, in a reload or a restart; the series go on', async () => {
    const store = new MemoryCheckpointStore();
    const watch = await started(GROUPED, store);
    await run(watch, machine(7), 0, 300);
    await watch.engine.checkpoint();
    const flow = watch.block('cellar_tank_flow');
    const fewer = byHand('hall/pump/pressure', 'cellar/tank/flow');
    const now = watch.clock.now();
    watch.engine.configure('main', fewer, true);
    expect(watch.engine.registry.find(GROUP)).toBeUndefined();
    expect(watch.block('cellar_tank_flow')).toEqual(flow);
    await run(watch, machine(7), 300, 330);
    expect(watch.engine.registry.find(GROUP)?.members).toEqual(['cellar_tank_flow', 'hall_pump_pressure']);
    expect(watch.engine.registry.find('hall_pump_current')?.member).toBeUndefined();

    const again = await started(fewer, store, now);
    expect(again.engine.registry.find(GROUP)).toBeUndefined();
    expect(again.block('cellar_tank_flow')).toEqual(flow);
  });

  test('go on as a group when nothing of it has changed', async () => {
    const watch = await started();
    await run(watch, machine(8), 0, 100);
    const before = watch.block(GROUP);
    watch.engine.configure('main', { ...byHand(...MEMBERS.toReversed()), holdMs: 3600_000 }, true);
    expect(watch.block(GROUP)).toEqual(before);
  });

  test('take the place of the groups of topics, and give it back', async () => {
    const watch = await started({ ...GROUPED, group: 'topic' });
    const topic = seriesId('hall/pump/*');
    await run(watch, machine(9), 0, 250);
    expect(watch.engine.registry.find(topic)).toBeDefined();
    watch.engine.configure('main', GROUPED, true);
    await run(watch, machine(9), 250, 280);
    expect(watch.engine.registry.find(topic)).toBeUndefined();
    expect(watch.engine.registry.find('hall_pump_current')?.member?.group.id).toBe(GROUP);
    watch.engine.configure('main', { ...GROUPED, group: 'topic' }, true);
    await run(watch, machine(9), 280, 310);
    expect(watch.engine.registry.find(GROUP)).toBeUndefined();
    expect(watch.engine.registry.find('hall_pump_current')?.member?.group.id).toBe(topic);
  });

  test('are those of their own pipeline', async () => {
    const watch = await started({ ...GROUPED, inputs: ['other'] });
    watch.engine.configure('second', PIPELINE, false);
    await run(watch, machine(10), 0, 50);
    expect(watch.engine.registry.size).toBe(3);
    expect([...watch.engine.registry].filter(({ member }) => member !== undefined)).toEqual([]);
  });
});
