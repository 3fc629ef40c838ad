import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countRows, type LabelledScores, PROFILES, scoreAt, scoreBest } from '../../bench/nab-score.ts';

/*
 * With S(p) = 2/(1 + e^(5p)) − 1 = −tanh(2.5 p):
 *   S(−1)   = 0.986614    S(−3/4) = 0.954045    S(−1/4) = 0.554600
 *   worth of the first row of a window 1, at −3/4 0.954045/0.986614 = 0.966989, at −1/4 0.562124
 *   −S(1/3) = 0.682297, −S(1) = 0.986614
 */
const LAST_ROW = 0.562124;

const time = (row: number): string => `t${String(row).padStart(3, '0')}`;

/** A file of `rows` rows with the given scores and 0 elsewhere; windows as first and last row. */
function file(rows: number, scores: Record<number, number>, windows: [number, number][]): LabelledScores {
  return {
    name: 'file.csv',
    timestamps: Array.from({ length: rows }, (_, row) => time(row)),
    windows: windows.map(([first, last]) => [time(first), time(last)]),
    scores: Array.from({ length: rows }, (_, row) => scores[row] ?? 0),
  };
}

const { standard, reward_low_FP_rate: lowFp, reward_low_FN_rate: lowFn } = PROFILES;

/** 20 rows, of which 3 do not count; one window of 4 rows. */
const one = (scores: Record<number, number>) => countRows([file(20, scores, [[10, 13]])]);

describe('a window', () => {
  test('is worth everything when its first row is detected', () => {
    const outcome = scoreAt(one({ 10: 1 }), 1, standard);
    // total 1, score 100 (1 + 1)/(1 + 1)
    expect(outcome).toMatchObject({ total: 1, score: 100, windowsDetected: 1, falseRows: 0 });
  });

  test('is worth less the later its first detection comes', () => {
    // row 11: 100 (0.966989 + 1)/2; row 13, the last: 100 (0.562124 + 1)/2
    expect(scoreAt(one({ 11: 1 }), 1, standard).score).toBeCloseTo(98.34945, 3);
    expect(scoreAt(one({ 13: 1 }), 1, standard).score).toBeCloseTo(78.1062, 3);
  });

  test('counts the best of several detections once', () => {
    const outcome = scoreAt(one({ 11: 0.7, 12: 0.9, 13: 0.8 }), 0.5, standard);
    expect(outcome.total).toBeCloseTo(0.966989, 5); // row 11
    expect(outcome).toMatchObject({ windowsDetected: 1, falseRows: 0 });
  });

  test('costs fn when it is missed, in the score as in the total', () => {
    const two = countRows([
      file(20, { 10: 1 }, [
        [6, 7],
        [10, 13],
      ]),
    ]);
    // standard: total 1 − 1 = 0, score 100 (0 + 2)/(2 + 2); low FN: total 1 − 2 = −1, score 100 (−1 + 4)/(2 + 4)
    expect(scoreAt(two, 1, standard)).toMatchObject({ total: 0, score: 50 });
    expect(scoreAt(two, 1, lowFn)).toMatchObject({ total: -1, score: 50 });
  });

  test('wholly in the uncounted rows is passed over, but stays in the number of labels', () => {
    // 40 rows, 6 do not count: the first window has no row that does.
    const rows = countRows([
      file(40, { 3: 1, 20: 1 }, [
        [2, 5],
        [20, 23],
      ]),
    ]);
    expect(rows).toMatchObject({ countedWindows: 1, labelledWindows: 2 });
    // total 1, K = 1, W = 2: 100 (1 + 1)/(2 + 1)
    expect(scoreAt(rows, 1, standard).score).toBeCloseTo(66.6667, 3);
  });

  test('partly in the uncounted rows is counted by its other rows', () => {
    // Rows 4 and 5 of 40 do not count; row 7 is the last of 4.
    const rows = countRows([file(40, { 4: 1, 7: 1 }, [[4, 7]])]);
    expect(rows.countedWindows).toBe(1);
    expect(scoreAt(rows, 1, standard).total).toBeCloseTo(LAST_ROW, 5);
  });

  test('may end with the file', () => {
    expect(scoreAt(countRows([file(20, { 16: 1 }, [[16, 19]])]), 1, standard).score).toBe(100);
  });
});

describe('a false row', () => {
  test('before any window costs fp in full', () => {
    const rows = one({ 5: 1, 10: 1 });
    expect(scoreAt(rows, 1, standard).total).toBeCloseTo(1 - 0.11, 12);
    expect(scoreAt(rows, 1, lowFp).total).toBeCloseTo(1 - 0.22, 12);
    expect(scoreAt(rows, 1, standard)).toMatchObject({ windowsDetected: 1, falseRows: 1 });
  });

  test('behind a window costs more the further away it is', () => {
    // row 14 is (14 − 13)/(4 − 1) = 1/3 window behind, row 16 a whole one
    expect(scoreAt(one({ 10: 1, 14: 1 }), 1, standard).total).toBeCloseTo(1 - 0.11 * 0.682297, 5);
    expect(scoreAt(one({ 10: 1, 16: 1 }), 1, standard).total).toBeCloseTo(1 - 0.11 * 0.986614, 5);
  });

  test('more than three windows behind costs fp in full', () => {
    // w − 1 = 3: row 22 is exactly 3 behind, where −S(3) is 1 − 6e-7; row 23 is beyond
    const three = countRows([file(30, { 10: 1, 22: 1 }, [[10, 13]])]);
    expect(scoreAt(three, 1, standard).total).toBeGreaterThan(1 - 0.11);
    const beyond = countRows([file(30, { 10: 1, 23: 1 }, [[10, 13]])]);
    expect(scoreAt(beyond, 1, standard).total).toBe(1 - 0.11);
  });

  test('behind a window of one row costs fp in full', () => {
    expect(scoreAt(countRows([file(20, { 10: 1, 11: 1 }, [[10, 10]])]), 1, standard).total).toBe(1 - 0.11);
  });

  test('between two windows is measured from the one before it', () => {
    const rows = countRows([
      file(20, { 8: 1 }, [
        [4, 7],
        [12, 13],
      ]),
    ]);
    // both windows missed, row 8 is 1/3 window behind the first
    expect(scoreAt(rows, 1, standard).total).toBeCloseTo(-2 - 0.11 * 0.682297, 5);
  });

  test('costs nothing in the uncounted rows', () => {
    expect(scoreAt(one({ 2: 1, 10: 1 }), 1, standard)).toMatchObject({ score: 100, falseRows: 0 });
    expect(scoreAt(one({ 3: 1, 10: 1 }), 1, standard).falseRows).toBe(1); // the first that counts
  });

  test('knows no window of another file', () => {
    const quiet = file(20, { 19: 1 }, []);
    expect(scoreAt(countRows([file(20, { 10: 1 }, [[10, 13]]), quiet]), 1, standard).total).toBeCloseTo(0.89, 12);
  });
});

describe('the uncounted rows', () => {
  test('are 750 at most', () => {
    // 15 % of 6000 would be 900
    expect(countRows([file(6000, {}, [])]).score).toHaveLength(6000 - 750);
  });
});

describe('the score', () => {
  test('is 0 without a detection, in every profile', () => {
    for (const profile of Object.values(PROFILES)) {
      expect(scoreAt(one({ 10: 1 }), Infinity, profile).score).toBe(0);
    }
  });

  test('is 100 for the first row of every window and nothing else, in every profile', () => {
    const files = [
      file(20, { 10: 0.9 }, [[10, 13]]),
      file(40, { 10: 0.8, 30: 0.9 }, [
        [10, 19],
        [30, 30],
      ]),
    ];
    for (const profile of Object.values(PROFILES)) {
      expect(scoreBest(countRows(files), profile)).toMatchObject({ score: 100, threshold: 0.8, falseRows: 0 });
    }
  });
});

/** 20 rows in which row 11 carries the time of row 10, and row 14 that of row 13. */
const repeated = (scores: Record<number, number>): LabelledScores => {
  const plain = file(20, scores, [[10, 13]]);
  const timestamps = plain.timestamps.map((text, row) => (row === 11 || row === 14 ? time(row - 1) : text));
  return { ...plain, timestamps };
};

describe('a repeated timestamp', () => {
  test('begins and ends a window with the first row that carries it', () => {
    expect(scoreAt(countRows([repeated({ 10: 1 })]), 1, standard).total).toBe(1);
    expect(scoreAt(countRows([repeated({ 13: 1 })]), 1, standard).total).toBeCloseTo(LAST_ROW, 5);
    // Row 14 is outside: the window is missed, the row 1/3 window behind it.
    expect(scoreAt(countRows([repeated({ 14: 1 })]), 1, standard).total).toBeCloseTo(-1 - 0.11 * 0.682297, 5);
  });
});

describe('the best threshold', () => {
  test('takes false rows along while the window is worth them, and no more', () => {
    // Down to 0.6 the window is found behind 2 false rows: 1 − 0.22. Below it only false rows follow.
    const rows = one({ 5: 0.9, 6: 0.8, 10: 0.6, 7: 0.5 });
    expect(scoreBest(rows, standard)).toMatchObject({ threshold: 0.6, windowsDetected: 1, falseRows: 2 });
    expect(scoreBest(rows, standard).total).toBeCloseTo(0.78, 12);
  });

  test('is none at all when every detection is false', () => {
    const silent = countRows([file(20, { 5: 0.9 }, [])]);
    expect(scoreBest(silent, standard)).toMatchObject({ threshold: Infinity, falseRows: 0 });
  });

  test('detects rows of one score together', () => {
    // 0.7 occurs in the window and on 19 false rows: 1 − 19 · 0.11 = −1.09 is worse than the −1 of no detection.
    const crowd = Object.fromEntries(Array.from({ length: 19 }, (_, k) => [20 + k, 0.7]));
    const rows = countRows([file(100, { 60: 0.7, ...crowd }, [[60, 63]])]);
    expect(scoreAt(rows, 0.7, standard)).toMatchObject({ windowsDetected: 1, falseRows: 19 });
    expect(scoreBest(rows, standard).threshold).toBe(Infinity);
  });

  test('may differ between profiles', () => {
    // The window costs 10 false rows along with it.
    const crowd = Object.fromEntries(Array.from({ length: 10 }, (_, k) => [20 + k, 0.9]));
    const rows = countRows([file(100, { 60: 0.5, ...crowd }, [[60, 63]])]);
    expect(scoreBest(rows, standard).threshold).toBe(0.5); // 1 − 1.1 = −0.1 against −1
    expect(scoreBest(rows, lowFp).threshold).toBe(Infinity); // 1 − 2.2 = −1.2 against −1
  });

  test('looks at counted rows only', () => {
    expect(scoreBest(one({ 0: 0.95, 10: 0.9 }), standard).threshold).toBe(0.9);
  });
});

describe('wrong input', () => {
  test('is refused: a window that names no row, a score too few, a score that is no number', () => {
    const good = file(20, {}, [[10, 13]]);
    expect(() => countRows([{ ...good, windows: [['t010', 't099']] }])).toThrow(/file.csv: window t010 to t099/);
    expect(() => countRows([{ ...good, scores: [0] }])).toThrow(/file.csv: expected 20 scores, got 1/);
    expect(() => countRows([file(20, { 7: Number.NaN }, [])])).toThrow(/file.csv: row 7/);
  });
});

describe('for any scores', () => {
  /** Scores on a grid, so that ties are common; two windows, the first one partly in the uncounted 6 rows. */
  const grid = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 40, maxLength: 40 });
  const windows: [number, number][] = [
    [4, 9],
    [20, 25],
  ];
  const counted = (scores: number[]) => countRows([file(40, Object.fromEntries(scores.entries()), windows)]);
  const outside = Array.from({ length: 34 }, (_, k) => k + 6).filter(
    (row) => !windows.some(([first, last]) => row >= first && row <= last),
  );

  test('one more false row never raises the score at a fixed threshold', () => {
    fc.assert(
      fc.property(grid, fc.constantFrom(...outside), fc.integer({ min: 1, max: 8 }), (scores, row, threshold) => {
        const before = scoreAt(counted(scores.with(row, threshold - 1)), threshold, standard);
        const after = scoreAt(counted(scores.with(row, threshold)), threshold, standard);
        expect(after.falseRows).toBe(before.falseRows + 1);
        expect(after.windowsDetected).toBe(before.windowsDetected);
        expect(after.score).toBeLessThan(before.score);
      }),
    );
  });

  test('the best threshold is the best of all thresholds tried one by one', () => {
    fc.assert(
      fc.property(grid, fc.constantFrom(...Object.values(PROFILES)), (scores, profile) => {
        const rows = counted(scores);
        const tried = [...rows.score, Infinity].map((threshold) => scoreAt(rows, threshold, profile).total);
        expect(scoreBest(rows, profile).total).toBeCloseTo(Math.max(...tried), 12);
      }),
    );
  });
});
