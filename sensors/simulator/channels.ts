/**
 * What stands in the hall: three machines with six channels each, and the physics of every channel as numbers.
 *
 * A gauge follows the load of its machine: value = base + gain · load behind a lag, plus wander and noise of its own.
 * Load is 0..1, lags are hours of the 24-hour season. `decimals` is the resolution of the sensor: real ones quantise.
 */
export type ChannelKind = 'gauge' | 'counter' | 'on_off' | 'constant';

export interface ChannelInfo {
  /** topic + '/' + field: `line1/pump/pressure`. */
  readonly source: string;
  readonly topic: string;
  readonly field: string;
  /** Empty where the value has none. */
  readonly unit: string;
  readonly kind: ChannelKind;
  /** Time between reports; null: reports only a change. */
  readonly cadenceMs: number | null;
}

/** How hard a machine works over the day. */
export interface LoadShape {
  readonly mean: number;
  /** First and second daily harmonic: amplitude and the hour of the peak. */
  readonly first: readonly [amplitude: number, peakHour: number];
  readonly second: readonly [amplitude: number, peakHour: number];
  readonly shift: readonly [height: number, fromHour: number, toHour: number];
}

export interface GaugeSpec {
  readonly base: number;
  readonly gain: number;
  readonly lagHours: number;
  /** Noise of the sensor itself. */
  readonly sd: number;
  /** Part in the fast disturbance that the channels of a machine share; the sign tells the direction. */
  readonly shared: number;
  readonly decimals: number;
  /** Value while the machine stands still. */
  readonly idle: number;
}

export interface CounterSpec {
  readonly decimals: number;
  /** The rate in kW: base + gain · load. */
  readonly base: number;
  readonly gain: number;
  readonly idle: number;
}

interface Common {
  readonly field: string;
  readonly unit: string;
}

export type ChannelSpec =
  | (Common & { readonly kind: 'gauge'; readonly gauge: GaugeSpec })
  | (Common & { readonly kind: 'battery'; readonly volts: number; readonly sd: number; readonly decimals: number })
  | (Common & { readonly kind: 'counter'; readonly counter: CounterSpec })
  | (Common & { readonly kind: 'constant'; readonly value: number })
  | (Common & { readonly kind: 'on_off' });

export interface Machine {
  readonly topic: string;
  readonly load: LoadShape;
  readonly channels: readonly ChannelSpec[];
}

const PUMP: Machine = {
  topic: 'line1/pump',
  load: { mean: 0.52, first: [0.19, 13], second: [0.06, 9], shift: [0.24, 6, 20] },
  channels: [
    // A pump gives pressure or flow: where one goes up, the other goes down.
    gauge('pressure', 'bar', {
      base: 6.3,
      gain: -1.7,
      lagHours: 0.05,
      sd: 0.03,
      shared: -0.02,
      decimals: 2,
      idle: 1.1,
    }),
    gauge('flow', 'L/min', { base: 12, gain: 52, lagHours: 0.1, sd: 0.9, shared: 0.6, decimals: 1, idle: 2.5 }),
    gauge('current', 'A', { base: 18, gain: 46, lagHours: 0.15, sd: 0.9, shared: 0.3, decimals: 2, idle: 3.2 }),
    gauge('temperature', '°C', { base: 31, gain: 34, lagHours: 1.4, sd: 0.4, shared: 0, decimals: 1, idle: 24 }),
    gauge('vibration', 'mm/s', { base: 1.4, gain: 1.7, lagHours: 0, sd: 0.05, shared: 0, decimals: 2, idle: 0.3 }),
    {
      field: 'energy',
      unit: 'kWh',
      kind: 'counter',
      // 400 V, three phases, cos φ 0.85: 0.59 kW per ampere of the current above.
      counter: { decimals: 3, base: 10.6, gain: 27.1, idle: 1.9 },
    },
  ],
};

const OVEN: Machine = {
  topic: 'line1/oven',
  load: { mean: 0.5, first: [0.17, 11], second: [0.08, 6], shift: [0.26, 5, 17] },
  channels: [
    // Cold goods pull the temperature below its set point.
    gauge('temperature', '°C', { base: 186, gain: -14, lagHours: 0.9, sd: 0.25, shared: 0, decimals: 1, idle: 60 }),
    { field: 'setpoint', unit: '°C', kind: 'constant', value: 185 },
    gauge('power', 'kW', { base: 9, gain: 21, lagHours: 0.2, sd: 0.4, shared: 0.15, decimals: 2, idle: 1.5 }),
    gauge('humidity', '%', { base: 8, gain: 14, lagHours: 0.5, sd: 0.28, shared: 0, decimals: 1, idle: 6 }),
    gauge('airflow', 'm³/h', { base: 620, gain: 240, lagHours: 0.1, sd: 5, shared: 2, decimals: 0, idle: 90 }),
    { field: 'door', unit: '', kind: 'on_off' },
  ],
};

const CONVEYOR: Machine = {
  topic: 'line1/conveyor',
  load: { mean: 0.5, first: [0.18, 15], second: [0.07, 10], shift: [0.25, 8, 21] },
  channels: [
    gauge('speed', 'm/min', { base: 14, gain: 9, lagHours: 0, sd: 0.17, shared: 0.06, decimals: 2, idle: 2 }),
    gauge('torque', 'N·m', { base: 85, gain: 70, lagHours: 0.1, sd: 1.4, shared: 0.8, decimals: 1, idle: 12 }),
    gauge('current', 'A', { base: 4.2, gain: 6.5, lagHours: 0.15, sd: 0.12, shared: 0.06, decimals: 2, idle: 0.9 }),
    gauge('temperature', '°C', { base: 26, gain: 19, lagHours: 1.8, sd: 0.22, shared: 0, decimals: 1, idle: 22 }),
    gauge('vibration', 'mm/s', { base: 1.1, gain: 1.3, lagHours: 0, sd: 0.04, shared: 0, decimals: 2, idle: 0.25 }),
    // The radio unit of the bearing sensor wakes up once a minute.
    { field: 'battery', unit: 'V', kind: 'battery', volts: 3.62, sd: 0.006, decimals: 2 },
  ],
};

export const MACHINES: readonly Machine[] = [PUMP, OVEN, CONVEYOR];

export const TICK_MS = 1000;
export const BATTERY_CADENCE_MS = 60_000;

/** All channels, machine by machine. */
export const CHANNELS: readonly ChannelInfo[] = MACHINES.flatMap(({ topic, channels }) =>
  channels.map(({ field, unit, kind }) => ({
    source: `${topic}/${field}`,
    topic,
    field,
    unit,
    kind: kind === 'battery' ? 'gauge' : kind,
    cadenceMs: kind === 'on_off' ? null : kind === 'battery' ? BATTERY_CADENCE_MS : TICK_MS,
  })),
);

/** Source → unit. */
export const UNITS: ReadonlyMap<string, string> = new Map(CHANNELS.map(({ source, unit }) => [source, unit]));

function gauge(field: string, unit: string, spec: GaugeSpec): ChannelSpec {
  return { field, unit, kind: 'gauge', gauge: spec };
}
