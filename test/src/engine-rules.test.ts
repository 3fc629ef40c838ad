/** Rules of a pipeline, the health of a sensor and the new normal, through the daemon's own way. */
import { describe, expect, it } from 'vitest';
import type { AlertDocument } from '../../models/alert-document.ts';
import { createApi } from '../../src/api.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';

const ID = 'plant_a_v';
const facts = (alerts: readonly AlertDocument[]) => alerts.map(({ event, reason }) => `${event} ${reason}`);

async function started(config: Partial<typeof PIPELINE> = {}, store?: Watch['store'], now?: number): Promise<Watch> {
  const watch = new Watch({
    config: { ...PIPELINE, ...config },
    ...(store === undefined ? {} : { store }),
    ...(now === undefined ? {} : { now }),
  });
  await watch.start();
  return watch;
}

/** An alert that is open, of a level that has stepped up. */
async function alarmed(): Promise<{ watch: Watch; id: string }> {
  const watch = await started();
  await watch.calm('plant/a', 300);
  await watch.fault('plant/a', 5);
  expect(watch.engine.alertLog.open()).toHaveLength(1);
  return { watch, id: watch.alerts[0].id };
}

describe('the limits of a pipeline', () => {
  const limits = { min: 0, max: 100, rate: null };

  it('make an alert of the first sample outside', async () => {
    const watch = await started({ limits });
    await watch.fault('plant/a', 1, 250);
    expect(watch.alerts).toMatchObject([
      {
        event: 'open',
        reason: 'limit',
        severity: 'critical',
        value: 250,
        text: 'Plant a v is 250 bar, above its limit of 100 bar.',
      },
    ]);
  });

  it('hold from when they are configured on, for the models that are there', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    const before = watch.block(ID);
    watch.engine.configure('main', { ...PIPELINE, limits: { min: 60, max: null, rate: null } }, true);
    expect([...watch.block(ID)]).toEqual([...before]);
    await watch.calm('plant/a', 20, 100);
    expect(watch.alerts[0]).toMatchObject({ event: 'open', reason: 'limit' });
    expect(watch.block(ID)[0]).toBe(120);
  });

  it('are those of one pipeline and not of another', async () => {
    const watch = await started({ limits });
    watch.engine.configure('second', { ...PIPELINE, inputs: ['other'] }, false);
    watch.engine.receive('other', 'plant/b', Buffer.from('{"v":250}'), watch.clock.now());
    await watch.engine.settled();
    expect(watch.alerts).toEqual([]);
  });
});

describe('the direction and the least deviation of a pipeline', () => {
  it.each([
    ['up', { direction: 'up' as const }, 1],
    ['down', { direction: 'down' as const }, 0],
    ['less than it was off', { minDeviation: { amount: 100, percent: 0 } }, 1],
    ['more than it was off', { minDeviation: { amount: 5000, percent: 0 } }, 0],
    ['a small percentage', { minDeviation: { amount: 0, percent: 5 } }, 1],
  ])('say whether a value that is too high is told: %s', async (_, rules, count) => {
    const watch = await started(rules);
    await watch.calm('plant/a', 300);
    await watch.fault('plant/a', 1, 300);
    expect(watch.alerts).toHaveLength(count);
  });
});

describe('text where there were numbers', () => {
  it('is told once, is counted as no number, and is shown as no sample', async () => {
    const watch = await started();
    const shown: number[] = [];
    watch.engine.samples.subscribe((all) => {
      for (const { y } of all) shown.push(...y);
    });
    await watch.calm('plant/a', 50);
    for (let i = 0; i < 20; i++) {
      expect(watch.publish('plant/a', { v: 'unavailable', name: 'pump 7' })).toBe(0);
      watch.clock.advance(1000);
    }
    await watch.engine.settled();
    watch.clock.advance(100);
    expect(facts(watch.alerts)).toEqual(['open type_change', 'close type_change']);
    expect(watch.alerts[0]).toMatchObject({ severity: 'warning', value: null, expected: null });
    expect(watch.telemetry.dropped.get('not_a_number')).toBe(40);
    expect(watch.telemetry.samples).toBe(50);
    expect(shown).toHaveLength(50);
    expect([...watch.engine.registry].map(({ id }) => id)).toEqual([ID]);
    await watch.calm('plant/a', 20, 50);
    expect(watch.alerts).toHaveLength(2);
    expect([...watch.telemetry.dropped.keys()]).toEqual(['not_a_number']);
  });

  it('is told of a bare payload as well', async () => {
    const watch = await started();
    for (let i = 0; i < 30; i++) {
      watch.publish('plant/a', String(20 + (i % 7)));
      watch.clock.advance(1000);
    }
    watch.publish('plant/a', 'unavailable');
    await watch.engine.settled();
    expect(facts(watch.alerts)).toEqual(['open type_change']);
    expect(watch.alerts[0].series).toBe('plant_a');
  });
});

it('a source whose clock runs away is told of, once', async () => {
  const watch = await started();
  for (let i = 0; i < 1500; i++) {
    const behind = i < 300 ? 0 : 1200_000;
    watch.publish('plant/a', { v: 50 + (i % 9), ts: watch.clock.now() - Math.min(behind, (i - 299) * 900) });
    watch.clock.advance(1000);
  }
  await watch.engine.settled();
  const skew = watch.alerts.filter(({ reason }) => reason === 'clock_skew');
  expect(skew.filter(({ event }) => event === 'open').length).toBeGreaterThan(0);
  expect(skew.at(-1)).toMatchObject({ event: 'close', severity: 'warning' });
});

describe('accepting an alert', () => {
  it('ends it with the next sample, through the log', async () => {
    const { watch, id } = await alarmed();
    const before = watch.alerts.length;
    expect(watch.engine.accept('nosuchalert')).toBe(false);
    expect(watch.engine.accept(id)).toBe(true);
    await watch.engine.settled();
    expect(watch.alerts).toHaveLength(before);
    await watch.fault('plant/a', 1, 1006);
    expect(watch.alerts.at(-1)).toMatchObject({ id, event: 'close', status: 'cleared' });
    expect(watch.engine.alertLog.open()).toEqual([]);
    expect(watch.engine.accept(id)).toBe(false);
  });

  it('leaves other series alone', async () => {
    const watch = await started();
    await watch.calm(['plant/a', 'plant/b'], 300);
    const both = async (value: number) => {
      for (const topic of ['plant/a', 'plant/b']) watch.publish(topic, { v: value });
      watch.clock.advance(1000);
      await watch.engine.settled();
    };
    for (const value of [1000, 1001, 1002]) await both(value);
    const open = new Map(watch.engine.alertLog.open().map((alert) => [alert.series, alert]));
    expect(open.size).toBe(2);
    watch.engine.accept(open.get(ID)!.id);
    await both(1003);
    expect(watch.engine.alertLog.open().map(({ series }) => series)).toEqual(['plant_b_v']);
  });

  it('happens again when everything happens again', async () => {
    const lives = [];
    for (let i = 0; i < 2; i++) {
      const { watch, id } = await alarmed();
      watch.engine.accept(id);
      await watch.fault('plant/a', 20, 1005);
      lives.push({ alerts: watch.alerts, block: [...watch.block(ID)] });
    }
    expect(lives[0].alerts.some(({ event }) => event === 'close')).toBe(true);
    expect(lives[1]).toEqual(lives[0]);
  });

  it('outlives a restart', async () => {
    const { watch, id } = await alarmed();
    watch.engine.accept(id);
    await watch.engine.stop();
    const second = await started({}, watch.store, watch.clock.now());
    await second.fault('plant/a', 1, 1006);
    expect(second.alerts).toMatchObject([{ id, event: 'close' }]);
  });

  it('ends a silence with the next tick, and does not tell it again at once', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    watch.clock.advance(10_000);
    await watch.engine.settled();
    const [{ id }] = watch.engine.alertLog.open();
    watch.engine.accept(id);
    watch.clock.advance(1000);
    await watch.engine.settled();
    expect(watch.alerts.at(-1)).toMatchObject({ id, event: 'close', reason: 'silence' });
    for (let i = 0; i < 15; i++) watch.clock.advance(1000);
    await watch.engine.settled();
    expect(watch.engine.alertLog.open()).toEqual([]);
  });
});

const apiOf = ({ engine, telemetry }: Watch) =>
  createApi({ engine, telemetry, demo: () => undefined, ingest: () => undefined } as never);

describe('the command accept', () => {
  it('takes the id of an open alert', async () => {
    const { watch, id } = await alarmed();
    await expect(apiOf(watch).command('accept', { alert: id })).resolves.toEqual({ ok: true });
    await watch.fault('plant/a', 1, 1006);
    expect(watch.engine.alertLog.open()).toEqual([]);
  });

  it.each([
    ['no alert', {}, 'alert: expected a text, got nothing'],
    ['a number', { alert: 7 }, 'alert: expected a text, got 7'],
    ['an alert that is not open', { alert: 'x' }, 'alert: no such alert is open'],
  ])('is refused with %s', async (_, body, message) => {
    const watch = await started();
    await expect(apiOf(watch).command('accept', body)).rejects.toThrow(message);
  });

  it('is named among those that there are', async () => {
    const watch = await started();
    await expect(apiOf(watch).command('acept', {})).rejects.toThrow('expected ack, accept, checkpoint or inject');
  });
});
