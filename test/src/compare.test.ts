import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compare, COMPARE_SAMPLES_MIN, type Comparison } from '../../src/compare.ts';
import { comparePage, HEADER, tableRows } from '../../src/compare-page.ts';
import { driftingSines, recordedStream } from '../../src/compare-stream.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-compare-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a comparison', () => {
  let comparison: Comparison;
  const shares: number[] = [];
  beforeAll(() => {
    comparison = compare(driftingSines(6000, 1), 1, (share) => shares.push(share));
  }, 60_000);

  test('gives every cell the same budget, but for the control without one', () => {
    for (const { name, parameters, hidden } of comparison.cells) {
      if (name === 'linear') expect(hidden).toBe(0);
      else expect(Math.abs(parameters / comparison.budget - 1), name).toBeLessThan(0.12);
    }
    expect(comparison.cells.map(({ name }) => name)).toEqual(expect.arrayContaining(['lstm', 'lstm97', 'attention']));
  });

  test('has an error and a cost of every cell, and the windowless need no ring', () => {
    const cells = new Map(comparison.cells.map((cell) => [cell.name, cell]));
    const bytesOf = (name: string) => cells.get(name)!.bytes;
    for (const cell of comparison.cells) {
      expect(cell.error, cell.name).toBeGreaterThan(0);
      expect(cell.stepMicroseconds).toBeGreaterThan(0);
      expect(cell.trainedMicroseconds).toBeGreaterThan(0);
      expect(cell.bytes).toBeGreaterThan(8 * cell.parameters);
    }
    expect(cells.get('lstm')!.error).toBeLessThan(0.8);
    expect(bytesOf('lstm, traces')).toBeLessThan(bytesOf('lstm'));
    expect(bytesOf('attention')).toBeGreaterThan(bytesOf('lstm'));
  });

  test('shows attention growing with its history', () => {
    const attention = comparison.growth.find(({ name }) => name === 'attention')!.microseconds;
    expect(attention).toHaveLength(comparison.histories.length);
    // 4,096 rows against 16 are 256 times the work: even a busy machine shows that.
    expect(attention.at(-1)! / attention[0]).toBeGreaterThan(4);
  });

  test('tells how far it is, up to the end', () => {
    expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
    expect(shares.length).toBeGreaterThan(5);
  });

  test('becomes a page with every cell and a line for each growth', () => {
    const html = comparePage({ ...comparison, stream: '<img src=x>' }, 'here & now');
    for (const { name } of comparison.cells) expect(html).toContain(`<td>${name}</td>`);
    expect(html.match(/<polyline/g)).toHaveLength(comparison.growth.length);
    expect(html).toContain('&#60;img src=x&#62;');
    expect(html).toContain('here &#38; now');
    expect(html).not.toMatch(/<script|https?:|NaN|Infinity|undefined/);
    expect(tableRows(comparison).every((row) => row.length === HEADER.length)).toBe(true);
  });
});

test('the sines are the same for the same seed and change their ways', () => {
  const one = driftingSines(10_000, 1).values;
  expect(driftingSines(10_000, 1).values).toEqual(one);
  expect(driftingSines(10_000, 2).values).not.toEqual(one);
});

const write = async (name: string, rows: string[]) => {
  const path = join(folder, name);
  await writeFile(path, `${rows.join('\n')}\n`);
  return path;
};

describe('a recorded stream', () => {
  test('is the first channel without its gaps', async () => {
    const path = await write('two.csv', ['timestamp,a,b', '1,5,9', '2,,9', '3,7,9']);
    const { name, values } = await recordedStream(path, 2);
    expect([...values]).toEqual([5, 7]);
    expect(name).toBe(`${path}, a`);
  });

  test('has to be long enough to compare on', async () => {
    const path = await write('short.csv', ['timestamp,value', '1,5']);
    await expect(recordedStream(path, COMPARE_SAMPLES_MIN)).rejects.toThrow(
      `expected at least ${COMPARE_SAMPLES_MIN} values, got 1`,
    );
  });
});
