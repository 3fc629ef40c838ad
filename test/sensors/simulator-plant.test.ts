import { describe, expect, it } from 'vitest';
import { CHANNELS, UNITS } from '../../sensors/simulator/channels.ts';
import { gaussian } from '../../sensors/simulator/hash.ts';
import { Plant } from '../../sensors/simulator/plant.ts';
import { integralAt, lagged, waveAt } from '../../sensors/simulator/wave.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const SECONDS_OF_TWO_HOURS = 7200;

/** Field → [time, value] as published from NOON on. */
function published(plant: Plant, seconds: number): Map<string, [number, unknown][]> {
  const bySource = new Map<string, [number, unknown][]>(CHANNELS.map(({ source }) => [source, []]));
  for (let i = 0; i < seconds; i++) {
    for (const { topic, payload, time } of plant.messagesAt(NOON + i * 1000)) {
      const { ts, ...fields } = JSON.parse(payload) as Record<string, unknown>;
      expect(ts).toBe(time);
      for (const [field, value] of Object.entries(fields)) bySource.get(`${topic}/${field}`)?.push([time, value]);
    }
  }
  return bySource;
}

describe('the plant', () => {
  const plant = new Plant({ seed: 7 });
  const twoHours = published(plant, SECONDS_OF_TWO_HOURS);
  const values = (source: string): number[] => (twoHours.get(source) ?? []).map(([, value]) => value as number);

  it('has three machines with six channels each, every one with a plain source and a unit on file', () => {
    expect(CHANNELS).toHaveLength(18);
    for (const topic of ['line1/pump', 'line1/oven', 'line1/conveyor']) {
      expect(CHANNELS.filter((channel) => channel.topic === topic)).toHaveLength(6);
    }
    for (const { source, topic, field } of CHANNELS) {
      expect(source).toBe(`${topic}/${field}`);
      // Plain: the series id is the source with '_' for '/', without replacement or hash.
      expect(source).toMatch(/^[a-z0-9/-]{1,55}$/);
    }
    expect(UNITS.get('line1/pump/pressure')).toBe('bar');
    expect(UNITS.size).toBe(18);
  });

  it('says the same at a time, whatever was asked before and after', () => {
    const forwards = Array.from({ length: 200 }, (_, i) => plant.messagesAt(NOON + i * 1000));
    const other = new Plant({ seed: 7 });
    const backwards = Array.from({ length: 200 }, (_, i) => other.messagesAt(NOON + (199 - i) * 1000)).reverse();
    expect(backwards).toEqual(forwards);
  });

  it('is another world under another seed', () => {
    expect(new Plant({ seed: 8 }).messagesAt(NOON)).not.toEqual(plant.messagesAt(NOON));
  });

  it('refuses a time between two seconds', () => {
    expect(() => plant.messagesAt(NOON + 1)).toThrow(RangeError);
  });

  it('reports gauges, counter and set point every second', () => {
    for (const { source, cadenceMs } of CHANNELS) {
      if (cadenceMs === 1000) expect(twoHours.get(source), source).toHaveLength(SECONDS_OF_TWO_HOURS);
    }
  });

  it.each([
    // source, lowest, highest, decimals
    ['line1/pump/pressure', 4, 7, 2],
    ['line1/pump/flow', 5, 70, 1],
    ['line1/pump/current', 12, 70, 2],
    ['line1/pump/temperature', 28, 68, 1],
    ['line1/pump/vibration', 1, 3.5, 2],
    ['line1/pump/energy', 1e6, 3e6, 3],
    ['line1/oven/temperature', 168, 188, 1],
    ['line1/oven/setpoint', 185, 185, 0],
    ['line1/oven/power', 6, 32, 2],
    ['line1/oven/humidity', 5, 25, 1],
    ['line1/oven/airflow', 580, 890, 0],
    ['line1/conveyor/speed', 12, 25, 2],
    ['line1/conveyor/torque', 75, 165, 1],
    ['line1/conveyor/current', 3, 12, 2],
    ['line1/conveyor/temperature', 24, 46, 1],
    ['line1/conveyor/vibration', 0.8, 2.7, 2],
    ['line1/conveyor/battery', 3.5, 3.75, 2],
  ])('keeps %s within %d..%d, with %d decimals at most', (source, low, high, decimals) => {
    const seen = values(source);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...seen)).toBeLessThanOrEqual(high);
    expect(seen.filter((value) => Number(value.toFixed(decimals)) !== value)).toEqual([]);
  });

  it('shows every gauge a day that is more than its noise', () => {
    for (const { source, kind, cadenceMs } of CHANNELS) {
      if (kind !== 'gauge' || cadenceMs !== 1000) continue;
      const seen = values(source);
      const steps = seen.slice(1).map((value, i) => Math.abs(value - seen[i]));
      const meanStep = steps.reduce((a, b) => a + b, 0) / steps.length;
      expect(Math.max(...seen) - Math.min(...seen), source).toBeGreaterThan(15 * meanStep);
    }
  });

  it('repeats its day after a season, up to wander, and the day is no pure sine', () => {
    const flow = values('line1/pump/flow');
    const day = Array.from({ length: 300 }, (_, s) => {
      const same = Array.from({ length: 24 }, (_, d) => flow[d * 300 + s]);
      return same.reduce((a, b) => a + b, 0) / same.length;
    });
    const power = (k: number): number => {
      const part = (f: (x: number) => number): number =>
        day.reduce((sum, y, s) => sum + y * f((2 * Math.PI * k * s) / 300), 0) / 150;
      return Math.hypot(part(Math.cos), part(Math.sin));
    };
    expect(power(1)).toBeGreaterThan(10);
    expect(power(2)).toBeGreaterThan(1);
    expect(power(3)).toBeGreaterThan(0.5);
  });

  it('lets pressure fall when flow rises, and temperature come after current', () => {
    expect(correlation(values('line1/pump/pressure'), values('line1/pump/flow'))).toBeLessThan(-0.9);
    const current = values('line1/pump/current');
    const temperature = values('line1/pump/temperature');
    const after = (seconds: number): number => correlation(current.slice(0, 7000), temperature.slice(seconds));
    expect(after(15)).toBeGreaterThan(after(0));
    expect(after(15)).toBeGreaterThan(after(40));
  });

  it('counts energy upwards only, at the power that the current tells', () => {
    const energy = values('line1/pump/energy');
    expect(energy.filter((kWh, i) => i > 0 && kWh <= energy[i - 1])).toEqual([]);
    const current = values('line1/pump/current');
    const meanCurrent = current.reduce((a, b) => a + b, 0) / current.length;
    // 0.589 kW per ampere, for two hours.
    expect(energy[7199] - energy[0]).toBeCloseTo(0.589 * meanCurrent * 2, 0);
  });

  it('reports the battery about once a minute, in a message of its own', () => {
    const times = (twoHours.get('line1/conveyor/battery') ?? []).map(([time]) => time);
    expect(times).toHaveLength(120);
    const gaps = times.slice(1).map((time, i) => (time - times[i]) / 1000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(54);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(66);
    expect(new Set(gaps).size).toBeGreaterThan(3);
    const payloads = plant.messagesAt(times[0]).filter(({ payload }) => payload.includes('battery'));
    expect(payloads.map(({ payload }) => Object.keys(JSON.parse(payload) as object))).toEqual([['ts', 'battery']]);
  });

  it('reports the door only when it changes, on and off in turn', () => {
    const reports = twoHours.get('line1/oven/door') ?? [];
    expect(reports.length).toBeGreaterThan(24 * 10);
    expect(reports.length).toBeLessThan(24 * 24 + 1);
    for (let i = 1; i < reports.length; i++) {
      expect(reports[i][1]).toBe(reports[i - 1][1] === 'on' ? 'off' : 'on');
    }
  });
});

describe('the tools of the plant', () => {
  it('make noise with mean 0, sd 1 and no memory', () => {
    const n = 20_000;
    const noise = Array.from({ length: n }, (_, i) => gaussian(7, 3, 1_790_000_000 + i));
    const mean = noise.reduce((a, b) => a + b, 0) / n;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(noise.reduce((a, b) => a + b * b, 0) / n).toBeCloseTo(1, 1);
    expect(Math.abs(correlation(noise.slice(0, -1), noise.slice(1)))).toBeLessThan(0.03);
    const neighbour = noise.map((_, i) => gaussian(7, 4, 1_790_000_000 + i));
    expect(Math.abs(correlation(noise, neighbour))).toBeLessThan(0.03);
  });

  it('lag a wave as a first-order filter run step by step would', () => {
    const wave = { mean: 2, daily: [{ periodMs: 60_000, amplitude: 3, phase: 1 }], wander: [] };
    const lagMs = 7000;
    let filtered = wave.mean;
    for (let t = 0; t < 600_000; t++) filtered += (waveAt(wave, t) - filtered) / lagMs;
    expect(waveAt(lagged(wave, lagMs), 600_000)).toBeCloseTo(filtered, 2);
  });

  it('integrate a wave as adding it up would', () => {
    const wave = { mean: 2, daily: [{ periodMs: 60_000, amplitude: 3, phase: 1 }], wander: [] };
    let sum = 0;
    for (let t = 0; t < 25_000; t++) sum += waveAt(wave, t + 0.5);
    expect(integralAt(wave, 25_000) - integralAt(wave, 0)).toBeCloseTo(sum, 1);
  });
});

function correlation(a: number[], b: number[]): number {
  const n = Math.min(a.length, b.length);
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sa += a[i];
    sb += b[i];
    saa += a[i] * a[i];
    sbb += b[i] * b[i];
    sab += a[i] * b[i];
  }
  return (n * sab - sa * sb) / Math.sqrt((n * saa - sa * sa) * (n * sbb - sb * sb));
}
