import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NabFile, readNab, readScores } from '../../bench/nab-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'nab-'));

function write(path: string, text: string): void {
  const full = join(folder, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, text);
}

beforeAll(() => {
  // The labels carry microseconds, the rows do not; one file ends without a newline.
  write('data/pumps/flow.csv', 'timestamp,value\n2014-04-10 16:15:00,1.5\n2014-04-10 16:20:00,-2e3');
  write('data/fans/speed.csv', 'timestamp,value\r\n2014-04-10 16:15:00,0\r\n');
  const window = ['2014-04-10 16:15:00.000000', '2014-04-10 16:20:00.000000'];
  write('windows.json', JSON.stringify({ 'pumps/flow.csv': [window], 'fans/speed.csv': [] }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = (pattern: string): string[] => readNab(folder, pattern).map(({ name }) => name);
const flow = (): NabFile => readNab(folder, 'flow')[0];

describe('the benchmark folder', () => {
  test('gives every file with its category, values and windows in the spelling of its rows', () => {
    const [fans, pumps] = readNab(folder);
    expect(fans).toMatchObject({ name: 'fans/speed.csv', category: 'fans', windows: [] });
    expect(pumps.values).toEqual(Float64Array.of(1.5, -2000));
    expect(pumps.windows).toEqual([['2014-04-10 16:15:00', '2014-04-10 16:20:00']]);
    expect(pumps.timestamps).toEqual(pumps.windows[0]);
  });

  test('is narrowed by part of a name, with * for anything', () => {
    expect(names('flow')).toEqual(['pumps/flow.csv']);
    expect(names('p*.csv')).toHaveLength(2); // sPeed and Pumps
    expect(() => names('f.ow')).toThrow(/found none/); // a dot is a dot
  });

  test('is refused without labels, as a whole or for one file, and with a cell that is no number', () => {
    expect(() => readNab(join(folder, 'data'))).toThrow(/windows.json/);
    write('data/fans/new.csv', 'timestamp,value\n2014-04-10 16:15:00,0\n');
    expect(() => readNab(folder, 'new')).toThrow(/expected windows of fans\/new.csv/);
    write('data/fans/new.csv', 'timestamp,value\n2014-04-10 16:15:00,\n');
    write('windows.json', JSON.stringify({ 'pumps/flow.csv': [], 'fans/speed.csv': [], 'fans/new.csv': [] }));
    expect(() => readNab(folder, 'new')).toThrow(/new.csv:2 {2}expected a number, got ""/);
  });
});

describe('scores on disk', () => {
  const header = 'timestamp,anomaly_score,surprise,level,alarm\n';

  test('are found whether the replay walked the folder or its data/', () => {
    const rows = '2014-04-10 16:15:00,0.25,1,2,0\n2014-04-10 16:20:00,7,1,2,1\n';
    write('inner/pumps/flow.csv', header + rows);
    write('outer/data/pumps/flow.csv', header + rows);
    for (const directory of ['inner', 'outer']) {
      expect(readScores(join(folder, directory), flow())).toEqual(Float64Array.of(0.25, 7));
    }
    expect(() => readScores(join(folder, 'nowhere'), flow())).toThrow(/--scores .*nowhere/);
  });

  test('are refused when their rows are not those of the file', () => {
    write('short/pumps/flow.csv', `${header}2014-04-10 16:15:00,0,0,0,0\n`);
    expect(() => readScores(join(folder, 'short'), flow())).toThrow(/expected 2 rows/);
    write('other/pumps/flow.csv', `${header}2014-04-10 16:15:00,0,0,0,0\n2014-04-10 16:21:00,0,0,0,0\n`);
    expect(() => readScores(join(folder, 'other'), flow())).toThrow(/:3 {2}expected 2014-04-10 16:20:00/);
  });
});
