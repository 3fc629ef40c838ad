/**
 * What every sink keeps: what is delivered arrives in order, a peer that is away costs nothing within the bound, what is
 * beyond the bound is counted, and no text from outside does harm.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AlertDocument } from '../../../models/alert-document.ts';
import type { SampleColumns } from '../../../pipelines/thin.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { alertAt } from '../../sim/alerts.ts';
import { RecordingContext } from './context.ts';

/** The other end of a sink, on this machine. */
export interface SinkPeer {
  /** A sink for it that is quick to try again, and keeps no more than `queueMax` alert events. */
  open(context: RecordingContext, queueMax: number): Sink;
  /** Ids of the alert events that arrived, in order. */
  arrived(): Promise<string[]> | string[];
  leave(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
  /** Fails where a hostile name has left a mark. */
  harmless?(): Promise<void> | void;
  /** Counted things that one alert event becomes; default 1. */
  thingsPerEvent?: number;
}

export const HOSTILE = [
  'a\nevil,admin=1 value=1',
  'a\r\nHost: evil',
  '<img src=x onerror=alert(1)>',
  '__proto__',
  'constructor',
  'nul\0nul',
  'ends with a backslash\\',
  'back\\,slash\\=and\\ more',
  'x'.repeat(300),
  '',
  '#',
  '+/../..',
  '\u001b[31m',
  '\ud800',
  '"quoted" \'and\' more',
  'é ünï ✓ 温度',
];

const WAIT = { timeout: 4000, interval: 5 };

export async function eventually(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, WAIT);
}

/** Each with an id and a time of its own. */
export function events(from: number, count: number, more: Partial<AlertDocument> = {}): AlertDocument[] {
  return Array.from({ length: count }, (_, i) => alertAt(from + i, `alert-${from + i}`, 'a', from + i, more));
}

const idsOf = (alerts: readonly AlertDocument[]): string[] => alerts.map(({ id }) => id);
/** The first time each arrived: an event may come twice where its answer was lost. */
const unique = (ids: readonly string[]): string[] => [...new Set(ids)];

function hostileSamples(id: string): SampleColumns {
  return {
    s: id,
    t: [1, Number.NaN],
    y: [Number.NaN, Infinity],
    e: [null, 1],
    lo: [null, 1],
    hi: [1, -Infinity],
    z: [1, 1],
  };
}

export function sinkContract(name: string, startPeer: () => Promise<SinkPeer>): void {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function begin(queueMax = 1000) {
    const peer = await startPeer();
    open.push(() => peer.close());
    const context = new RecordingContext();
    context.know('a');
    const sink = peer.open(context, queueMax);
    open.push(() => sink.stop(100));
    const deliver = (alerts: readonly AlertDocument[]): void => alerts.forEach((alert) => sink.deliver(alert));
    const arrive = (ids: readonly string[]) =>
      eventually(async () => expect(unique(await peer.arrived())).toEqual(ids));
    return { peer, context, sink, deliver, arrive };
  }

  describe(`${name}, as every sink`, () => {
    it('delivers alert events in the order they came, also those from before the start', async () => {
      const { context, sink, deliver, arrive } = await begin();
      const all = events(0, 30);
      deliver(all.slice(0, 10));
      sink.start();
      deliver(all.slice(10));
      await arrive(idsOf(all));
      await eventually(() => expect(context.connected).toBe(true));
      expect(context.counts.dropped).toBe(0);
    });

    it('loses nothing while the other end is away, says so, and recovers by itself', async () => {
      const { peer, context, sink, deliver, arrive } = await begin();
      const all = events(0, 9);
      sink.start();
      deliver(all.slice(0, 3));
      await arrive(idsOf(all.slice(0, 3)));
      await peer.leave();
      deliver(all.slice(3, 6));
      await eventually(() => expect(context.connected).toBe(false));
      expect(context.states.at(-1)?.detail).not.toBe('');
      deliver(all.slice(6));
      await peer.comeBack();
      await arrive(idsOf(all));
      await eventually(() => expect(context.connected).toBe(true));
      expect(context.counts.dropped).toBe(0);
    });

    it('keeps no more than it may while the other end is away, and counts what it dropped', async () => {
      const { peer, context, sink, deliver } = await begin(10);
      await peer.leave();
      sink.start();
      await eventually(() => expect(context.connected).toBe(false));
      const all = events(0, 50);
      deliver(all);
      const { thingsPerEvent = 1 } = peer;
      const kept = Math.floor(10 / thingsPerEvent);
      await eventually(() => expect(context.counts.dropped).toBe((50 - kept) * thingsPerEvent));
      await peer.comeBack();
      await eventually(async () => expect(unique(await peer.arrived())).toEqual(idsOf(all.slice(-kept))));
    });

    it('sends what it still has when it is stopped', async () => {
      const { peer, context, sink, deliver } = await begin();
      sink.start();
      await eventually(() => expect(context.connected).toBe(true));
      const all = events(0, 20);
      deliver(all);
      await sink.stop(3000);
      expect(await peer.arrived()).toEqual(idsOf(all));
      expect(context.counts.dropped).toBe(0);
      sink.deliver(all[0]);
      expect(context.counts.dropped).toBeGreaterThan(0);
      await sink.stop(3000);
    });

    it('does not wait longer than it may for one who is away, and counts what was left', async () => {
      const { peer, context, sink, deliver } = await begin();
      await peer.leave();
      sink.start();
      deliver(events(0, 5));
      const started = performance.now();
      await sink.stop(200);
      expect(performance.now() - started).toBeLessThan(1000);
      const { thingsPerEvent = 1 } = peer;
      expect(context.counts).toMatchObject({ sent: 0, dropped: 5 * thingsPerEvent });
    });

    it('can be stopped before it was started', async () => {
      const { context, sink, deliver } = await begin();
      deliver(events(0, 1));
      await sink.stop(100);
      expect(context.counts.sent).toBe(0);
      expect(context.counts.dropped).toBeGreaterThan(0);
    });

    it('takes any text for a name, and goes on', async () => {
      const { peer, context, sink, deliver, arrive } = await begin();
      sink.start();
      const hostile = HOSTILE.flatMap((text, i) =>
        events(i, 1, { series: text, pipeline: text, text, unit: text, url: text, tags: { [text]: text } }),
      );
      for (const { series } of hostile) context.know(series, { pipeline: series });
      deliver(hostile);
      sink.samples(HOSTILE.map(hostileSamples));
      const last = events(100, 1);
      deliver(last);
      await arrive(idsOf([...hostile, ...last]));
      await peer.harmless?.();
      expect(Object.keys(Object.prototype)).toEqual([]);
    });

    it('takes numbers and times that are none, and goes on', async () => {
      const { sink, deliver, arrive } = await begin();
      sink.start();
      const [alert] = events(0, 1, { score: Number.NaN, value: Infinity, expected: -Infinity, p: Number.NaN });
      deliver([alert, { ...alert, started_at: 'no time', updated_at: 'no time', ended_at: 'no time', id: alert.id }]);
      sink.samples([]);
      const last = events(5, 1);
      deliver(last);
      await arrive(idsOf([alert, ...last]));
    });
  });
}
