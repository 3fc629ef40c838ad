import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Batch, ROW } from '../../models/batch.ts';
import { EVENT_TRACK_DEFAULTS, EventTrack } from '../../models/events/event-track.ts';
import { symbolOf } from '../../models/events/symbol.ts';
import type { LogEntry, Replayed, SampleLog } from '../../models/ports.ts';
import { type Model, Registry } from '../../models/registry.ts';
import { decodeJson } from '../../sensors/decode.ts';
import { DEPTH_MAX, Intake, type Receipt } from '../../src/intake.ts';
import type { Room } from '../../src/room.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { NOON, tracksOf } from '../sim/tracks.ts';

/** Takes entries and reads nothing. */
class Sink implements SampleLog {
  position = 0;
  depth = 0;
  readonly batches: Batch[] = [];
  append(entry: LogEntry): void {
    if (entry.kind === 'batch') this.batches.push(entry.batch);
  }
  open(): void {}
  oldest(): number {
    return Infinity;
  }
  newest(): number {
    return 0;
  }
  read(): void {}
  readNow(): void {}
  trim(): void {}
  replay(): Promise<Replayed> {
    return Promise.resolve({ entries: 0, missing: 0, damage: [] });
  }
  kept(): Promise<void> {
    return Promise.resolve();
  }
  sync(): Promise<void> {
    return Promise.resolve();
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

const { model } = tracksOf();
const events: Model = {
  ...model,
  detector: new EventTrack({ ...EVENT_TRACK_DEFAULTS, hidden: 2, season: 60_000, budgetPerDay: 1 }),
};
let log: Sink;
let registry: Registry;
let telemetry: Telemetry;
let intake: Intake;

beforeEach(() => {
  log = new Sink();
  registry = new Registry(5 * model.detector.size * 8);
  telemetry = new Telemetry({ level: 'silent' });
  intake = new Intake(log, registry, telemetry);
});

function receipt(topic: string, json: unknown, arrival = NOON, of = model): Receipt {
  return intake.accept({ source: 'mqtt', topic, arrival }, decodeJson(Buffer.from(JSON.stringify(json))), of);
}

const receiptOf = (json: unknown): Receipt => receipt('a', json, NOON, events);
const take = (...args: Parameters<typeof receipt>): number => receipt(...args).accepted;

describe('the intake', () => {
  it('gathers what comes in one turn into one batch', async () => {
    expect(take('a', { x: 1, y: true })).toBe(2);
    expect(take('b', 3, NOON + 5)).toBe(1);
    expect(log.batches).toEqual([]);
    await nextTurn();
    expect(log.batches).toHaveLength(1);
    const [{ length, series, value, time, arrival, flags }] = log.batches;
    expect(length).toBe(3);
    expect(Array.from(series.slice(0, 3)).map((index) => registry.tracks[index]?.id)).toEqual(['a_x', 'a_y', 'b']);
    expect(Array.from(value.slice(0, 3))).toEqual([1, 1, 3]);
    expect(Array.from(flags.slice(0, 3))).toEqual([0, ROW.onOff, 0]);
    expect(Array.from(time.slice(0, 3))).toEqual([NOON, NOON, NOON + 5]);
    expect(Array.from(arrival.slice(0, 3))).toEqual([NOON, NOON, NOON + 5]);
    take('a', { x: 2 });
    await nextTurn();
    expect(log.batches).toHaveLength(2);
  });

  it('takes the time of the payload before that of the arrival', async () => {
    take('a', { x: 1, ts: NOON - 1000 });
    intake.flush();
    expect([log.batches[0].time[0], log.batches[0].arrival[0]]).toEqual([NOON - 1000, NOON]);
  });

  it('hands over nothing where nothing came', async () => {
    intake.flush();
    expect(take('a', 'broken')).toBe(0);
    await nextTurn();
    expect(log.batches).toEqual([]);
  });

  it('does not hand a batch over twice', async () => {
    take('a', 1);
    intake.flush();
    await nextTurn();
    expect(log.batches).toHaveLength(1);
  });

  it('lets a batch grow with the turn, to 4,096 rows and no further, and keeps every row', () => {
    for (let i = 0; i < 10_000; i++) take('a', i, NOON + i);
    intake.flush();
    expect(log.batches.map(({ length }) => length)).toEqual([4096, 4096, 1808]);
    expect(log.batches.flatMap(({ value, length }) => Array.from(value.slice(0, length)))).toEqual(
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    expect(log.batches[2].value.length).toBe(2048);
  });

  it('refuses and counts rows while too many wait to be scored', () => {
    take('a', 1);
    log.depth = DEPTH_MAX;
    expect(take('a', { y: 2, z: 3 })).toBe(0);
    expect(telemetry.dropped.get('overflow')).toBe(2);
    log.depth = DEPTH_MAX - 1;
    expect(take('a', 4)).toBe(1);
  });

  it('refuses and counts series above the limit of memory, and goes on with those it knows', () => {
    for (let i = 0; i < 7; i++) take(`s${i}`, 1);
    expect(telemetry.dropped.get('too_many_series')).toBe(2);
    expect(registry.size).toBe(5);
    expect(take('s4', 2)).toBe(1);
  });

  it('loses no delivery where room was looked for in the middle of a message and not found', () => {
    const looked = {
      parked: () => undefined,
      hasComeOften: () => true,
      make: (_: number, flush: () => void) => flush(),
    };
    intake = new Intake(log, new Registry(model.detector.size * 8), telemetry, {
      ...looked,
      hasCome: () => {},
    } as unknown as Room);
    const kept: LogEntry[] = [];
    log.append = (entry) => kept.push(entry);
    const delivery = { session: 7, packetId: 1, checksum: 2 };
    const decoded = decodeJson(Buffer.from('{"x":1,"y":2}'));
    expect(intake.accept({ source: 'mqtt', topic: 'a', arrival: NOON, delivery }, decoded, model).accepted).toBe(1);
    intake.flush();
    expect(kept.map(({ kind }) => kind)).toEqual(['command', 'batch']);
    take('a', { x: 2 });
    intake.flush();
    expect(kept.at(-1)).toMatchObject({ kind: 'batch', deliveries: [delivery] });
  });

  it('refuses and counts a name of more than 4,096 characters', () => {
    expect(take('t'.repeat(4094), { x: 1 })).toBe(1);
    expect(take('t'.repeat(4095), { x: 1 })).toBe(0);
    expect(telemetry.dropped.get('bad_name')).toBe(1);
  });

  it('says of every payload what it took and why it left the rest', () => {
    expect(receipt('a', { x: 1, y: 2 })).toEqual({ accepted: 2, drops: [] });
    expect(receipt('a', { x: 'no', y: null, z: 3 })).toEqual({ accepted: 1, drops: ['not_a_number', 'empty'] });
    expect(receipt('b', { p: 1, q: 2, r: 3 })).toEqual({ accepted: 2, drops: ['too_many_series'] });
    expect(receipt('t'.repeat(5000), 1)).toEqual({ accepted: 0, drops: ['bad_name'] });
    log.depth = DEPTH_MAX;
    expect(receipt('a', { x: 1, w: 'no' })).toEqual({ accepted: 0, drops: ['not_a_number', 'overflow'] });
    expect(Object.fromEntries(telemetry.dropped)).toEqual({
      not_a_number: 2,
      empty: 1,
      too_many_series: 1,
      bad_name: 1,
      overflow: 1,
    });
  });

  it('counts what it took by source, what it dropped by reason, and numbers that were texts', async () => {
    take('a', { x: '1.5', y: '2', z: 'no', w: null, v: 3 });
    const metrics = await telemetry.metrics.metrics();
    expect(metrics).toContain('tidewatch_samples_total{source="mqtt"} 3\n');
    expect(metrics).toContain('tidewatch_samples_irregular_total{what="numeric_string"} 2\n');
    expect(Object.fromEntries(telemetry.dropped)).toEqual({ not_a_number: 1, empty: 1 });
    expect(telemetry.samples).toBe(3);
  });
});

describe('the intake of events', () => {
  beforeEach(() => {
    registry = new Registry();
    intake = new Intake(log, registry, telemetry);
  });

  it('makes a symbol of every word, switch and number, in the order of the payload', () => {
    const times = [NOON - 3000, NOON - 2000, NOON - 1000];
    expect(
      receiptOf([{ s: 'RUN', ts: times[0] }, { s: 7, ts: times[1] }, { s: 'off', ts: times[2] }, { s: 'END' }]),
    ).toEqual({
      accepted: 4,
      drops: [],
    });
    intake.flush();
    const [{ length, value, time, arrival, flags, series }] = log.batches;
    expect(Array.from(value.slice(0, length))).toEqual(['RUN', '7', 'off', 'END'].map(symbolOf));
    expect(Array.from(time.slice(0, length))).toEqual([...times, NOON]);
    expect(new Set(arrival.slice(0, length))).toEqual(new Set([NOON]));
    expect([...flags.slice(0, length), ...series.slice(0, length)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('counts what is no event by reason, and a word only where there is no room for it', () => {
    expect(receiptOf({ s: 'RUN', empty: ' ', none: null, list: [1] })).toEqual({
      accepted: 1,
      drops: ['empty', 'empty', 'not_a_number'],
    });
    expect(receiptOf({ ['x'.repeat(600)]: 'RUN' }).drops).toEqual(['bad_name']);
    log.depth = DEPTH_MAX;
    expect(receiptOf({ s: 'RUN' })).toEqual({ accepted: 0, drops: ['overflow'] });
  });

  it('does not count a number in a string: its text is the event', async () => {
    expect(receiptOf({ code: '404' }).accepted).toBe(1);
    expect(await telemetry.metrics.metrics()).not.toMatch(/what="numeric_string"\} [1-9]/);
  });
});
