import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSet, stretchesOf } from '../../../bench/quality/data.ts';
import { countedRows } from '../../../bench/quality/figures.ts';
import { zFloor } from '../../../bench/quality/floors.ts';
import { areasOf, volumesOf } from '../../../bench/quality/measures.ts';
import { dataFolder } from './data-folder.ts';

const areas = (labels: number[], scores: number[]) => areasOf(Uint8Array.from(labels), Float64Array.from(scores));

function volumes(labels: number[], scores: number[], buffer: number) {
  const bytes = Uint8Array.from(labels);
  return volumesOf(bytes, stretchesOf(bytes, 0), Float64Array.from(scores), buffer);
}

describe('the areas by rows', () => {
  test('add up precision over recall, and true over false shares', () => {
    // Called in the order of rows: precision 1/2 at recall 1/2, 2/4 at 1; the second normal row comes at true share 1/2.
    const { pr, roc, f1 } = areas([0, 1, 0, 1], [4, 3, 2, 1]);
    expect([pr, roc]).toEqual([0.5, 0.25]);
    expect(f1).toBeCloseTo(2 / 3, 12); // all called: 2·2/(4 + 2)
  });

  test('are 1 for a score that is higher on every anomalous row', () => {
    expect(areas([0, 0, 1, 1, 0], [1, 2, 9, 5, 3])).toEqual({ pr: 1, roc: 1, f1: 1 });
  });

  test('are those of chance where all scores are equal', () => {
    const { pr, roc } = areas([0, 1, 0, 0], [7, 7, 7, 7]);
    expect([pr, roc]).toEqual([0.25, 0.5]);
  });

  test('call equal scores together, whatever the order of their rows', () => {
    expect(areas([1, 0, 1, 0, 0], [3, 3, 1, 2, 1])).toEqual(areas([0, 1, 0, 0, 1], [3, 3, 2, 1, 1]));
  });
});

/*
 * Five rows, the middle one labelled; the row after it scores highest, then itself, then the last, the second, the first.
 * Buffers 0 and 1 reach no other row: precision 1/2 at recall 1, one false row of 4 before it.       PR 0.5, ROC 0.75
 * Buffer 2 makes its neighbours anomalous to the extent s = √½.
 *   row after   P' 1 + s/2   true share s/P' = 0.522408   false share (1 − s)/(5 − P') = 0.080323   precision 0.707107
 *   itself      P' the same  true share 1                 false share 0.080323                      precision 0.853553
 *   PR  0.522408·0.707107 + 0.477592·0.853553 = 0.777047
 *   last, second, first: false shares 0.354563, (4 − 1 − 2s)/(5 − 1 − s) = 0.481579, 0.785262
 *   ROC 0.080323·0.522408/2 + (1 − 0.080323)·1 = 0.940658
 */
const LABELS = [0, 0, 1, 0, 0];
const SCORES = [1, 2, 4, 5, 3];

describe('the volumes', () => {
  test('without a buffer are areas over thresholds at ranks', () => {
    expect(volumes(LABELS, SCORES, 0)).toEqual({ pr: 0.5, roc: 0.75 });
  });

  test('forgive a row that is a little late, and average over the buffers', () => {
    const { pr, roc } = volumes(LABELS, SCORES, 2);
    expect(pr).toBeCloseTo((0.5 + 0.5 + 0.777047) / 3, 5);
    expect(roc).toBeCloseTo((0.75 + 0.75 + 0.940658) / 3, 5);
  });

  test('count a stretch that no row is called in against the true share', () => {
    // Called in order: the first stretch, two normal rows, the second stretch: at half the rows, half the stretches.
    const { pr } = volumes([1, 0, 0, 1], [4, 3, 2, 1], 0);
    // true share 1/2·1/2 at precision 1, then 1·1 at 2/4
    expect(pr).toBeCloseTo(0.25 + 0.75 * 0.5, 12);
  });

  test('take stretches whose buffers meet for one', () => {
    // Rows 1 and 3 of five are labelled, row 1 scores above all others. Without a buffer:
    //   row 1   true share 1/2·1/2, precision 1; all rows 1 at 2/5                        PR 0.25 + 0.75·0.4 = 0.55
    // Buffer 2 reaches row 2 from both sides, which makes it anomalous in full, and the stretches one:
    //   row 1   true share 1/2·1, precision 1; all rows 1 at (3 + 2s)/5                   PR 0.5 + 0.5·0.882843
    expect(volumes([0, 1, 0, 1, 0], [1, 9, 1, 1, 1], 2).pr).toBeCloseTo((0.55 + 0.55 + 0.941421) / 3, 5);
  });

  test('lie between 0 and 1 for any scores', () => {
    const rows = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), { minLength: 6, maxLength: 60 });
    fc.assert(
      fc.property(rows, (drawn) => {
        const labels = drawn.map(([label], row) => (row === 0 ? 1 : row === 1 ? 0 : Number(label)));
        const { pr, roc } = volumes(
          labels,
          drawn.map(([, score]) => score),
          8,
        );
        for (const value of [pr, roc]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });
});

/** Published with the data for the exponential z-score of the first channel. */
const PUBLISHED: readonly [set: string, stream: string, figures: readonly string[]][] = [
  ['telemetry', 'MSL-T-4', ['0.1009', '0.4011', '0.1375', '0.0933', '0.5299']],
  ['telemetry', 'SMAP-E-8', ['0.1124', '0.5879', '0.2056', '0.1169', '0.6028']],
  ['cloud', 'outbound-03', ['0.2794', '0.6890', '0.3636', '0.4755', '0.9394']],
  ['skab', 'valve1-00', ['0.5282', '0.4797', '0.6993', '0.5779', '0.5482']],
];

test.for(PUBLISHED)(
  '%s/%s comes out at the published figures, to all their digits',
  ([set, name, published], context) => {
    const folder = dataFolder(context);
    const stream = readSet(folder, set).find((candidate) => candidate.name === name)!;
    const { labels, stretches, scores } = countedRows(stream, zFloor(stream.columns[0]));
    const { pr, roc, f1 } = areasOf(labels, scores);
    const volume = volumesOf(labels, stretches, scores);
    expect([pr, roc, f1, volume.pr, volume.roc].map((value) => value.toFixed(4))).toEqual(published);
  },
);
