import { beforeEach, describe, expect, it } from 'vitest';
import type { AlertDocument } from '../../models/alert-document.ts';
import { SimilarAlerts } from '../../src/similar.ts';
import { alertAt, CLOSED } from '../sim/alerts.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';

const SPIKE = [1, 0.1, 0, 1, 0, 0.8];
const STEP = [1, 0.8, 0.9, 0.9, 0.8, 0.8];

let past: SimilarAlerts;
beforeEach(() => {
  past = new SimilarAlerts();
});

const minute = (m: number) => new Date(Date.UTC(2026, 10, 20, 12, m)).toISOString();

/** An alert that lasted from one minute after noon to another. */
function over(id: string, from: number, to: number, signature = SPIKE): AlertDocument {
  return alertAt(1, id, `series-${id}`, from, { ...CLOSED, ended_at: minute(to), signature });
}
const at = (m: number, signature = SPIKE) => ({ started_at: minute(m), signature });
const ids = (m: number, signature = SPIKE) => past.find(at(m, signature)).map(({ id }) => id);

/** So far off the spike; a little of the step's lag correlation. */
const near = (step: number) => SPIKE.map((x, i) => (i === 2 ? step : x));

describe('similar alerts', () => {
  it('are those of the same shape, with their series, time and cosine', () => {
    past.remember(over('spike', 0, 5));
    past.remember(over('step', 10, 15, STEP));
    expect(past.find(at(30))).toEqual([
      { id: 'spike', series: 'series-spike', started_at: minute(0), cosine: expect.closeTo(1, 12) },
    ]);
    expect(ids(30, STEP)).toEqual(['step']);
    expect(
      ids(
        30,
        SPIKE.map((x) => -x),
      ),
    ).toEqual([]);
  });

  it('are at most three, the nearest first, and the newer of two that are as near', () => {
    for (const [i, step] of [0.3, 0.1, 0.2, 0.1, 0.4].entries()) past.remember(over(`${i}`, i, i + 1, near(step)));
    const found = past.find(at(30));
    expect(found.map(({ id }) => id)).toEqual(['3', '1', '2']);
    expect(found.map(({ cosine }) => cosine)).toEqual(found.map(({ cosine }) => cosine).toSorted((a, b) => b - a));
    expect(found.every(({ cosine }) => cosine >= 0.95 && cosine <= 1)).toBe(true);
  });

  it('were over before the alert began, so that none is like itself or like a part of the same incident', () => {
    past.remember(over('itself', 10, 20));
    past.remember(over('before', 0, 10));
    past.remember(over('neighbour', 11, 12));
    expect(ids(10)).toEqual(['before']);
    expect(ids(12)).toEqual(['neighbour', 'before']);
  });

  it('need a signature on both sides', () => {
    past.remember(over('short', 0, 1, []));
    past.remember({ ...over('open', 2, 3), ended_at: null });
    expect(ids(30)).toEqual([]);
    past.remember(over('spike', 4, 5));
    expect(ids(30, [])).toEqual([]);
    expect(ids(30, [0, 0, 0, 0, 0, 0])).toEqual([]);
  });

  it('are looked for among the last five hundred', () => {
    past.remember(over('first', 0, 1));
    for (let i = 1; i < 500; i++) past.remember(over(`${i}`, 1, 2, STEP));
    expect(ids(30)).toEqual(['first']);
    past.remember(over('one more', 1, 2, STEP));
    expect(ids(30)).toEqual([]);
    expect(past.toJSON()).toHaveLength(500);
  });

  it('are the same after a restart, to the bit', () => {
    const signature = [0.1 + 0.2, 1 / 3, -1e-17, Math.SQRT1_2, 5e-324, 0.9];
    past.remember(over('odd', 0, 1, signature));
    past.remember(over('spike', 2, 3));
    const again = new SimilarAlerts();
    again.restore(JSON.parse(JSON.stringify(past)));
    expect(again.toJSON()).toEqual(past.toJSON());
    expect(again.find(at(30, signature))).toEqual(past.find(at(30, signature)));
  });

  it('are given away as they are, whatever is remembered later', () => {
    past.remember(over('spike', 0, 1));
    const kept = past.toJSON();
    past.remember(over('step', 2, 3, STEP));
    expect(kept).toHaveLength(1);
  });
});

describe('the engine', () => {
  const TOPIC = 'plant/a';
  /** An alert lasts longer than the twelve samples of its window. */
  const config = { ...PIPELINE, seasonMs: 800_000 };

  /** Two faults of the same shape; between them, everything is over. */
  async function untilSecond(watch: Watch): Promise<void> {
    await watch.calm(TOPIC, 300);
    await watch.fault(TOPIC, 1);
    await watch.calm(TOPIC, 200, 301);
  }
  async function second(watch: Watch): Promise<AlertDocument[]> {
    const before = watch.alerts.length;
    await watch.fault(TOPIC, 1, 1e6);
    await watch.calm(TOPIC, 200, 502);
    return watch.alerts.slice(before);
  }
  async function started(options: ConstructorParameters<typeof Watch>[0] = {}): Promise<Watch> {
    const watch = new Watch({ config, ...options });
    await watch.start();
    return watch;
  }

  it('names the first fault when the second has shown its shape, and says nothing more of the first', async () => {
    const watch = await started();
    await untilSecond(watch);
    const [first] = watch.alerts;
    expect(watch.alerts.flatMap(({ similar }) => similar)).toEqual([]);
    expect(watch.alerts.at(-1)).toMatchObject({ event: 'close', id: first.id });
    const told = await second(watch);
    expect(told[0]).toMatchObject({ event: 'open', signature: [], similar: [] });
    const known = told.filter(({ signature }) => signature.length === 6);
    expect(known[0]).toMatchObject({ event: 'update', count: 12 });
    expect(known.at(-1)).toMatchObject({ event: 'close' });
    for (const { similar } of known) expect(similar.map(({ id }) => id)).toEqual([first.id]);
  });

  it('names the same after a restart between the faults', async () => {
    const through = await started();
    await untilSecond(through);
    const wanted = await second(through);
    const watch = await started();
    await untilSecond(watch);
    await watch.engine.stop();
    const again = await started({ store: watch.store, now: watch.clock.now() });
    const got = await second(again);
    expect(got.map(({ similar, signature }) => ({ similar, signature }))).toEqual(
      wanted.map(({ similar, signature }) => ({ similar, signature })),
    );
  });
});
