/** A pipeline of kind events: text in, alerts out. */
import { describe, expect, it } from 'vitest';
import { EventTrack } from '../../models/events/event-track.ts';
import { isSound } from '../../models/sound.ts';
import { describe as described } from '../../src/describe.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { expectSameBits } from '../models/difference.ts';
import { MemoryCheckpointStore } from '../sim/store.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';

const EVENTS = { ...PIPELINE, kind: 'events', hidden: 8, seasonMs: 24 * 3600_000 } as const;
const CYCLE = ['IDLE', 'FILLING', 'HEATING', 'MIXING', 'DRAINING', 'CLEANING'];
const ID = 'plant_mixer';
const MINUTE = 60_000;

async function started(store = new MemoryCheckpointStore(), now = Number.NaN): Promise<Watch> {
  const watch = new Watch({ store, config: EVENTS, now });
  await watch.start();
  return watch;
}

/** A payload a minute. The clock goes in one step where nothing has to happen in between. */
async function say(watch: Watch, payloads: readonly unknown[], topic = 'plant/mixer'): Promise<void> {
  for (const [i, payload] of payloads.entries()) {
    watch.publish(topic, payload);
    watch.clock.advance(MINUTE);
    if (i % 50 === 49) await watch.engine.settled();
  }
  await watch.engine.settled();
}

function cycle(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => CYCLE[(from + i) % CYCLE.length]);
}

const opens = ({ alerts }: Watch) => alerts.filter(({ event }) => event === 'open');

describe('a pipeline of events', () => {
  it('learns the order of bare texts, tells of one out of it, and goes on after a restart as if there had been none', async () => {
    const store = new MemoryCheckpointStore();
    const first = await started(store);
    await say(first, cycle(3000));
    expect(first.alerts).toEqual([]);
    expect(first.engine.registry.find(ID)?.model.detector).toBeInstanceOf(EventTrack);
    await first.engine.stop();

    const lives: Watch[] = [];
    for (let i = 0; i < 2; i++) lives.push(await started(store, first.clock.now()));
    expectSameBits('block', lives[0].block(ID), first.block(ID));
    for (const life of lives) await say(life, ['EXPLODED', ...cycle(60)]);
    const [{ alerts }] = lives;
    expect(alerts.map(({ event }) => event)).toEqual(['open', 'close']);
    expect(alerts[0]).toMatchObject({
      series: ID,
      reason: 'unexpected_event',
      expected: null,
      lower: null,
      upper: null,
      text: 'Plant mixer had an event that hardly ever follows those before it.',
    });
    expect(alerts[0].value).toBeLessThanOrEqual(12);
    expect(lives[1].alerts).toEqual(alerts);
    expectSameBits('block', lives[1].block(ID), lives[0].block(ID));
  });

  it('closes an alert when nothing comes any more', async () => {
    const watch = await started();
    await say(watch, [...cycle(1200), 'EXPLODED']);
    expect(opens(watch)).toHaveLength(1);
    for (let i = 0; i < 90 * 60; i++) watch.clock.advance(1000);
    await watch.engine.settled();
    expect(watch.alerts.map(({ event }) => event)).toEqual(['open', 'close']);
  });

  it('has every field as a stream of its own: words, switches and numbers', async () => {
    const watch = await started();
    await say(watch, [{ state: 'RUN', door: true, recipe: 7, note: '', none: null, deep: { mode: 'AUTO' } }]);
    expect([...watch.engine.registry].map(({ source }) => source).toSorted()).toEqual([
      'plant/mixer/deep/mode',
      'plant/mixer/door',
      'plant/mixer/recipe',
      'plant/mixer/state',
    ]);
    expect(Object.fromEntries(watch.telemetry.dropped)).toEqual({ empty: 2 });
  });

  it('shows screens how odd it was and no number made of text', async () => {
    const watch = await started();
    const columns: SampleColumns[] = [];
    watch.engine.samples.subscribe((gathered) => columns.push(...gathered));
    await say(watch, cycle(12));
    await watch.engine.stop();
    const values = columns.flatMap(({ y }) => y);
    expect(values).toHaveLength(12);
    expect(values.every((value) => value >= 0 && value <= 12)).toBe(true);
    expect(columns.flatMap(({ e, lo, hi }) => [...e, ...lo, ...hi]).every((x) => x === null)).toBe(true);
    const track = watch.engine.registry.find(ID)!;
    expect(described(track, { alerting: false, overdue: false, unit: '' })).toMatchObject({
      kind: 'events',
      cell: 'lstm',
      samples: 12,
    });
    expect(watch.engine.isOverdue(track)).toBe(false);
  });

  it('bears any text', async () => {
    const watch = await started();
    const hostile = [
      '__proto__',
      'constructor',
      '\u0000',
      '\ud800',
      '💥',
      'x'.repeat(100_000),
      '<script>',
      '${jndi:x}',
      '-',
    ];
    await say(watch, hostile);
    await say(
      watch,
      hostile.map((state) => ({ state, ['__proto__x']: state })),
      'plant/other',
    );
    // What nobody ever says twice: no memory grows with it.
    await say(
      watch,
      Array.from({ length: 400 }, (_, i) => `session ${i}`),
    );
    expect(watch.engine.registry.size).toBe(3);
    for (const { id, model } of watch.engine.registry) {
      const { events, layout } = model.detector as EventTrack;
      expect(isSound(watch.block(id), layout.events, events.size)).toBe(true);
    }
    expect(watch.telemetry.dropped.get('malformed')).toBeUndefined();
    expect(watch.lines.all.filter((line) => Number(line['level']) >= 50)).toEqual([]);
  });

  it('begins anew where the series were values before, and the other way round', async () => {
    const watch = await started();
    await say(watch, [1, 2, 3]);
    watch.engine.configure('main', { ...EVENTS, kind: 'values' }, false);
    expect(watch.engine.registry.size).toBe(0);
    await say(watch, [1, 'RUN', 3]);
    expect(watch.telemetry.dropped.get('malformed')).toBe(1);
    expect(watch.engine.registry.find(ID)?.model.detector).not.toBeInstanceOf(EventTrack);
    expect(opens(watch)).toEqual([]);
  });
});
