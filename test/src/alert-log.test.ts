import { beforeEach, describe, expect, it } from 'vitest';
import { AlertLog } from '../../src/alert-log.ts';
import { alertAt, CLOSED } from '../sim/alerts.ts';

let log: AlertLog;
beforeEach(() => {
  log = new AlertLog();
});

function push(...args: Parameters<typeof alertAt>): void {
  log.seq = args[0];
  log.push(alertAt(...args));
}

describe('the alert log', () => {
  it('knows which alerts are open, the latest event first', () => {
    push(1, 'one', 'a', 0);
    push(2, 'two', 'b', 1);
    push(3, 'one', 'a', 0, { event: 'update', peak_score: 9 });
    expect(log.open().map(({ id, peak_score }) => [id, peak_score])).toEqual([
      ['one', 9],
      ['two', 5],
    ]);
    expect([log.isOpen('a'), log.isOpen('c')]).toEqual([true, false]);
    expect(log.openById('two')?.series).toBe('b');
    push(4, 'one', 'a', 0, CLOSED);
    expect(log.open().map(({ id }) => id)).toEqual(['two']);
    expect([log.isOpen('a'), log.openById('one')]).toEqual([false, undefined]);
  });

  it('gives the events after a number, oldest first', () => {
    for (let seq = 1; seq <= 5; seq++) push(seq, `id${seq}`, 'a', seq);
    expect(log.after(3).map(({ seq }) => seq)).toEqual([4, 5]);
    expect(log.after(5)).toEqual([]);
    expect(log.after(0)).toHaveLength(5);
    expect(log.oldestSeq()).toBe(1);
  });

  it('has an oldest number even where there is no event', () => {
    expect(log.oldestSeq()).toBe(1);
    log.seq = 41;
    expect(log.oldestSeq()).toBe(42);
  });

  it('keeps the last thousand events and every open alert', () => {
    push(1, 'old', 'a', 0);
    for (let seq = 2; seq <= 5000; seq++) push(seq, `id${seq}`, 'b', 1, seq % 2 === 0 ? {} : CLOSED);
    const kept = log.after(0);
    expect(kept.length).toBeGreaterThanOrEqual(1000);
    expect(kept.length).toBeLessThanOrEqual(1100);
    expect(log.oldestSeq()).toBe(5001 - kept.length);
    expect(log.openById('old')).toBeDefined();
  });

  it('shows each alert once, by its latest event, the newest alert first', () => {
    push(1, 'one', 'a', 0);
    push(2, 'two', 'b', 1);
    push(3, 'one', 'a', 0, CLOSED);
    push(4, 'three', 'a', 2);
    expect(log.recent(10).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'three active',
      'two active',
      'one cleared',
    ]);
    expect(log.recent(2)).toHaveLength(2);
  });

  it('shows an alert that is still open, however much has happened since', () => {
    push(1, 'old', 'a', 0);
    for (let seq = 2; seq <= 3000; seq++) push(seq, `id${seq}`, 'b', 1, CLOSED);
    expect(log.recent(200).some(({ id }) => id === 'old')).toBe(true);
  });

  it('counts what was opened within a day', () => {
    push(1, 'one', 'a', 0);
    push(2, 'one', 'a', 0, { event: 'update' });
    push(3, 'two', 'b', 30);
    const noon = Date.UTC(2026, 10, 20, 12);
    expect(log.openedWithinDay(noon + 3600_000)).toBe(2);
    expect(log.openedWithinDay(noon + 24 * 3600_000 + 1)).toBe(1);
    expect(log.openedWithinDay(noon + 25 * 3600_000)).toBe(0);
  });

  it('is the same after a restart', () => {
    push(1, 'one', 'a', 0);
    push(2, 'two', 'b', 1);
    push(3, 'one', 'a', 0, CLOSED);
    const again = new AlertLog();
    again.restore(JSON.parse(JSON.stringify(log)));
    expect(again.toJSON()).toEqual(log.toJSON());
    expect(again.seq).toBe(3);
    expect(again.open()).toEqual(log.open());
    expect(again.after(1)).toEqual(log.after(1));
    again.push(alertAt(4, 'two', 'b', 1, CLOSED));
    expect(again.open()).toEqual([]);
    expect(log.open()).toHaveLength(1);
  });

  it('leaves 10,000 numbers out where some may have been given out and not kept', () => {
    push(1, 'one', 'a', 0);
    push(2, 'two', 'b', 1);
    const again = new AlertLog();
    again.restore(JSON.parse(JSON.stringify(log)));
    again.reserve();
    expect(again.seq).toBe(10_002);
    expect(again.open()).toEqual(log.open());
    expect(again.after(0)).toEqual(log.after(0));
  });

  it('names past alerts like one, after a restart the same, and takes a log of a version that could not', () => {
    const signature = [1, 0.1, 0, 1, 0, 0.8];
    push(1, 'one', 'a', 0);
    push(2, 'one', 'a', 0, { ...CLOSED, ended_at: new Date(Date.UTC(2026, 10, 20, 12, 5)).toISOString(), signature });
    const next = alertAt(3, 'two', 'b', 9, { signature });
    const found = [{ id: 'one', series: 'a', started_at: '2026-11-20T12:00:00.000Z', cosine: expect.closeTo(1, 12) }];
    expect(log.similar(next)).toEqual(found);
    const again = new AlertLog();
    again.restore(JSON.parse(JSON.stringify(log)));
    expect(again.similar(next)).toEqual(log.similar(next));
    const { past: _, ...older } = JSON.parse(JSON.stringify(log)) as ReturnType<AlertLog['toJSON']>;
    const bare = older.events.map(({ signature: _s, similar: _n, ...event }) => event);
    again.restore({ ...older, events: bare });
    expect(again.similar(next)).toEqual([]);
    expect(again.recent(1)).toMatchObject([{ id: 'one', signature: [], similar: [] }]);
  });

  it('gives a state away that later events do not change', () => {
    push(1, 'one', 'a', 0);
    const state = log.toJSON();
    push(2, 'two', 'b', 0);
    expect(state.events).toHaveLength(1);
    expect(state.open).toHaveLength(1);
  });
});
