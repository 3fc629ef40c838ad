/**
 * The files of the Numenta Anomaly Benchmark and their labels.
 *
 *   FOLDER/data/<category>/<file>.csv   timestamp,value
 *   FOLDER/windows.json                 {"<category>/<file>.csv": [[first, last], …]}, windows in time order
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readColumns, toNumbers } from './csv.ts';
import { UsageError } from './flags.ts';

export interface NabFile {
  /** As in windows.json: category, a slash, the file's name. */
  name: string;
  category: string;
  path: string;
  timestamps: string[];
  values: Float64Array;
  windows: [first: string, last: string][];
}

/** Labels write the fraction of a second where rows do not: 16:15:00.000000 and 16:15:00 are one time. */
const plainTime = (text: string): string => text.replace(/\.0+$/, '');

const literal = (text: string): string => text.replaceAll(/[\\^$.+?()[\]{}|]/g, String.raw`\$&`);

/** @param pattern  part of a name, * for anything; absent: every file */
function matcher(pattern: string | undefined): RegExp {
  return new RegExp((pattern ?? '').split('*').map(literal).join('.*'));
}

export function readNab(folder: string, pattern?: string): NabFile[] {
  const labels = join(folder, 'windows.json');
  if (!existsSync(labels)) throw new UsageError(`--data ${folder}: expected a folder with windows.json and data/`);
  const windows = JSON.parse(readFileSync(labels, 'utf8')) as Record<string, [string, string][]>;
  const wanted = matcher(pattern);
  const names = globSync('*/*.csv', { cwd: join(folder, 'data') })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => wanted.test(name))
    .sort();
  if (names.length === 0) throw new UsageError(`--data ${folder}: expected data/<category>/*.csv, found none to score`);
  return names.map((name) => {
    // Without labels every detection would count as false: a file nobody labelled is a mistake, not a quiet file.
    if (windows[name] === undefined) throw new Error(`${labels}: expected windows of ${name}, got none`);
    const path = join(folder, 'data', name);
    const [timestamps, values] = readColumns(path, ['timestamp', 'value']);
    return {
      name,
      category: name.slice(0, name.indexOf('/')),
      path,
      timestamps: timestamps.map(plainTime),
      values: toNumbers(path, values),
      windows: windows[name].map(([first, last]) => [plainTime(first), plainTime(last)]),
    };
  });
}

/** The column `anomaly_score` that a replay of this file wrote, whether it walked the folder or its data/. */
export function readScores(directory: string, file: NabFile): Float64Array {
  const places = [join(directory, file.name), join(directory, 'data', file.name)];
  const path = places.find((place) => existsSync(place));
  if (path === undefined) throw new UsageError(`--scores ${directory}: expected ${places.join(' or ')}`);
  const [timestamps, scores] = readColumns(path, ['timestamp', 'anomaly_score']);
  if (timestamps.length !== file.timestamps.length)
    throw new Error(`${path}: expected ${file.timestamps.length} rows as in ${file.path}, got ${timestamps.length}`);
  const other = timestamps.findIndex((time, k) => plainTime(time) !== file.timestamps[k]);
  if (other >= 0) throw new Error(`${path}:${other + 2}  expected ${file.timestamps[other]}, got ${timestamps[other]}`);
  return toNumbers(path, scores);
}
