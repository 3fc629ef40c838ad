/** What devices and gateways send, understood without a word of configuration. */
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../sensors/decode.ts';
import { ARRIVAL, pairs, read } from './read.ts';

describe('a payload of a Zigbee bridge', () => {
  it('is flat, with a word for its state', () => {
    const decoded = read(
      JSON.stringify({
        battery: 97,
        humidity: 45.21,
        last_seen: '2026-11-20T13:00:00+01:00',
        linkquality: 120,
        state: 'ON',
        temperature: 21.5,
        update: { installed_version: 16777241, state: 'idle' },
        voltage: null,
      }),
    );
    expect(pairs(decoded)).toEqual([
      ['battery', 97],
      ['humidity', 45.21],
      ['linkquality', 120],
      ['state', 1],
      ['temperature', 21.5],
      ['update/installed_version', 16777241],
    ]);
    expect(decoded.time).toBe(ARRIVAL);
    expect(decoded.readings.map(({ onOff }) => onOff)).toEqual([false, false, false, true, false, false]);
    expect(decoded.drops).toEqual(['not_a_number', 'empty']);
  });
});

describe('a payload of a Tasmota plug', () => {
  it('has a Time of its own and nested groups', () => {
    const decoded = read(
      '{"Time":"2026-11-20T12:00:00","ENERGY":{"TotalStartTime":"2020-01-01T00:00:00","Total":1.245,"Power":12,' +
        '"Factor":0.95},"DS18B20":{"Id":"01144A0CB2AA","Temperature":22.6},"TempUnit":"C"}',
    );
    expect(pairs(decoded)).toEqual([
      ['ENERGY/Total', 1.245],
      ['ENERGY/Power', 12],
      ['ENERGY/Factor', 0.95],
      ['DS18B20/Temperature', 22.6],
    ]);
    expect(decoded.time).toBe(ARRIVAL);
  });
});

describe('an uplink of a LoRaWAN server', () => {
  it('carries what the device measured in its object, at the time of the gateway', () => {
    const decoded = read(
      JSON.stringify({
        deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d',
        time: '2026-11-20T12:00:00.775023242+00:00',
        deviceInfo: { applicationName: 'app', devEui: 'a8404137b182428a', tags: {} },
        dr: 1,
        fPort: 2,
        confirmed: false,
        data: 'qqo=',
        object: { temperature: 21.5, valves: { left: 'off' } },
        rxInfo: [{ rssi: -48, snr: 9 }],
        txInfo: { frequency: 868500000 },
      }),
    );
    expect(pairs(decoded)).toEqual([
      ['dr', 1],
      ['fPort', 2],
      ['confirmed', 0],
      ['object/temperature', 21.5],
      ['object/valves/left', 0],
      ['txInfo/frequency', 868500000],
    ]);
    expect(decoded.time).toBe(ARRIVAL + 775);
  });
});

const payload = (values: object[]) => JSON.stringify({ timestamp: ARRIVAL, values });

describe('tagged values of an OPC gateway', () => {
  it('are named by their id, each at its own time', () => {
    const decoded = read(
      payload([
        { id: 'Line.Pump.Rpm', v: 1480, q: true, t: ARRIVAL - 10 },
        { id: 'Line.Pump.On', v: true, q: true, t: ARRIVAL - 20 },
        { id: 'Line.Pump.Text', v: '7.5', q: true },
      ]),
    );
    expect(decoded).toEqual({
      time: ARRIVAL,
      readings: [
        { path: 'Line.Pump.Rpm', value: 1480, onOff: false, time: ARRIVAL - 10 },
        { path: 'Line.Pump.On', value: 1, onOff: true, time: ARRIVAL - 20 },
        { path: 'Line.Pump.Text', value: 7.5, onOff: false, time: Number.NaN },
      ],
      drops: [],
      numericStrings: 1,
    });
  });

  it.each([
    [{ id: 'x', v: 1, q: false }, 'bad_quality'],
    [{ id: 'x', v: 1, q: 0 }, 'bad_quality'],
    [{ v: 1, q: true }, 'bad_name'],
    [{ id: 7, v: 1, q: true }, 'bad_name'],
    [{ id: 'x', q: true }, 'empty'],
    [{ id: 'x', v: [1] }, 'not_a_number'],
    [{ id: 'x'.repeat(513), v: 1 }, 'bad_name'],
  ])('are dropped one by one: %j as %s', (bad, reason) => {
    const decoded = read(payload([{ id: 'a', v: 1 }, bad, { id: 'b', v: 2 }]));
    expect(pairs(decoded)).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(decoded.drops).toEqual([reason]);
  });

  it('keep the value whose own time is unreadable', () => {
    const decoded = read(payload([{ id: 'a', v: 1, t: 'soon' }]));
    expect(decoded.readings).toEqual([{ path: 'a', value: 1, onOff: false, time: Number.NaN }]);
    expect(decoded.drops).toEqual(['bad_time']);
  });

  it('may be 4,096, and do not use up the fields beside them', () => {
    const values = Array.from({ length: LIMITS.rowsMax + 5 }, (_, i) => ({ id: `n${i}`, v: i }));
    const decoded = read(JSON.stringify({ values: values.slice(0, 4096), extra: 1 }));
    expect(decoded.readings).toHaveLength(4097);
    expect(decoded.drops).toEqual([]);
    expect(read(payload(values)).drops).toEqual(['too_many_rows']);
  });

  it('are something else where they bring no id', () => {
    expect(read('{"values":[{"v":1}],"a":2}')).toMatchObject({ readings: [{ path: 'a' }], drops: ['not_a_number'] });
    expect(pairs(read('{"values":{"temp":1}}'))).toEqual([['values/temp', 1]]);
  });
});

const metric = (host: string, idle: number, seconds: number) => ({
  fields: { idle, state: 'running' },
  name: 'cpu',
  tags: { host, cpu: 'cpu0' },
  timestamp: seconds,
});

describe('metrics of Telegraf', () => {
  const seconds = ARRIVAL / 1000;

  it('are named by measurement, tags in the order of their keys, and field', () => {
    const decoded = read(JSON.stringify(metric('leeds', 91.5, seconds)));
    expect(pairs(decoded)).toEqual([['cpu/cpu0/leeds/idle', 91.5]]);
    expect(decoded.time).toBe(ARRIVAL);
    expect(decoded.drops).toEqual(['not_a_number']);
  });

  it.each([(metrics: object[]) => ({ metrics }), (metrics: object[]) => metrics])(
    'come as a batch too, each at its own time',
    (wrap) => {
      const decoded = read(JSON.stringify(wrap([metric('a', 1, seconds), metric('b', 2, seconds + 1)])));
      expect(decoded.readings).toEqual([
        { path: 'cpu/cpu0/a/idle', value: 1, onOff: false, time: ARRIVAL },
        { path: 'cpu/cpu0/b/idle', value: 2, onOff: false, time: ARRIVAL + 1000 },
      ]);
    },
  );

  it('with a tag that is no text are plain JSON', () => {
    const odd = { name: 'cpu', tags: { toString: 1 }, fields: { idle: 1 }, timestamp: seconds };
    expect(pairs(read(JSON.stringify(odd)))).toEqual([
      ['tags/toString', 1],
      ['fields/idle', 1],
    ]);
  });
});

const rows = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => ({ a: i })));

describe('a batch of objects', () => {
  it('has the same fields as one object, each at its own time', () => {
    const decoded = read(`[{"ts":${ARRIVAL},"m":{"rpm":1}},{"m":{"rpm":2}},{"ts":"soon","m":{"rpm":3}}]`);
    expect(decoded.readings).toEqual([
      { path: 'm/rpm', value: 1, onOff: false, time: ARRIVAL },
      { path: 'm/rpm', value: 2, onOff: false, time: Number.NaN },
      { path: 'm/rpm', value: 3, onOff: false, time: Number.NaN },
    ]);
    expect(decoded.time).toBeNaN();
    expect(decoded.drops).toEqual(['bad_time']);
  });

  it('counts what is no object, and keeps the others', () => {
    const decoded = read('[{"a":1},7,null,[{"a":2}],{"a":3}]');
    expect(pairs(decoded)).toEqual([
      ['a', 1],
      ['a', 3],
    ]);
    expect(decoded.drops).toEqual(['not_a_number', 'empty', 'not_a_number']);
  });

  it('may have 4,096 rows of 256 fields', () => {
    expect(read(rows(4096))).toMatchObject({ drops: [] });
    const over = read(rows(5000));
    expect(over.readings).toHaveLength(4096);
    expect(over.drops).toEqual(['too_many_rows']);

    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i]));
    const both = read(JSON.stringify([wide, wide]));
    expect(both.readings).toHaveLength(512);
    expect(both.drops).toEqual(['too_many_fields', 'too_many_fields']);
  });
});
