import { describe, expect, test } from 'vitest';
import { REASON } from '../../models/alert.ts';
import { createBatch, pushRow, ROW } from '../../models/batch.ts';
import { Inspection, NOTHING_FOUND } from '../../models/inspection.ts';
import { layoutOf } from '../../models/layout.ts';
import { NO_LIMITS } from '../../models/limits.ts';
import { expectSameBits } from './difference.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const layout = layoutOf(3, 4, 4);
const tank = { min: 0, max: 100, rate: 5 };

interface Look {
  value?: number;
  change?: number;
  gap?: number;
  flags?: number;
  /** Arrival minus time, ms. */
  behind?: number;
}

/** The inspection of one series, row by row. */
class Looked {
  readonly memory = new Float64Array(layout.size);
  readonly inspection: Inspection;
  #row = 0;

  constructor(limits = tank) {
    this.inspection = new Inspection(limits, layout);
  }

  /** What is found of the next row. */
  at({ value = 50, change = 0, gap = SECOND, flags = 0, behind = 0 }: Look): {
    reason: number;
    excess: number;
    begins: boolean;
  } {
    const batch = createBatch(1);
    const arrival = this.#row++ * SECOND;
    pushRow(batch, 0, arrival - behind, arrival, value, flags);
    this.inspection.begin();
    if ((flags & ROW.text) !== 0) this.inspection.inspectText(this.memory, 0);
    else this.inspection.inspect(this.memory, 0, batch, 0, value, change, gap);
    const { reason, excess, begins } = this.inspection;
    return { reason, excess, begins };
  }

  /** Reasons of these rows, −1 for nothing. */
  reasons(looks: readonly Look[]): number[] {
    return looks.map((look) => this.at(look).reason);
  }
}

const times = (n: number, look: Look) => Array.from({ length: n }, () => look);
const found = (reasons: number[]) => reasons.flatMap((reason, row) => (reason < 0 ? [] : [[row, reason]]));

describe('a value', () => {
  test('within its limits is nothing, and what was found of the row before is gone', () => {
    const looked = new Looked();
    expect(looked.at({ value: 150 }).reason).toBe(REASON.limit);
    expect(looked.at({ value: 50 }).reason).toBe(NOTHING_FOUND.reason);
  });

  test('beyond them is found as long as it is there, and begins once', () => {
    const looked = new Looked();
    const looks = [50, 150, 160, 50, 150].map((value) => looked.at({ value }));
    expect(looks.map(({ reason }) => reason === REASON.limit)).toEqual([false, true, true, false, true]);
    expect(looks.filter(({ reason }) => reason >= 0).map(({ begins }) => begins)).toEqual([true, false, true]);
    expect(looks[1].excess).toBeCloseTo(50 / 150, 12);
  });

  test('that changes faster than it can is found, by the change and the time it took', () => {
    const looked = new Looked();
    expect(looked.at({ change: -10 })).toEqual({ reason: REASON.rate, excess: 0.5, begins: true });
    expect(looked.at({ change: 10, gap: 4 * SECOND }).reason).toBe(NOTHING_FOUND.reason);
  });

  test('beyond its limits that changed too fast as well is beyond its limits', () => {
    expect(new Looked().at({ value: 200, change: 100 })).toEqual({ reason: REASON.limit, excess: 0.5, begins: true });
  });

  test('that is on or off has no limits', () => {
    const looked = new Looked({ min: 5, max: 9, rate: 0.001 });
    expect(found(looked.reasons(times(5, { value: 1, change: 1, flags: ROW.onOff })))).toEqual([]);
  });

  test('without limits is never beyond them', () => {
    expect(new Looked(NO_LIMITS).at({ value: 1e300, change: 1e300 }).reason).toBe(NOTHING_FOUND.reason);
  });
});

describe('another type of value', () => {
  const numbers = times(12, {});

  test.each([
    ['on/off', ROW.onOff],
    ['text', ROW.text],
  ])('is found where numbers become %s, once and with no excess', (_, flags) => {
    const looked = new Looked();
    expect(found(looked.reasons(numbers))).toEqual([]);
    expect(looked.at({ value: 1, flags })).toEqual({ reason: REASON.typeChange, excess: 0, begins: true });
    expect(found(looked.reasons(times(5, { value: 1, flags })))).toEqual([]);
  });

  test('beyond a limit at once is found beyond its limit', () => {
    const looked = new Looked();
    looked.reasons(times(12, { value: 1, flags: ROW.onOff }));
    expect(looked.at({ value: 500 }).reason).toBe(REASON.limit);
  });
});

describe('a clock that runs away', () => {
  const looks = [...times(150, {}), ...times(400, { behind: 20 * MINUTE })];

  test('is found once in a live series', () => {
    const all = found(new Looked().reasons(looks));
    expect(all).toEqual([[450, REASON.clockSkew]]);
  });

  test('is no matter in a recorded one, whose times are long past', () => {
    const looked = new Looked();
    const before = looked.memory.slice(layout.skew, layout.skew + 5);
    expect(found(looked.reasons(looks.map((look) => ({ ...look, flags: ROW.recorded }))))).toEqual([]);
    expectSameBits('clock', looked.memory.slice(layout.skew, layout.skew + 5), before);
  });
});

test('one object serves every series: what one has seen is not held against another', () => {
  const inspection = new Inspection(tank, layout);
  const size = layout.size;
  const memory = new Float64Array(2 * size);
  const batch = createBatch(1);
  pushRow(batch, 0, 0, 0, 150, 0);
  const begins = [0, 0, size, size].map((at) => {
    inspection.begin();
    inspection.inspect(memory, at, batch, 0, 150, 0, 0);
    return inspection.begins;
  });
  expect(begins).toEqual([true, false, true, false]);
});
