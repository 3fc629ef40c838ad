import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type AlertChange, REASON, REASONS } from '../../models/alert.ts';
import type { AlertDocument, SimilarAlert } from '../../models/alert-document.ts';
import { createBatch } from '../../models/batch.ts';
import { alertId } from '../../pipelines/alert-id.ts';
import { type Journal, raise, type RaiseOptions } from '../../pipelines/raise.ts';
import { NOON, tracksOf } from '../sim/tracks.ts';

const { registry, tracks } = tracksOf('line1_pump_pressure', 'line1_oven_power');
const [pressure, power] = tracks;

const OPEN: AlertChange = {
  row: 0,
  series: pressure.index,
  event: 'open',
  time: NOON + 1000,
  openedAt: NOON + 1000,
  openedSample: 900,
  samples: 950,
  score: 5,
  threshold: 4.9,
  perDay: 0.04,
  peak: 5.5,
  reason: REASON.predictionError,
  count: 1,
  now: { value: 7.9, expected: 5.1, lower: 4.6, upper: 5.6 },
  worst: { value: 8.2, expected: 5.1, lower: 4.6, upper: 5.6 },
  acked: false,
  signature: [],
};

function journalAt(seq: number, past: SimilarAlert[] = []): Journal {
  return { seq, similar: ({ signature }) => (signature.length > 0 ? past : []) };
}

function documents(changes: AlertChange[], options: Partial<RaiseOptions> = {}): AlertDocument[] {
  const batches = changes.map((change) => Object.assign(createBatch(1), { changes: [change] }));
  const raised: AlertDocument[] = [];
  const all = {
    journal: journalAt(0),
    unitOf: () => 'bar',
    learningAt: () => 1,
    url: () => 'http://host:8420',
    ...options,
  };
  of(createBatch(3), ...batches)
    .pipe(raise(registry, all))
    .subscribe((alert) => raised.push(alert));
  return raised;
}

describe('raise', () => {
  it('makes the whole document of an alert that opens', () => {
    const id = alertId('line1_pump_pressure', NOON + 1000, 900, 'lstm', 0);
    const [{ p, text, ...alert }] = documents([OPEN], { journal: journalAt(41) });
    expect(alert).toEqual({
      schema: 'alert/1',
      id,
      series: 'line1_pump_pressure',
      pipeline: 'main',
      event: 'open',
      status: 'active',
      acked: false,
      severity: 'warning',
      reason: 'prediction_error',
      score: 5,
      value: 7.9,
      expected: 5.1,
      lower: 4.6,
      upper: 5.6,
      unit: 'bar',
      started_at: '2026-11-20T12:00:01.000Z',
      updated_at: '2026-11-20T12:00:01.000Z',
      ended_at: null,
      peak_score: 5.5,
      per_day: 0.04,
      count: 1,
      channels: [{ series: 'line1_pump_pressure', share: 1 }],
      signature: [],
      similar: [],
      tags: { source: 'line1/pump/pressure' },
      url: `http://host:8420/#/alert/${id}`,
      muted: false,
      learning: false,
      seq: 42,
    });
    expect(p).toBeCloseTo(1e-5, 12);
    expect(text).toMatch(/^Line1 pump pressure is 8\.2 bar/);
  });

  it('says when an alert ended', () => {
    const close: AlertChange = { ...OPEN, event: 'close', time: NOON + 61_000, count: 61, acked: true };
    expect(documents([close])[0]).toMatchObject({
      event: 'close',
      status: 'cleared',
      started_at: '2026-11-20T12:00:01.000Z',
      updated_at: '2026-11-20T12:01:01.000Z',
      ended_at: '2026-11-20T12:01:01.000Z',
      acked: true,
      count: 61,
    });
  });

  it('keeps the id from the opening to the end and gives the next opening another', () => {
    const life: AlertChange[] = [
      OPEN,
      { ...OPEN, event: 'update', time: NOON + 5000, peak: 9, score: 9 },
      { ...OPEN, event: 'close', time: NOON + 9000 },
      { ...OPEN, time: NOON + 99_000, openedAt: NOON + 99_000, openedSample: 998 },
    ];
    const ids = documents(life).map(({ id }) => id);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
    expect(documents(life, { journal: journalAt(1000), url: () => 'http://other' }).map(({ id }) => id)).toEqual(ids);
  });

  it('numbers the events one by one, going on from where the journal stands', () => {
    const journal = journalAt(7);
    const seqs = documents([OPEN, OPEN, { ...OPEN, series: power.index }], { journal }).map(({ seq }) => seq);
    expect(seqs).toEqual([8, 9, 10]);
    expect(journal.seq).toBe(10);
  });

  it('names each reason and takes three above the threshold for critical', () => {
    const reasons = Object.values(REASON).map((reason) => documents([{ ...OPEN, reason }])[0].reason);
    expect(reasons).toEqual(REASONS);
    const severities = [7.99, 8].map((peak) => documents([{ ...OPEN, threshold: 5, peak }])[0].severity);
    expect(severities).toEqual(['warning', 'critical']);
  });

  it('names what is similar, and says that a signature is known only where there is such a thing', () => {
    const past = [{ id: 'past', series: 'line1_oven_power', started_at: '2026-11-19T12:00:00.000Z', cosine: 0.97 }];
    const signature = [1, 0.1, 0, 1, 0, 0.8];
    const life: AlertChange[] = [OPEN, { ...OPEN, event: 'signed', signature }, { ...OPEN, event: 'close', signature }];
    const facts = (some: typeof past) =>
      documents(life, { journal: journalAt(0, some) }).map(({ event, similar, seq }) => [event, similar, seq]);
    expect(facts(past)).toEqual([
      ['open', [], 1],
      ['update', past, 2],
      ['close', past, 3],
    ]);
    expect(facts([])).toEqual([
      ['open', [], 1],
      ['close', [], 2],
    ]);
    expect(documents(life)[1].signature).toEqual(signature);
  });

  it('asks for what is similar only after the document before has gone out', () => {
    const order: string[] = [];
    const journal = { seq: 0, similar: () => (order.push('asked'), []) };
    const batch = Object.assign(createBatch(1), { changes: [OPEN, { ...OPEN, series: power.index }] });
    of(batch)
      .pipe(raise(registry, { journal, unitOf: () => '', learningAt: () => 1, url: () => '' }))
      .subscribe(() => order.push('out'));
    expect(order).toEqual(['asked', 'out', 'asked', 'out']);
  });

  it('has null for what is not known', () => {
    const unknown = { value: Number.NaN, expected: Number.NaN, lower: Number.NaN, upper: Infinity };
    const [alert] = documents([{ ...OPEN, reason: REASON.silence, now: unknown, worst: unknown }]);
    expect(alert).toMatchObject({ value: null, expected: null, lower: null, upper: null });
    expect(JSON.parse(JSON.stringify(alert))).toEqual(alert);
  });

  it('says that the series is still learning', () => {
    expect(
      documents([OPEN], { learningAt: (track, samples) => (track === pressure && samples === 950 ? 0.99 : 1) })[0]
        .learning,
    ).toBe(true);
  });

  it('says nothing of a series that has been removed, and gives no number away', () => {
    const gone = registry.admit('gone', 'gone', pressure.model)!;
    registry.remove(gone);
    const journal = journalAt(3);
    expect(documents([{ ...OPEN, series: gone.index }], { journal })).toEqual([]);
    expect(journal.seq).toBe(3);
  });
});
