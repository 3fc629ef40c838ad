import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import { describe as describeTrack } from '../../src/describe.ts';
import { seriesId } from '../../sensors/topic.ts';
import { MemoryCheckpointStore } from '../sim/store.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';

const BESIDE = { ...PIPELINE, hidden: 8, seasonMs: 3600_000, context: ['line/valve/set'] };
const FLOW = 'line_pump_flow';
const VALVE = 'line_valve_set';

/** A pump that does at once what its valve is told, every 40 to 80 s; `own` are seconds in which it does so untold. */
function plant(seconds: number, own: readonly number[] = []) {
  const random = createRandom(5);
  let told = 0;
  let until = 0;
  return Array.from({ length: seconds }, (_, i) => {
    const isTold = i === until;
    if (isTold) {
      told = 1 - told;
      until = i + 40 + Math.floor(40 * random());
    }
    return { flow: 20 + 10 * (own.includes(i) ? 1 - told : told) + 0.3 * gaussian(random), set: isTold ? told : null };
  });
}

async function started(config = BESIDE, store = new MemoryCheckpointStore(), now = Number.NaN): Promise<Watch> {
  const watch = new Watch({ config, store, now });
  await watch.start();
  return watch;
}

async function run(watch: Watch, rows: ReturnType<typeof plant>, from = 0): Promise<void> {
  for (let i = from; i < rows.length; i++) {
    const { flow, set } = rows[i];
    if (set !== null) watch.publish('line/valve', { set });
    watch.publish('line/pump', { flow });
    watch.clock.advance(1000);
    if (i % 50 === 49) await watch.engine.settled();
  }
  await watch.engine.settled();
}

/** Surprise of the flow in every second. */
async function surprises(config: typeof BESIDE, rows: ReturnType<typeof plant>): Promise<number[]> {
  const watch = await started(config);
  const begun = watch.clock.now();
  const surprise: number[] = [];
  watch.engine.samples.subscribe((columns) => {
    for (const { s, t, z } of columns) {
      if (s === FLOW) for (const [k, time] of t.entries()) surprise[Math.round((time - begun) / 1000)] = z[k];
    }
  });
  await run(watch, rows);
  await watch.engine.stop();
  return surprise;
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

describe('a series that explains others', () => {
  test('takes away the surprise of what it announces, and of nothing else', async () => {
    const own = [11_500, 11_600, 11_700];
    const rows = plant(12_000, own);
    const told = rows.flatMap(({ set }, i) => (i >= 10_000 && set !== null ? [i] : []));
    const alone = await surprises({ ...BESIDE, context: [] }, rows);
    const beside = await surprises(BESIDE, rows);
    expect(mean(told.map((i) => alone[i]))).toBeGreaterThan(2);
    expect(mean(told.map((i) => beside[i]))).toBeLessThan(0.7);
    expect(mean(own.map((i) => beside[i]))).toBeGreaterThan(2);
  });

  test('looks calm from its first sample on, whatever it does, and has no part of the budget', async () => {
    const watch = await started();
    await run(watch, plant(200));
    const track = watch.engine.registry.find(VALVE)!;
    const overdue = watch.engine.isOverdue(track);
    const info = describeTrack(track, { alerting: false, overdue, unit: '' });
    expect(info).toMatchObject({ kind: 'context', state: 'normal', learning: 1, cell_state_max: null });
    watch.publish('line/valve', { set: 1e6 });
    watch.clock.advance(3600_000);
    await watch.engine.settled();
    expect(watch.engine.isOverdue(track)).toBe(false);
    expect(watch.alerts.filter(({ series }) => series === VALVE)).toEqual([]);
    expect(watch.engine.registry.find(FLOW)?.model.detector.series).toBe(1);
    expect(watch.engine.lastTimeOf('mqtt')).toBeGreaterThan(0);
  });

  test('goes on after a restart with what it explains, bit for bit', async () => {
    const store = new MemoryCheckpointStore();
    const rows = plant(700);
    const first = await started(BESIDE, store);
    await run(first, rows.slice(0, 630));
    await first.engine.checkpoint();
    const now = first.clock.now();
    await run(first, rows, 630);
    const second = await started(BESIDE, store, now);
    expect(second.engine.registry.size).toBe(2);
    await run(second, rows, 630);
    for (const id of [FLOW, VALVE]) expect(second.block(id)).toEqual(first.block(id));
    expect(second.lines.all.filter(({ level }) => Number(level) > 30)).toEqual([]);
  });

  test('and begins anew with what it explains where others are named', async () => {
    const store = new MemoryCheckpointStore();
    const first = await started(BESIDE, store);
    await run(first, plant(300));
    await first.engine.checkpoint();
    const second = await started({ ...BESIDE, context: ['line/valve/rate'] }, store, first.clock.now());
    expect([...second.engine.registry].map(({ id }) => id)).toEqual([]);
    expect(second.lines.all.map(({ msg }) => msg)).toContain(
      'the models are of another shape now; the series start untrained',
    );
  });

  test('is told apart at once when the configuration changes', async () => {
    const watch = await started({ ...BESIDE, context: [] });
    await run(watch, plant(100));
    watch.engine.configure('main', BESIDE, false);
    expect(watch.engine.registry.size).toBe(0);
    await run(watch, plant(100));
    expect(watch.block(VALVE).length).toBeLessThan(watch.block(FLOW).length / 10);
    watch.engine.configure('main', { ...BESIDE, seasonMs: 7200_000 }, true);
    await run(watch, plant(100));
    expect(watch.block(VALVE).at(-1)).toBe(plant(100).findLast(({ set }) => set !== null)?.set);
  });

  test('is context of the groups as well, after what they find by themselves, and no member of one', async () => {
    const random = createRandom(3);
    const watch = await started({ ...BESIDE, group: 'topic', context: ['hall/pump/set', 'line/valve/set'] } as never);
    for (let i = 0; i < 300; i++) {
      const load = Math.sin(i / 20) + 0.01 * gaussian(random);
      watch.publish('hall/pump', { flow: load, pressure: 2 - load, set: i % 60 < 30 ? 1 : 0, on: i % 50 < 25 });
      watch.clock.advance(1000);
      if (i % 50 === 49) await watch.engine.settled();
    }
    const group = watch.engine.registry.find(seriesId('hall/pump/*'))!;
    expect(group.members).toEqual(['hall_pump_flow', 'hall_pump_pressure', 'hall_pump_on', 'hall_pump_set', VALVE]);
    expect(watch.engine.registry.find('hall_pump_set')?.member).toBeUndefined();
    expect(watch.engine.registry.find('hall_pump_on')?.member?.channel).toBe(2);
  });
});
