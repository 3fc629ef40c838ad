import { beforeEach, describe, expect, it } from 'vitest';
import type { Fault, FaultKind } from '../../sensors/simulator/faults.ts';
import { Scoreboard } from '../../src/scoreboard.ts';

const START = Date.UTC(2026, 10, 20, 12);
const END = START + 20_000;
const SERIES = 'line1_pump_flow';

let board: Scoreboard;
let id: number;

beforeEach(() => {
  board = new Scoreboard({ seasonMs: 300_000 });
  id = 0;
});

function inject(kind: FaultKind, source = 'line1/pump/flow', startedAtMs = START): Fault {
  const fault = { id: ++id, kind, source, startedAtMs, endedAtMs: startedAtMs + 20_000 };
  board.injected(fault);
  return fault;
}

function alert(startedAtMs: number, series = SERIES): boolean {
  return board.alertOpened({ series, startedAtMs });
}

describe('the scoreboard', () => {
  it('is empty at first', () => {
    expect(board.view()).toEqual({ injected: 0, caught: 0, missed: 0, false: 0, median_delay_ms: null, faults: [] });
  });

  it('lists a fault as active until something is known', () => {
    inject('shift');
    expect(board.tick(END + 10_000)).toBe(false);
    expect(board.view()).toMatchObject({ injected: 1, caught: 0, missed: 0 });
    expect(board.view().faults).toEqual([
      { id: 1, kind: 'shift', series: SERIES, started_at: START, ended_at: END, caught_at: null, outcome: 'active' },
    ]);
  });

  it('counts an alert on its series as caught, with the delay from the start', () => {
    inject('shift');
    expect(alert(START + 3000)).toBe(true);
    board.tick(END + 100_000);
    expect(board.view()).toMatchObject({ injected: 1, caught: 1, missed: 0, false: 0, median_delay_ms: 3000 });
    expect(board.view().faults[0]).toMatchObject({ caught_at: START + 3000, outcome: 'caught' });
  });

  it('catches a fault once, however many alerts it raises', () => {
    inject('shift');
    alert(START + 3000);
    expect(alert(START + 9000)).toBe(false);
    expect(board.view()).toMatchObject({ caught: 1, false: 0, median_delay_ms: 3000 });
  });

  it.each([
    ['shift', 10_000],
    ['drift', 10_000],
    ['silence', 30_000],
    ['stuck', 30_000],
  ] as const)('waits for an alert on %s until %d ms after the end', (kind, graceMs) => {
    inject(kind);
    expect(board.tick(END + graceMs)).toBe(false);
    alert(END + graceMs);
    expect(board.view()).toMatchObject({ caught: 1, missed: 0 });
  });

  it('counts a fault as missed when its grace is over', () => {
    inject('shift');
    expect(board.tick(END + 10_001)).toBe(true);
    expect(board.tick(END + 20_000)).toBe(false);
    expect(board.view()).toMatchObject({ injected: 1, caught: 0, missed: 1, median_delay_ms: null });
    expect(board.view().faults[0].outcome).toBe('missed');
  });

  it('takes a miss back when an alert from within the time comes late', () => {
    inject('shift');
    board.tick(END + 10_001);
    expect(alert(START + 4000)).toBe(true);
    expect(board.view()).toMatchObject({ caught: 1, missed: 0 });
  });

  it('calls an alert false where no fault is, and before one begins', () => {
    inject('shift');
    expect(alert(START + 3000, 'line1_pump_pressure')).toBe(true);
    expect(alert(START - 1)).toBe(true);
    expect(board.view()).toMatchObject({ caught: 0, false: 2 });
  });

  it('forgives the jump back for a minute, and no longer', () => {
    inject('shift');
    alert(START + 3000);
    expect(alert(END + 60_000)).toBe(false);
    expect(board.view()).toMatchObject({ caught: 1, false: 0 });
    expect(alert(END + 60_001)).toBe(true);
    expect(board.view().false).toBe(1);
  });

  it('forgives for no longer than a season', () => {
    board = new Scoreboard({ seasonMs: 15_000 });
    inject('shift');
    alert(END + 15_000);
    alert(END + 15_001);
    expect(board.view()).toMatchObject({ caught: 0, false: 1 });
  });

  it('lets any series of the machine, and no other, catch a broken correlation', () => {
    inject('correlation');
    alert(START + 5000, 'line1_oven_power');
    expect(board.view()).toMatchObject({ caught: 0, false: 1 });
    alert(START + 7000, 'line1_pump_current');
    expect(board.view()).toMatchObject({ caught: 1, false: 1, median_delay_ms: 7000 });
  });

  it('lets one alert speak for two faults on one series', () => {
    inject('noise');
    inject('shift', 'line1/pump/flow', START + 5000);
    alert(START + 8000);
    expect(board.view()).toMatchObject({ injected: 2, caught: 2, median_delay_ms: 5500 });
  });

  it.each(['counter_reset', 'planned_stop'] as const)(
    'praises silence under %s and does not call it injected',
    (kind) => {
      inject(kind, 'line1/pump/energy');
      expect(board.tick(END + 10_001)).toBe(true);
      expect(board.view()).toMatchObject({ injected: 0, caught: 0, missed: 0, false: 0 });
      expect(board.view().faults[0].outcome).toBe('kept_quiet');
    },
  );

  it('calls an alert on a machine that must be quiet a disturbance, and false', () => {
    inject('counter_reset', 'line1/pump/energy');
    alert(START + 2000, 'line1_pump_pressure');
    board.tick(END + 100_000);
    expect(board.view()).toMatchObject({ caught: 0, false: 1 });
    expect(board.view().faults[0].outcome).toBe('disturbed');
  });

  it('prefers a real fault to a disturbance as the reason of an alert', () => {
    inject('counter_reset', 'line1/pump/energy');
    inject('shift');
    alert(START + 2000);
    expect(board.view()).toMatchObject({ caught: 1, false: 0 });
  });

  it('gives the median delay of an odd and an even number of catches', () => {
    const sources = ['line1/pump/flow', 'line1/oven/power', 'line1/conveyor/speed'];
    const delays = [9000, 1000, 2000];
    for (const [i, source] of sources.entries()) {
      inject('shift', source);
      alert(START + delays[i], source.replaceAll('/', '_'));
      if (i === 1) expect(board.view().median_delay_ms).toBe(5000);
    }
    expect(board.view().median_delay_ms).toBe(2000);
  });

  it('shows the newest fifty first and keeps counting all', () => {
    for (let i = 0; i < 70; i++) {
      inject('shift', 'line1/pump/flow', START + i * 150_000);
      board.tick(START + i * 150_000 + 149_000);
    }
    const { injected, missed, faults } = board.view();
    expect({ injected, missed }).toEqual({ injected: 70, missed: 70 });
    expect(faults).toHaveLength(50);
    expect(faults[0].id).toBe(70);
    expect(faults[49].id).toBe(21);
  });

  it('hands out copies', () => {
    inject('shift');
    board.view().faults[0].outcome = 'caught';
    expect(board.view().faults[0].outcome).toBe('active');
  });
});
