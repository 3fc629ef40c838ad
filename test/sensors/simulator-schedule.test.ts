import { describe, expect, it } from 'vitest';
import { CHANNELS } from '../../sensors/simulator/channels.ts';
import { FAULT_KINDS } from '../../sensors/simulator/faults.ts';
import { Plant } from '../../sensors/simulator/plant.ts';
import { Schedule } from '../../sensors/simulator/schedule.ts';
import type { ScheduledFault } from '../../sensors/simulator/schedule.ts';

const START = Date.UTC(2026, 10, 20, 12) + 137;
const TWO_HOURS_MS = 7_200_000;

function faultsOf(seed: number): ScheduledFault[] {
  const schedule = new Schedule({ seed, startedAtMs: START });
  const faults = [schedule.next(START)];
  while (faults[faults.length - 1].at < START + TWO_HOURS_MS) faults.push(schedule.next(faults[faults.length - 1].at));
  return faults;
}

const topicOf = (fault: ScheduledFault): string => fault.source.slice(0, fault.source.lastIndexOf('/'));

describe.each([1, 2, 7, 42])('the schedule of two hours with seed %d', (seed) => {
  const faults = faultsOf(seed);

  it('begins 20 s after the start with something certain to be seen on a gauge', () => {
    const [first] = faults;
    expect(first.at - START).toBeGreaterThanOrEqual(20_000);
    expect(first.at - START).toBeLessThan(21_000);
    expect(['spike', 'shift']).toContain(first.kind);
    expect(CHANNELS.find(({ source }) => source === first.source)?.kind).toBe('gauge');
  });

  it('goes on every 25 to 40 s, on whole seconds', () => {
    for (let i = 1; i < faults.length; i++) {
      const gap = faults[i].at - faults[i - 1].at;
      expect(gap).toBeGreaterThanOrEqual(25_000);
      expect(gap).toBeLessThanOrEqual(40_000);
      expect(faults[i].at % 1000).toBe(0);
    }
  });

  it('gives a spike 2 s and everything else 15 to 40 s', () => {
    for (const { kind, durationMs } of faults) {
      if (kind === 'spike') expect(durationMs).toBe(2000);
      else expect(durationMs >= 15_000 && durationMs <= 40_000).toBe(true);
    }
  });

  it('never has two on one machine and rests each channel for 90 s', () => {
    const machineFreeAt = new Map<string, number>();
    const channelFreeAt = new Map<string, number>();
    for (const fault of faults) {
      const end = fault.at + fault.durationMs;
      expect(fault.at).toBeGreaterThanOrEqual(machineFreeAt.get(topicOf(fault)) ?? 0);
      expect(fault.at).toBeGreaterThanOrEqual(channelFreeAt.get(fault.source) ?? 0);
      machineFreeAt.set(topicOf(fault), end);
      channelFreeAt.set(fault.source, end + 90_000);
    }
  });

  it('visits every kind but the planned stop, every machine, and has the subtle kinds rarely', () => {
    const kinds = faults.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(FAULT_KINDS.filter((kind) => kind !== 'planned_stop')));
    expect(new Set(faults.map(topicOf)).size).toBe(3);
    for (const rare of ['correlation', 'time', 'counter_reset']) {
      expect(kinds.filter((kind) => kind === rare).length).toBeLessThan(faults.length / 15);
    }
  });

  it('can be asked in any order', () => {
    const schedule = new Schedule({ seed, startedAtMs: START });
    for (const fault of faults.toReversed()) expect(schedule.next(fault.at - 1)).toEqual(fault);
  });

  it('is accepted by the plant as it stands', () => {
    const plant = new Plant({ seed });
    for (const { kind, source, at, durationMs } of faults) plant.inject(kind, source, at, durationMs);
    expect(plant.activeFaults(faults[0].at)).toHaveLength(1);
  });
});
