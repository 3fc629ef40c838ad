/** A table of words and figures, aligned for a terminal. */
export interface Table {
  title: string;
  header: string[];
  rows: string[][];
}

const isFigure = (cell: string): boolean => /^([-+±]?[\d.]+(e[-+]\d+)?|–|)$/.test(cell);

/** A column of figures is set to the right so that the places line up. */
export function rightColumns({ header, rows }: Table): boolean[] {
  return header.map((_, c) => rows.length > 0 && rows.every((row) => isFigure(row[c])));
}

export function alignTable(table: Table): string {
  const right = rightColumns(table);
  const lines = [table.header, ...table.rows];
  const widths = table.header.map((_, c) => Math.max(...lines.map((line) => line[c].length)));
  const pad = (cell: string, c: number): string => (right[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c]));
  return [table.title, ...lines.map((line) => `  ${line.map(pad).join('  ')}`.trimEnd())].join('\n') + '\n';
}
