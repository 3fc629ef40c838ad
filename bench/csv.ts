/** Named columns of a plain CSV file: a header, no quotes, the cells as they are written. */
import { readFileSync } from 'node:fs';

/** @throws Error naming the file when a column or a cell is missing */
export function readColumns(path: string, names: readonly string[]): string[][] {
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  const cells = header.split(',');
  const columns = names.map((name) => {
    const at = cells.indexOf(name);
    if (at < 0) throw new Error(`${path}:1  expected a column "${name}", got "${header}"`);
    return at;
  });
  const rows = lines.map((line) => line.split(','));
  return columns.map((at) =>
    rows.map((row, k) => {
      if (row[at] === undefined) throw new Error(`${path}:${k + 2}  expected ${cells.length} cells, got ${row.length}`);
      return row[at];
    }),
  );
}

/** An empty cell is no number: Number('') would call it 0. */
export function toNumbers(path: string, cells: readonly string[]): Float64Array {
  return Float64Array.from(cells, (cell, k) => {
    const value = cell.trim() === '' ? Number.NaN : Number(cell);
    if (Number.isNaN(value)) throw new Error(`${path}:${k + 2}  expected a number, got "${cell}"`);
    return value;
  });
}
