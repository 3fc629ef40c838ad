import { beforeEach, describe, expect, it } from 'vitest';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import type { SeriesInfo, ServerMessage, StatusMessage } from '../../src/protocol.ts';
import { type HubSource, WebSocketHub } from '../../src/sinks/websocket.ts';
import { alertAt } from '../sim/alerts.ts';
import { SimulatedClock } from '../sim/clock.ts';
import { FakeSocket } from '../sim/socket.ts';

const STATUS: StatusMessage = {
  type: 'status',
  time: 1,
  sources: [],
  samples_per_second: 0,
  series: 2,
  learning: 0,
  alerts_open: 0,
  alerts_today: 0,
  budget_per_day: 1,
  dropped: {},
  uptime_seconds: 1,
  not_kept: null,
  demo: false,
};
const SCOREBOARD = { injected: 1, caught: 1, missed: 0, false: 0, median_delay_ms: 1000, faults: [] };

function seriesOf(id: string): SeriesInfo {
  const rest = { unit: '', state: 'normal', learning: 1, cadence_ms: 1000, samples: 9, kind: 'gauge' } as const;
  const model = { cell: 'lstm', cell_state_max: 1, gates_saturated: 0 };
  return { id, source: id, pipeline: 'main', ...rest, ...model };
}

function columns(s: string, from = 0, count = 1): SampleColumns {
  const t = Array.from({ length: count }, (_, i) => from + i);
  return {
    s,
    t,
    y: t.map((i) => i / 7),
    e: t.map(() => null),
    lo: t.map(() => 1),
    hi: t.map(() => 2),
    z: t.map(() => 0),
  };
}

let clock: SimulatedClock;
let dropped: string[];
let acknowledged: string[];
let log: AlertDocument[];
let source: HubSource;
let hub: WebSocketHub;

beforeEach(() => {
  clock = new SimulatedClock();
  dropped = [];
  acknowledged = [];
  log = [alertAt(18, 'one', 'pump_a', 0), alertAt(19, 'two', 'oven_b', 1), alertAt(20, 'three', 'pump_a', 2)];
  source = {
    version: '1.2.3',
    epoch: 'boot1',
    seq: () => 20,
    series: () => ['pump_a', 'pump_b', 'oven_b'].map(seriesOf),
    samples: (series) => (series === 'pump_b' ? undefined : columns(series, 100, 2)),
    alerts: () => log.toReversed(),
    alertsAfter: (seq) => log.filter((alert) => alert.seq > seq),
    oldestSeq: () => 18,
    scoreboard: () => undefined,
    status: () => STATUS,
    acknowledge: (alert) => {
      acknowledged.push(alert);
      return alert === 'one';
    },
  };
  hub = new WebSocketHub(source, clock, (reason) => dropped.push(reason));
  hub.start();
});

/** A client that has said these things; what it was told before is forgotten. */
function connected(...messages: unknown[]): FakeSocket {
  const client = new FakeSocket();
  hub.accept(client.socket);
  for (const message of messages) client.say(message);
  client.take();
  return client;
}

const subscribe = (more: object = {}) => ({ type: 'subscribe', id: 1, ...more });
const types = (messages: ServerMessage[]) => messages.map(({ type }) => type);
const shown = (messages: ServerMessage[]) =>
  messages.flatMap((message) => (message.type === 'samples' ? [`${message.s} ${message.t.join()}`] : []));
const alertIds = (messages: ServerMessage[]) =>
  messages.flatMap((message) => (message.type === 'alert' ? [message.alert.id] : []));

describe('a client of the hub', () => {
  it('is greeted before anything else', () => {
    const client = new FakeSocket();
    hub.accept(client.socket);
    expect(client.take()).toEqual([
      { type: 'hello', v: 1, server: '1.2.3', epoch: 'boot1', seq: 20, time: clock.now() },
    ]);
    expect(hub.size).toBe(1);
  });

  it('hears nothing before it subscribes', () => {
    const client = connected();
    hub.samples([columns('pump_a')]);
    hub.deliver(log[0]);
    hub.broadcast(STATUS);
    clock.advance(1000);
    expect(client.take()).toEqual([]);
  });

  it('gets result, snapshot and status when it subscribes, and the scoreboard of a demo', () => {
    const client = connected();
    client.say(subscribe());
    const messages = client.take();
    expect(types(messages)).toEqual(['result', 'snapshot', 'status']);
    expect(messages[0]).toEqual({ type: 'result', id: 1, ok: true });
    expect(messages[1]).toEqual({
      type: 'snapshot',
      series: source.series(),
      samples: [columns('pump_a', 100, 2), columns('oven_b', 100, 2)],
      alerts: log.toReversed(),
      seq: 20,
    });
    source.scoreboard = () => SCOREBOARD;
    client.say(subscribe({ id: 2 }));
    expect(client.take().at(-1)).toEqual({ type: 'scoreboard', scoreboard: SCOREBOARD });
  });

  it('gets what it asked for: these series, and those that begin like this', () => {
    const client = connected();
    client.say(subscribe({ series: ['oven_b', 'pump_*'] }));
    expect(client.take()[1]).toMatchObject({ series: [{ id: 'pump_a' }, { id: 'pump_b' }, { id: 'oven_b' }] });
    client.say(subscribe({ series: ['pump_a', 'oven'] }));
    expect(client.take()[1]).toMatchObject({ series: [{ id: 'pump_a' }], alerts: [{ id: 'three' }, { id: 'one' }] });
    hub.samples([columns('pump_a'), columns('pump_b')]);
    for (const alert of log) hub.deliver(alert);
    clock.advance(100);
    const messages = client.take();
    expect(shown(messages)).toEqual(['pump_a 0']);
    expect(alertIds(messages)).toEqual(['one', 'three']);
  });

  it('gets samples or alerts alone where it asks for one', () => {
    const samples = connected(subscribe({ what: ['samples'] }));
    const alerts = connected(subscribe({ what: ['alerts'] }));
    hub.samples([columns('pump_a')]);
    hub.deliver(log[0]);
    clock.advance(100);
    expect(types(samples.take())).toEqual(['samples']);
    expect(types(alerts.take())).toEqual(['alert']);
  });

  it('gets an alert at once and samples ten times a second', () => {
    const client = connected(subscribe());
    hub.deliver(log[0]);
    expect(types(client.take())).toEqual(['alert']);
    for (let i = 0; i < 10; i++) {
      hub.samples([columns('pump_a', i)]);
      clock.advance(50);
    }
    expect(shown(client.take())).toEqual(['pump_a 0,1', 'pump_a 2,3', 'pump_a 4,5', 'pump_a 6,7', 'pump_a 8,9']);
  });

  it('gets samples as often as it wants and loses none for it', () => {
    const client = connected(subscribe({ max_hz: 1 }));
    for (let i = 0; i < 30; i++) {
      hub.samples([columns('pump_a', i)]);
      clock.advance(100);
    }
    const messages = shown(client.take());
    expect(messages.length).toBeLessThanOrEqual(3);
    expect(messages.length).toBeGreaterThanOrEqual(2);
    expect(messages.join().replaceAll(/,?pump_a /g, ',')).toMatch(/^,0,1,2,3,/);
  });

  it('hears nothing more once it unsubscribes', () => {
    const client = connected(subscribe());
    hub.samples([columns('pump_a')]);
    client.say({ type: 'unsubscribe', id: 7 });
    hub.deliver(log[0]);
    hub.broadcast(STATUS);
    clock.advance(1000);
    expect(client.take()).toEqual([{ type: 'result', id: 7, ok: true }]);
  });

  it('is forgotten when it goes', () => {
    const client = connected(subscribe());
    client.emit('close');
    expect(hub.size).toBe(0);
    hub.deliver(log[0]);
    expect(client.take()).toEqual([]);
  });

  it('is cut off when its connection fails', () => {
    const client = connected();
    client.emit('error', new Error('reset'));
    expect(client.terminated).toBe(true);
    expect(hub.size).toBe(0);
  });
});

describe('a client that comes back', () => {
  it('gets the alert events it has missed, once and in order', () => {
    const client = connected();
    client.say(subscribe({ from_seq: 18 }));
    const messages = client.take();
    expect(types(messages)).toEqual(['result', 'alert', 'alert', 'snapshot', 'status']);
    expect(alertIds(messages)).toEqual(['two', 'three']);
  });

  it('gets nothing again where it missed nothing', () => {
    const client = connected();
    client.say(subscribe({ from_seq: 20 }));
    expect(types(client.take())).toEqual(['result', 'snapshot', 'status']);
  });

  it('is told of the gap where the log does not reach back, and gets a snapshot', () => {
    const client = connected();
    client.say(subscribe({ from_seq: 16 }));
    const messages = client.take();
    expect(types(messages)).toEqual(['result', 'gap', 'snapshot', 'status']);
    expect(messages[1]).toEqual({ type: 'gap', from_seq: 16, oldest_seq: 18 });
    client.say(subscribe({ from_seq: 17 }));
    expect(alertIds(client.take())).toEqual(['one', 'two', 'three']);
  });

  it('gets only what it subscribes to of that as well', () => {
    const client = connected();
    client.say(subscribe({ from_seq: 17, series: ['oven_*'] }));
    expect(alertIds(client.take())).toEqual(['two']);
    client.say(subscribe({ from_seq: 17, what: ['samples'] }));
    expect(alertIds(client.take())).toEqual([]);
  });
});

describe('a message to the hub', () => {
  it.each([
    'hello',
    '',
    'null',
    '[]',
    '{"type":"dance","id":1}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","id":1,"max_hz":1000}',
    '{"type":"subscribe","id":1,"series":"a"}',
    '{"type":"subscribe","id":1,"from_seq":-1}',
    '{"type":"ack","id":1}',
  ])('%s is answered with an error and nothing more', (text) => {
    const client = connected();
    client.say(text);
    expect(client.take()).toMatchObject([{ type: 'error', code: 'BAD_MESSAGE' }]);
    expect(client.closed).toBeUndefined();
  });

  it('with more than a thousand series is answered with an error', () => {
    const client = connected();
    client.say(subscribe({ series: Array.from({ length: 1001 }, () => 'a') }));
    expect(types(client.take())).toEqual(['error']);
  });

  it('in bytes that are no text is answered with an error', () => {
    const client = connected();
    client.emit('message', Buffer.from('{"type":"ping"}'), true);
    expect(types(client.take())).toEqual(['error']);
  });

  it('may have fields that nobody knows yet', () => {
    const client = connected();
    client.say(subscribe({ colour: 'green', __proto__: null }));
    expect(types(client.take())[0]).toBe('result');
  });

  it('ping is answered with pong and the time', () => {
    const client = connected();
    client.say({ type: 'ping' });
    expect(client.take()).toEqual([{ type: 'pong', time: clock.now() }]);
  });

  it('ack is answered by whether there was such an alert', () => {
    const client = connected();
    client.say({ type: 'ack', id: 4, alert: 'one' });
    client.say({ type: 'ack', id: 5, alert: 'none' });
    expect(client.take()).toEqual([
      { type: 'result', id: 4, ok: true },
      { type: 'result', id: 5, ok: false, error: 'no such open alert' },
    ]);
    expect(acknowledged).toEqual(['one', 'none']);
  });
});

describe('a slow client', () => {
  it('gets no samples above 256 KiB buffered, then those of the meantime in one', () => {
    const client = connected(subscribe());
    client.bufferedAmount = 256 * 1024 + 1;
    for (let i = 0; i < 5; i++) {
      hub.samples([columns('pump_a', i)]);
      clock.advance(100);
    }
    expect(client.take()).toEqual([]);
    client.bufferedAmount = 256 * 1024;
    clock.advance(100);
    expect(shown(client.take())).toEqual(['pump_a 0,1,2,3,4']);
  });

  it('gets the last 600 samples of a series when it was slow for long', () => {
    const client = connected(subscribe());
    client.bufferedAmount = 300 * 1024;
    for (let i = 0; i < 1000; i++) hub.samples([columns('pump_a', i)]);
    client.bufferedAmount = 0;
    clock.advance(100);
    const [message] = client.take();
    expect(message).toMatchObject({ type: 'samples', s: 'pump_a' });
    expect((message as SampleColumns).t).toEqual(Array.from({ length: 600 }, (_, i) => 400 + i));
  });

  it('gets alerts up to 1 MiB buffered and is then closed with 1013, once', () => {
    const client = connected(subscribe());
    hub.deliver(log[0]);
    client.bufferedAmount = 1024 * 1024;
    hub.deliver(log[0]);
    expect(types(client.take())).toEqual(['alert', 'alert']);
    client.bufferedAmount++;
    hub.deliver(log[1]);
    hub.deliver(log[2]);
    expect(client.take()).toEqual([]);
    expect(client.closed).toEqual({ code: 1013, reason: 'too slow' });
    expect(dropped).toEqual(['slow']);
  });

  it('does not slow the others down', () => {
    const slow = connected(subscribe());
    const quick = connected(subscribe());
    slow.bufferedAmount = 2 * 1024 * 1024;
    hub.samples([columns('pump_a')]);
    hub.deliver(log[0]);
    clock.advance(100);
    expect(types(quick.take())).toEqual(['alert', 'samples']);
  });

  it('is not closed because of samples, however many series wait', () => {
    const client = connected(subscribe());
    client.bufferedAmount = 256 * 1024 + 1;
    for (let i = 0; i < 200; i++) hub.samples([columns(`s${i}`, 0, 600)]);
    client.bufferedAmount = 0;
    client.stalled = true;
    clock.advance(100);
    expect(client.closed).toBeUndefined();
    expect(client.bufferedAmount).toBeLessThan(512 * 1024);
    const got = new Set(shown(client.take()));
    for (let i = 0; i < 100; i++) {
      client.bufferedAmount = 0; // the network has caught up
      clock.advance(100);
      for (const text of shown(client.take())) got.add(text);
    }
    expect(got.size).toBe(200);
  });

  it('is not closed because its snapshot is large', () => {
    source.series = () => Array.from({ length: 60 }, (_, i) => seriesOf(`s${i}`));
    source.samples = (series) => columns(series, 0, 600);
    const client = connected();
    client.stalled = true;
    client.say(subscribe());
    expect(client.bufferedAmount).toBeGreaterThan(1024 * 1024);
    expect(types(client.take())).toEqual(['result', 'snapshot', 'status']);
    hub.deliver(log[0]);
    expect(types(client.take())).toEqual(['alert']);
    expect(client.closed).toBeUndefined();
    for (let i = 0; i < 5000; i++) hub.deliver(log[0]);
    expect(client.closed?.code).toBe(1013);
  });
});

describe('a client that does not answer', () => {
  it('is cut off after two pings', () => {
    const client = connected(subscribe());
    clock.advance(40_000);
    expect([client.pings, client.terminated]).toEqual([2, false]);
    clock.advance(20_000);
    expect([client.pings, client.terminated]).toEqual([2, true]);
    expect(dropped).toEqual(['no_pong']);
    expect(hub.size).toBe(0);
  });

  it('stays while it answers now and then', () => {
    const client = connected();
    for (let i = 0; i < 10; i++) {
      clock.advance(40_000);
      client.emit('pong');
    }
    expect(client.terminated).toBe(false);
  });
});

it('a hub that stops says goodbye and leaves no timer', () => {
  const client = connected(subscribe());
  hub.stop();
  expect(client.closed).toEqual({ code: 1001, reason: 'server stops' });
  expect(clock.pending).toBe(0);
});
