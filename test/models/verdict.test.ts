import { describe, expect, test } from 'vitest';
import { accept, type AlertChange, isFiring, REASON } from '../../models/alert.ts';
import { createBatch, pushRow } from '../../models/batch.ts';
import { budgetRate, budgetThreshold, chanceRate, initialiseBudget } from '../../models/budget.ts';
import { SCORE_MAX } from '../../models/calibration.ts';
import { type Finding, NOTHING_FOUND } from '../../models/inspection.ts';
import { layoutOf } from '../../models/layout.ts';
import { type Learned, Verdict } from '../../models/verdict.ts';

const SECOND = 1000;
const SEASON = 48 * 60 * SECOND;
/** A 48th of the season. */
const HOLD_ROWS = 60;
const layout = layoutOf(3, 4, 4);
const THRESHOLD = 4;
const RELEASE = 0.75 * THRESHOLD;

/** One series of which it is said row by row what was learned and found. */
class Told {
  readonly memory = new Float64Array(layout.size);
  /** Times at which an alert opened. */
  readonly openedAt: number[] = [];
  stands = false;
  readonly #verdict: Verdict;
  #row = 0;

  constructor() {
    initialiseBudget(this.memory, layout.budget);
    this.#verdict = new Verdict(SEASON, layout, {
      opened: () => this.openedAt.push(this.#row),
      stands: () => this.stands,
    });
  }

  row(learned: Partial<Learned>, found: Finding = NOTHING_FOUND) {
    const batch = createBatch(1);
    const time = this.#row * SECOND;
    pushRow(batch, 0, time, time, this.#row, 0);
    batch.expected[0] = -1;
    batch.lower[0] = -2;
    batch.upper[0] = 2;
    const said = { score: 0, reason: REASON.predictionError, fires: false, residual: Number.NaN, ...learned };
    this.#verdict.decide(this.memory, 0, batch, 0, said, found);
    this.#row++;
    return { score: batch.score[0], alarm: batch.alarm[0], changes: batch.changes };
  }

  /** What is told while this is said again and again. */
  rows(n: number, learned: Partial<Learned>): AlertChange[] {
    return Array.from({ length: n }, () => this.row(learned).changes).flat();
  }

  get isFiring(): boolean {
    return isFiring(this.memory, layout.alert);
  }
}

const events = (changes: readonly AlertChange[]) => changes.map(({ event }) => event);

test('an alarm opens an alert, with what was seen and how often it comes to that', () => {
  const told = new Told();
  told.rows(5, { score: 1 });
  const { alarm, score, changes } = told.row({ score: 5, fires: true, reason: REASON.lastingError });
  expect([alarm, score]).toEqual([1, 5]);
  expect(changes).toHaveLength(1);
  expect(changes[0]).toMatchObject({
    event: 'open',
    time: 5 * SECOND,
    openedAt: 5 * SECOND,
    openedSample: 6,
    reason: REASON.lastingError,
    score: 5,
    peak: 5,
    threshold: THRESHOLD,
    row: 0,
    count: 1,
    acked: false,
    now: { value: 5, expected: -1, lower: -2, upper: 2 },
    worst: { value: 5, expected: -1, lower: -2, upper: 2 },
    signature: [],
  });
  expect(changes[0].perDay).toBe(budgetRate(told.memory, layout.budget, 5, 0, SEASON));
  expect(told.openedAt).toEqual([5]);
});

test('a high score without an alarm opens nothing', () => {
  const told = new Told();
  expect(told.rows(5, { score: 9 })).toEqual([]);
  expect([told.isFiring, told.openedAt]).toEqual([false, []]);
});

function opened(): Told {
  const told = new Told();
  told.row({ score: 5, fires: true });
  return told;
}

describe('an open alert', () => {
  test('ends when the score was low for a 48th of the season, and not before', () => {
    const told = opened();
    expect(told.rows(HOLD_ROWS - 1, { score: RELEASE - 0.01 })).toEqual([]);
    expect(events(told.row({ score: 0 }).changes)).toEqual(['close']);
  });

  test('goes on while the score is at three quarters of the threshold now and then', () => {
    const told = opened();
    for (let i = 0; i < 5; i++) {
      expect(told.rows(HOLD_ROWS - 1, {})).toEqual([]);
      told.row({ score: RELEASE });
    }
    expect(told.isFiring).toBe(true);
  });

  test('goes on while its fault stands, however low the score, and says the score that is', () => {
    const told = opened();
    told.stands = true;
    expect(told.rows(3 * HOLD_ROWS, {})).toEqual([]);
    expect(told.row({}).score).toBe(0);
    told.stands = false;
    expect(events(told.rows(HOLD_ROWS, {}))).toEqual(['close']);
  });

  test('is told again when its peak has grown by two, with the worst that was seen', () => {
    const told = opened();
    expect(told.row({ score: 6.9 }).changes).toEqual([]);
    const [change] = told.row({ score: 7 }).changes;
    expect(change).toMatchObject({ event: 'update', peak: 7, now: { value: 2 }, worst: { value: 2 } });
    expect(told.row({ score: 6 }).changes).toEqual([]);
    const [close] = told.rows(HOLD_ROWS + 1, {});
    expect(close).toMatchObject({ event: 'close', peak: 7, worst: { value: 2 } });
  });

  test('ends with the next row once it was accepted', () => {
    const told = opened();
    accept(told.memory, layout.alert);
    expect(events(told.row({ score: 9 }).changes)).toEqual(['close']);
  });

  test('is opened once: an alarm while it is open opens no other', () => {
    const told = opened();
    expect(told.row({ score: 5, fires: true }).alarm).toBe(0);
    expect(told.openedAt).toEqual([0]);
  });

  test('is signed by its first twelve residuals, of rows that have one', () => {
    const told = new Told();
    told.row({ score: 5, fires: true, residual: 4 });
    expect(told.rows(3, { score: 5 })).toEqual([]);
    const changes = told.rows(11, { score: 5, residual: 3 });
    expect(events(changes)).toEqual(['signed']);
    expect(changes[0].signature).toHaveLength(6);
    expect(changes[0].time).toBe(14 * SECOND);
    expect(told.rows(20, { score: 5, residual: 9 })).toEqual([]);
  });

  test('that ends before is signed by those it had, and the next begins anew', () => {
    const told = new Told();
    told.row({ score: 5, fires: true, residual: 4 });
    told.rows(4, { score: 5, residual: 4 });
    const [close] = told.rows(HOLD_ROWS, {});
    expect(close).toMatchObject({ event: 'close' });
    expect(close.signature).toHaveLength(6);
    told.row({ score: 5, fires: true, residual: 1 });
    const [next] = told.rows(HOLD_ROWS, {});
    expect(next).toMatchObject({ event: 'close', signature: [] });
  });
});

const beyond = (excess: number, begins = true): Finding => ({ reason: REASON.limit, excess, begins });

describe('what was found', () => {
  test('beyond a limit scores more than any chance, the more the further', () => {
    const told = new Told();
    expect(told.row({ score: 1 }, beyond(0.25)).score).toBe(SCORE_MAX + 0.25);
    expect(told.row({ score: 1 }, beyond(0.5, false)).score).toBe(SCORE_MAX + 0.5);
  });

  test('that is only worth telling scores as much as an alert needs', () => {
    const told = new Told();
    const { score, changes } = told.row({ score: 1 }, { reason: REASON.typeChange, excess: 0, begins: true });
    expect(score).toBe(budgetThreshold(told.memory, layout.budget));
    expect(changes[0]).toMatchObject({ event: 'open', reason: REASON.typeChange, peak: THRESHOLD });
  });

  test('opens an alert where it begins, whatever was learned, and not where it goes on', () => {
    const told = new Told();
    expect(told.row({}, beyond(0.5, false)).changes).toEqual([]);
    expect(events(told.row({}, beyond(0.5)).changes)).toEqual(['open']);
  });

  test('is the reason, even where what was learned is worse', () => {
    const told = new Told();
    const { changes, score } = told.row({ score: 20, fires: true }, beyond(0.5));
    expect(changes[0].reason).toBe(REASON.limit);
    expect(score).toBe(20);
  });
});

test('a row of silence is no sample', () => {
  const told = new Told();
  told.rows(3, {});
  told.rows(5, { reason: REASON.silence });
  const [open] = told.row({ score: 5, fires: true }).changes;
  expect(open.openedSample).toBe(4);
});

test('how often a stuck sensor comes to its score is a matter of chance', () => {
  const told = new Told();
  const [open] = told.row({ score: 6, fires: true, reason: REASON.stuck }).changes;
  expect(open.perDay).toBe(chanceRate(told.memory, layout.budget, 6, 0, SEASON));
  expect(open.perDay).not.toBe(budgetRate(told.memory, layout.budget, 6, 0, SEASON));
});
