/**
 * An energy meter, kWh: the exact integral of a power wave since the meter was installed, less what was not used while
 * the machine stood still. Never decreases, because the power of a standing machine is still above zero.
 */
import { TICK_MS } from './channels.ts';
import { fade } from './effects.ts';
import type { Fault } from './faults.ts';
import { integralAt, waveAt } from './wave.ts';
import type { Wave } from './wave.ts';

const INSTALLED_AT = Date.UTC(2020, 0, 1);
const MS_PER_HOUR = 3_600_000;

interface Stop {
  readonly firstTick: number;
  /** kWh saved after 0, 1, 2… seconds of the stop. */
  readonly saved: Float64Array;
}

export class Meter {
  readonly #power: Wave;
  readonly #idle: number;
  readonly #integralAtStart: number;
  readonly #stops: Stop[] = [];

  /** @param power  kW;  @param idle  kW of the standing machine */
  constructor(power: Wave, idle: number) {
    this.#power = power;
    this.#idle = idle;
    this.#integralAtStart = integralAt(power, INSTALLED_AT);
  }

  readingAt(time: number): number {
    let kWh = (integralAt(this.#power, time) - this.#integralAtStart) / MS_PER_HOUR;
    for (const { firstTick, saved } of this.#stops) {
      const ticks = Math.floor((time - firstTick) / TICK_MS);
      if (ticks > 0) kWh -= saved[Math.min(ticks, saved.length - 1)];
    }
    return kWh;
  }

  addStop(fault: Fault, rampMs: number): void {
    const firstTick = Math.ceil(fault.startedAtMs / TICK_MS) * TICK_MS;
    const ticks = Math.max(0, Math.ceil((fault.endedAtMs - firstTick) / TICK_MS));
    const saved = new Float64Array(ticks + 1);
    for (let i = 0; i < ticks; i++) {
      const time = firstTick + i * TICK_MS;
      const spared = (waveAt(this.#power, time) - this.#idle) * fade(fault, rampMs, time);
      saved[i + 1] = saved[i] + (spared * TICK_MS) / MS_PER_HOUR;
    }
    this.#stops.push({ firstTick, saved });
  }
}
