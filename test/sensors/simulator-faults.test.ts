import { describe, expect, it } from 'vitest';
import { CHANNELS } from '../../sensors/simulator/channels.ts';
import { FAULT_KINDS, suits } from '../../sensors/simulator/faults.ts';
import type { Fault, FaultKind } from '../../sensors/simulator/faults.ts';
import { Plant } from '../../sensors/simulator/plant.ts';

const SEED = 7;
const AT = Date.UTC(2026, 10, 20, 12, 1);
const FLOW = 'line1/pump/flow';
/** Noise of the flow, its own and the shared one: √(0.9² + 0.6²). */
const FLOW_SD = 1.08;
const FLOW_RANGE = 38;

const healthy = new Plant({ seed: SEED });

function faulty(kind: FaultKind, source: string, durationMs: number, at = AT): { plant: Plant; fault: Fault } {
  const plant = new Plant({ seed: SEED });
  return { plant, fault: plant.inject(kind, source, at, durationMs) };
}

/** Faulty minus healthy, second by second from the start of the fault. */
function differences(plant: Plant, source: string, seconds: number, from = AT): number[] {
  return Array.from({ length: seconds }, (_, i) => {
    const time = from + i * 1000;
    return plant.valueAt(source, time) - healthy.valueAt(source, time);
  });
}

function fieldsAt(plant: Plant, time: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const { topic, payload } of plant.messagesAt(time)) {
    for (const [field, value] of Object.entries(JSON.parse(payload) as object)) fields[`${topic}/${field}`] = value;
  }
  return fields;
}

const healthyFields = new Map<number, Record<string, unknown>>();

function healthyFieldsAt(time: number): Record<string, unknown> {
  const fields = healthyFields.get(time) ?? fieldsAt(healthy, time);
  healthyFields.set(time, fields);
  return fields;
}

describe('a fault', () => {
  const pairs = CHANNELS.flatMap((channel) =>
    FAULT_KINDS.filter((kind) => suits(kind, channel)).map((kind) => [kind, channel.source] as const),
  );

  it.each(pairs)('%s on %s changes nothing before, nothing elsewhere and nothing after', (kind, source) => {
    const { plant, fault } = faulty(kind, source, 30_000);
    // A stop is the machine's, a counter starts again for good, and the meter remembers what a stop has saved.
    const mayDiffer = (key: string, time: number): boolean => {
      const within = time >= AT && time < fault.endedAtMs;
      if (kind === 'planned_stop') {
        const machine = source.slice(0, source.lastIndexOf('/') + 1);
        return key.startsWith(machine) && (within || (key.endsWith('/energy') && time >= AT));
      }
      // An on-change sensor tells with its first report after the fault what it missed.
      const end = source.endsWith('/door') ? fault.endedAtMs + 1000 : fault.endedAtMs;
      return key === source && time >= AT && (kind === 'counter_reset' || time < end);
    };
    const strays: string[] = [];
    for (let time = AT - 70_000; time < AT + 130_000; time += 1000) {
      const want = healthyFieldsAt(time);
      const got = fieldsAt(plant, time);
      for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
        if (got[key] !== want[key] && !mayDiffer(key, time)) strays.push(`${key} at ${time - AT} ms`);
      }
    }
    expect(strays).toEqual([]);
  });

  it('of kind spike is two samples, 10 to 14 sd off', () => {
    const { plant, fault } = faulty('spike', FLOW, 30_000);
    expect(fault.endedAtMs - fault.startedAtMs).toBe(2000);
    const [first, second, third] = differences(plant, FLOW, 3).map((d) => Math.abs(d) / FLOW_SD);
    expect(first).toBeGreaterThan(9.9);
    expect(first).toBeLessThan(14.1);
    expect(second).toBeCloseTo(first, 0);
    expect(third).toBe(0);
  });

  it('of kind shift is one step of two fifths of the day', () => {
    const steps = differences(faulty('shift', FLOW, 30_000).plant, FLOW, 30).map(Math.abs);
    expect(Math.min(...steps)).toBeGreaterThan(0.35 * FLOW_RANGE);
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThan(0.21);
  });

  it('of kind shift on a set point is at least eight of its smallest steps', () => {
    const [step] = differences(faulty('shift', 'line1/oven/setpoint', 30_000).plant, 'line1/oven/setpoint', 1);
    expect(Math.abs(step)).toBe(8);
  });

  it('of kind drift begins small, grows evenly and reaches the range of the day', () => {
    const ramp = differences(faulty('drift', FLOW, 30_000).plant, FLOW, 30).map(Math.abs);
    expect(ramp[0]).toBeLessThan(0.06 * FLOW_RANGE);
    expect(ramp[29]).toBeGreaterThan(0.9 * FLOW_RANGE);
    for (let i = 1; i < 30; i++) expect(ramp[i] - ramp[i - 1]).toBeCloseTo(ramp[29] / 30, 0);
  });

  it('of kind noise adds five times the noise to the noise that is there', () => {
    const added = differences(faulty('noise', FLOW, 600_000).plant, FLOW, 600);
    const sd = Math.sqrt(added.reduce((sum, d) => sum + d * d, 0) / added.length);
    expect(sd / FLOW_SD).toBeGreaterThan(4.4);
    expect(sd / FLOW_SD).toBeLessThan(5.6);
  });

  it('of kind stuck repeats the last value', () => {
    const { plant } = faulty('stuck', FLOW, 30_000, AT + 400);
    const last = healthy.valueAt(FLOW, AT);
    for (let i = 1; i <= 30; i++) expect(plant.valueAt(FLOW, AT + i * 1000)).toBe(last);
    expect(plant.valueAt(FLOW, AT + 31_000)).toBe(healthy.valueAt(FLOW, AT + 31_000));
  });

  it('of kind stuck on a battery repeats the last report, not the last second', () => {
    const battery = 'line1/conveyor/battery';
    const { plant } = faulty('stuck', battery, 300_000);
    const reported = (plant: Plant, from: number, to: number): unknown[] => {
      const values: unknown[] = [];
      for (let time = from; time < to; time += 1000) values.push(fieldsAt(plant, time)[battery]);
      return values.filter((value) => value !== undefined);
    };
    const last = reported(healthy, AT - 120_000, AT).at(-1);
    expect(new Set(reported(plant, AT, AT + 300_000))).toEqual(new Set([last]));
  });

  it('of kind silence takes the field out and leaves its message', () => {
    const { plant } = faulty('silence', FLOW, 30_000);
    for (let time = AT; time < AT + 30_000; time += 1000) {
      const fields = fieldsAt(plant, time);
      expect(fields[FLOW]).toBeUndefined();
      expect(fields['line1/pump/pressure']).toBeTypeOf('number');
    }
    expect(fieldsAt(plant, AT + 30_000)[FLOW]).toBeTypeOf('number');
  });

  it('of kind correlation leaves the channel normal for the hour but not with its neighbours', () => {
    const gaps = differences(faulty('correlation', FLOW, 40_000).plant, FLOW, 40).map(Math.abs);
    // Two days never differ by more than twice the reach of the wander: 3 · √(2/3) · 0.045 · 52 L/min.
    expect(Math.max(...gaps)).toBeLessThan(2 * 5.8);
    expect(Math.max(...gaps)).toBeGreaterThan(3 * FLOW_SD);
    // It fades in: no jump gives it away.
    expect(gaps[0]).toBeLessThan(FLOW_SD / 2);
    expect(gaps[1]).toBeLessThan(3 * FLOW_SD);
  });

  it('of kind time plays the day half a season on', () => {
    const { plant } = faulty('time', FLOW, 30_000);
    // At noon the pump should run high; at midnight it does not.
    const noon = Math.ceil(AT / 300_000) * 300_000 + 150_000;
    const wrong = new Plant({ seed: SEED });
    wrong.inject('time', FLOW, noon, 30_000);
    expect(healthy.valueAt(FLOW, noon)).toBeGreaterThan(45);
    expect(wrong.valueAt(FLOW, noon)).toBeLessThan(35);
    expect(differences(plant, FLOW, 30).some((d) => Math.abs(d) > 6 * FLOW_SD)).toBe(true);
  });

  it('of kind counter_reset lets the counter start from zero and go on as before', () => {
    const energy = 'line1/pump/energy';
    const { plant } = faulty('counter_reset', energy, 15_000);
    expect(plant.valueAt(energy, AT)).toBe(0);
    const hour = 3_600_000;
    expect(plant.valueAt(energy, AT + hour)).toBeCloseTo(
      healthy.valueAt(energy, AT + hour) - healthy.valueAt(energy, AT),
      2,
    );
    plant.inject('counter_reset', energy, AT + hour, 15_000);
    expect(plant.valueAt(energy, AT + hour)).toBe(0);
  });

  it('of kind planned_stop brings the machine to rest without a jump, and the meter nearly stops', () => {
    const { plant } = faulty('planned_stop', FLOW, 60_000);
    const flow = Array.from({ length: 62 }, (_, i) => plant.valueAt(FLOW, AT + (i - 1) * 1000));
    expect(flow[31]).toBeGreaterThanOrEqual(1);
    expect(flow[31]).toBeLessThan(4);
    for (let i = 1; i < flow.length; i++) expect(Math.abs(flow[i] - flow[i - 1])).toBeLessThan(12);
    const energy = Array.from({ length: 120 }, (_, i) => plant.valueAt('line1/pump/energy', AT + i * 1000));
    for (let i = 1; i < energy.length; i++) expect(energy[i]).toBeGreaterThanOrEqual(energy[i - 1]);
    expect(energy[40] - energy[20]).toBeCloseTo((1.9 * 20) / 3600, 2);
    expect(plant.valueAt('line1/oven/power', AT + 30_000)).toBe(healthy.valueAt('line1/oven/power', AT + 30_000));
  });

  it('never shows less than nothing, and keeps its size instead of ending flat at zero', () => {
    for (const channel of CHANNELS) {
      for (const kind of FAULT_KINDS.filter((kind) => suits(kind, channel))) {
        for (let hour = 0; hour < 24; hour += 3) {
          const at = Math.floor((AT + hour * 12_500) / 1000) * 1000;
          const { plant } = faulty(kind, channel.source, 20_000, at);
          const lowest = Math.min(
            ...Array.from({ length: 20 }, (_, i) => plant.valueAt(channel.source, at + i * 1000)),
          );
          expect(lowest).toBeGreaterThanOrEqual(0);
          if (kind === 'spike' || kind === 'shift' || kind === 'drift') expect(lowest).toBeGreaterThan(0);
        }
      }
    }
  });

  it('is active from its start to just before its end, and has an id of its own', () => {
    const plant = new Plant({ seed: SEED });
    const one = plant.inject('shift', FLOW, AT, 20_000);
    const two = plant.inject('noise', 'line1/oven/power', AT + 10_000, 20_000);
    expect(two.id).not.toBe(one.id);
    expect(plant.activeFaults(AT - 1)).toEqual([]);
    expect(plant.activeFaults(AT)).toEqual([one]);
    expect(plant.activeFaults(AT + 10_000)).toEqual([one, two]);
    expect(plant.activeFaults(AT + 20_000)).toEqual([two]);
  });
});

describe('inject refuses', () => {
  const plant = new Plant({ seed: SEED });

  it('a source that the plant does not have', () => {
    expect(() => plant.inject('shift', 'line1/pump/colour', AT, 20_000)).toThrow(
      /expected a source such as .*"line1\/pump\/colour"/,
    );
  });

  it.each([
    ['counter_reset', FLOW],
    ['shift', 'line1/oven/door'],
    ['spike', 'line1/pump/energy'],
    ['stuck', 'line1/oven/setpoint'],
    ['noise', 'line1/conveyor/battery'],
  ] as const)('%s on %s, and says what would fit', (kind, source) => {
    expect(() => plant.inject(kind, source, AT, 20_000)).toThrow(/expected one of .*planned_stop, got/);
  });

  it('a kind it has never heard of', () => {
    expect(() => plant.inject('sabotage' as FaultKind, FLOW, AT, 20_000)).toThrow(RangeError);
  });

  it.each([0, 999, Number.NaN, Infinity])('a duration of %d ms', (durationMs) => {
    expect(() => plant.inject('shift', FLOW, AT, durationMs)).toThrow(/duration/);
  });

  it('a second stop of a machine that stands', () => {
    plant.inject('planned_stop', FLOW, AT, 60_000);
    expect(() => plant.inject('planned_stop', 'line1/pump/energy', AT + 30_000, 60_000)).toThrow(/stopped/);
  });
});
