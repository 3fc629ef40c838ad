import { beforeEach, describe, expect, it } from 'vitest';

import { ALERTS_MAX } from '../../src/dashboard/alert-book.ts';
import { RING_CAPACITY } from '../../src/dashboard/ring.ts';
import { SERIES_MAX, Store } from '../../src/dashboard/store.ts';
import type { HelloMessage, Scoreboard, ServerMessage } from '../../src/protocol.ts';
import { alertDocument, cleared, columns, NOW, seriesInfo, snapshot, statusMessage } from './samples.ts';

const SCOREBOARD: Scoreboard = { injected: 3, caught: 2, missed: 1, false: 0, median_delay_ms: 900, faults: [] };

function hello(rest: Partial<HelloMessage> = {}): HelloMessage {
  return { type: 'hello', v: 1, server: '0.1.0', epoch: 'first', seq: 10, time: NOW, ...rest };
}

let local: number;
let store: Store;

beforeEach(() => {
  local = NOW;
  store = new Store(() => local);
  store.apply(hello());
  store.setLink('live');
});

const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const ids = () => store.alerts.value.map((alert) => alert.id);

describe('time', () => {
  it('follows the clock of the server, not that of the reader', () => {
    store.apply(hello({ time: NOW + 3_600_000 }));
    local += 500;
    expect(store.now).toBe(NOW + 3_600_500);
  });

  it('stands still while the line is down and runs on when it is back', () => {
    store.setLink('reconnecting');
    local += 60_000;
    expect(store.now).toBe(NOW);
    store.setLink('live');
    expect(store.now).toBe(NOW + 60_000);
  });
});

describe('snapshot', () => {
  it('brings series, their samples and alerts', () => {
    store.apply(
      snapshot({
        series: [seriesInfo('pressure'), seriesInfo('current')],
        samples: [columns('pressure', 5)],
        alerts: [alertDocument('a')],
        seq: 12,
      }),
    );
    expect(store.loaded.value).toBe(true);
    expect(store.tracks.value.map((track) => track.id)).toEqual(['pressure', 'current']);
    expect(store.track('pressure')?.ring.length).toBe(5);
    expect(store.track('current')?.ring.length).toBe(0);
    expect(ids()).toEqual(['a']);
    expect(store.seq).toBe(12);
  });

  it('replaces the samples held, and drops series that are gone', () => {
    store.apply(snapshot({ series: [seriesInfo('a'), seriesInfo('b')], samples: [columns('a', 50)] }));
    const track = store.track('a');
    store.apply(snapshot({ series: [seriesInfo('a')], samples: [columns('a', 3)] }));
    expect(store.track('a')).toBe(track);
    expect(track?.ring.length).toBe(3);
    expect(store.track('b')).toBeUndefined();
    expect(store.tracks.value).toHaveLength(1);
  });

  it('of the same server keeps cleared alerts and forgets open ones it does not confirm', () => {
    store.apply(snapshot({ alerts: [alertDocument('open'), cleared('past')] }));
    store.apply(snapshot());
    expect(ids()).toEqual(['past']);
  });

  it('of a restarted server replaces everything', () => {
    store.apply(snapshot({ alerts: [cleared('past')], seq: 10 }));
    store.apply({ type: 'scoreboard', scoreboard: SCOREBOARD });
    store.apply(hello({ epoch: 'second', seq: 20 }));
    expect(ids()).toEqual(['past']);
    expect(store.scoreboard.value).toBeNull();
    store.apply(snapshot({ alerts: [alertDocument('new')], seq: 20 }));
    expect(ids()).toEqual(['new']);
    expect(store.seq).toBe(20);
  });

  it('after a gap in the alert log replaces all alerts', () => {
    store.apply(snapshot({ alerts: [cleared('past')] }));
    store.apply({ type: 'gap', from_seq: 1, oldest_seq: 50 });
    store.apply(snapshot({ seq: 60 }));
    expect(ids()).toEqual([]);
  });

  it('is not resumed from when the alert log began anew', () => {
    store.apply(snapshot({ seq: 40 }));
    store.apply(hello({ epoch: 'second', seq: 0 }));
    expect(store.seq).toBeNull();
  });
});

describe('samples', () => {
  beforeEach(() => store.apply(snapshot({ series: [seriesInfo('pressure')] })));

  it('reach the ring at once and the screen with the next beat', () => {
    store.apply({ type: 'samples', ...columns('pressure', 2) });
    const track = store.track('pressure');
    expect(track?.ring.length).toBe(2);
    expect(track?.latest.value).toBeNull();
    store.refresh();
    expect(track?.latest.value).toBe(1);
  });

  it('are counted on the screen once a second at most', () => {
    const track = store.track('pressure');
    store.refresh();
    store.apply({ type: 'samples', ...columns('pressure', 2) });
    local += 400;
    store.refresh();
    expect(track?.points.value).toBe(0);
    local += 600;
    store.refresh();
    expect(track?.points.value).toBe(2);
  });

  it('of an unknown series are ignored', () => {
    store.apply({ type: 'samples', ...columns('nobody', 2) });
    expect(store.track('nobody')).toBeUndefined();
  });

  it('never take more room than the ring', () => {
    for (let i = 0; i < 20; i++) {
      store.apply({ type: 'samples', ...columns('pressure', 100, NOW + i * 100_000) });
    }
    expect(store.track('pressure')?.ring.length).toBe(RING_CAPACITY);
  });

  it('from another time move the chart of that series to its own time', () => {
    store.apply({ type: 'samples', ...columns('pressure', 2, NOW - 86_400_000) });
    expect(store.track('pressure')?.lagMs).toBe(86_400_000);
    store.apply({ type: 'samples', ...columns('pressure', 2, NOW - 2_000) });
    expect(store.track('pressure')?.lagMs).toBe(0);
  });
});

describe('series', () => {
  it('adds a new one and changes a known one in place', () => {
    store.apply(snapshot({ series: [seriesInfo('a')] }));
    const before = store.tracks.value;
    store.apply({ type: 'series', series: [seriesInfo('a', { state: 'silent' })] });
    expect(store.track('a')?.info.value.state).toBe('silent');
    expect(store.tracks.value).toBe(before);
    store.apply({ type: 'series', series: [seriesInfo('b')] });
    expect(store.tracks.value.map((track) => track.id)).toEqual(['a', 'b']);
  });

  it('drops those that are gone', () => {
    store.apply(snapshot({ series: [seriesInfo('pressure'), seriesInfo('current')], samples: [], alerts: [] }));
    store.apply({ type: 'series', series: [seriesInfo('flow')], removed: ['pressure', 'unknown'] });
    expect(store.tracks.value.map((track) => track.id)).toEqual(['current', 'flow']);
  });

  it('has a bound', () => {
    const many = Array.from({ length: SERIES_MAX + 50 }, (_, i) => seriesInfo(`s${i}`));
    store.apply({ type: 'series', series: many });
    expect(store.tracks.value).toHaveLength(SERIES_MAX);
  });

  it('takes the names of object members for names like any other', () => {
    store.apply(snapshot({ series: [seriesInfo('__proto__'), seriesInfo('constructor')] }));
    expect(store.track('__proto__')?.id).toBe('__proto__');
    expect(store.track('toString')).toBeUndefined();
  });
});

describe('alert', () => {
  it('stands above cleared ones while open, newest first', () => {
    store.apply({ type: 'alert', alert: cleared('cleared', { started_at: at(9) }) });
    store.apply({ type: 'alert', alert: alertDocument('older', { started_at: at(1) }) });
    store.apply({ type: 'alert', alert: alertDocument('newer', { started_at: at(2) }) });
    expect(ids()).toEqual(['newer', 'older', 'cleared']);
    expect(store.openCount.value).toBe(2);
  });

  it('changes in place, and an event that comes late changes nothing', () => {
    store.apply({ type: 'alert', alert: cleared('a', { seq: 12 }) });
    store.apply({ type: 'alert', alert: alertDocument('a', { seq: 11 }) });
    expect(store.alerts.value.map((alert) => alert.status)).toEqual(['cleared']);
    expect(store.seq).toBe(12);
  });

  it('is announced when it opens, not when it is updated', () => {
    store.apply({ type: 'alert', alert: alertDocument('a', { text: 'Too warm.' }) });
    store.apply({ type: 'alert', alert: alertDocument('a', { event: 'update', text: 'Warmer.', seq: 2 }) });
    expect(store.announcement.value).toBe('warning alert: Too warm.');
  });

  it('is found by its series', () => {
    store.apply({ type: 'alert', alert: alertDocument('a', { series: 'current' }) });
    expect(store.alertsBySeries.value.get('current')?.map((alert) => alert.id)).toEqual(['a']);
  });

  it('leaves when there are too many, cleared ones first', () => {
    store.apply({ type: 'alert', alert: alertDocument('open', { started_at: at(-10) }) });
    for (let i = 0; i < ALERTS_MAX + 20; i++) {
      store.apply({ type: 'alert', alert: cleared(`c${i}`, { started_at: at(i) }) });
    }
    expect(ids()).toHaveLength(ALERTS_MAX);
    expect(ids().slice(0, 2)).toEqual(['open', `c${ALERTS_MAX + 19}`]);
  });
});

describe('status and scoreboard', () => {
  it('show what the server said last, and whether this is the demo', () => {
    expect(store.demo.value).toBe(false);
    store.apply(statusMessage({ samples_per_second: 21, demo: true }));
    expect(store.status.value?.samples_per_second).toBe(21);
    expect(store.demo.value).toBe(true);
    store.apply({ type: 'scoreboard', scoreboard: SCOREBOARD });
    expect(store.scoreboard.value).toEqual(SCOREBOARD);
  });

  it('take the scoreboard away with the demo', () => {
    store.apply({ type: 'scoreboard', scoreboard: SCOREBOARD });
    store.apply(statusMessage({ demo: false }));
    expect(store.scoreboard.value).toBeNull();
  });

  it('let the page settle, which does not wait for a status for ever', () => {
    store.apply(snapshot());
    expect(store.settled.value).toBe(false);
    local += 3_000;
    store.refresh();
    expect(store.settled.value).toBe(true);
    store.apply(statusMessage());
    expect(store.settled.value).toBe(true);
  });
});

describe('result and error', () => {
  it('end the wait for an acknowledgement, and say why it was refused', () => {
    store.expectResult(2, 'a');
    store.expectResult(3, 'b');
    store.apply({ type: 'result', id: 2, ok: true });
    expect([...store.acknowledging.value]).toEqual([[3, 'b']]);
    store.apply({ type: 'result', id: 3, ok: false, error: 'no such alert' });
    expect(store.acknowledging.value.size).toBe(0);
    expect(store.notice.value).toBe('no such alert');
  });

  it('are not awaited on a line that went down', () => {
    store.expectResult(2, 'a');
    store.setLink('reconnecting');
    expect(store.acknowledging.value.size).toBe(0);
  });

  it('show an error of the server for a while', () => {
    store.apply({ type: 'error', code: 'LIMIT', message: 'Too many subscriptions.' });
    expect(store.notice.value).toBe('Too many subscriptions.');
    local += 16_000;
    store.refresh();
    expect(store.notice.value).toBe('');
  });
});

it('ignores messages of a kind it does not know', () => {
  store.apply({ type: 'weather' } as unknown as ServerMessage);
  store.apply({ type: 'pong', time: NOW });
  expect(store.loaded.value).toBe(false);
});
