/** The page of a comparison: one table, and a chart of what a step costs as the history grows. */
import type { Comparison, Growth } from './compare.ts';
import { escapeHtml, page } from './page.ts';

const WIDTH = 960;
const HEIGHT = 320;
const LEFT = 60;
const RIGHT = 130;
const BOTTOM = 34;
const COLORS = ['--alarm', '--value', '--more', '--level'];

export const HEADER = [
  'cell',
  'units',
  'parameters',
  'bytes',
  'µs/step',
  'µs/trained sample',
  'error',
  'note',
] as const;

/** The rows of the table, as texts in the order of the header. */
export function tableRows({ cells }: Comparison): string[][] {
  return cells.map((cell) => [
    cell.name,
    String(cell.hidden),
    String(cell.parameters),
    String(cell.bytes),
    cell.stepMicroseconds.toFixed(2),
    cell.trainedMicroseconds.toFixed(2),
    cell.error.toFixed(3),
    cell.note,
  ]);
}

function cells(tag: string, texts: readonly string[]): string {
  return texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join('');
}

/** @param made  where and when it was measured */
export function comparePage(comparison: Comparison, made: string): string {
  const { stream, samples, budget } = comparison;
  const rows = tableRows(comparison).map((texts) => `<tr>${cells('td', texts)}</tr>`);
  return page(
    'Cells side by side',
    `<p>${escapeHtml(stream)}: ${samples} samples. Each cell is given the size that comes nearest to ${budget} parameters and learns the next sample online, all with the same training. Error: mean |error| in the second half of the stream over that of saying the last value again. Times are medians of rounds in which all take turns. ${escapeHtml(made)}</p>
<table><thead><tr>${cells('th', HEADER)}</tr></thead><tbody>${rows.join('\n')}</tbody></table>
<h2>What a step costs after so many samples</h2>
<p>µs for each step, both axes logarithmic. Attention over everything it has seen costs more with every sample; what is recurrent carries its past in a state of fixed size. The cell in the table is bounded by its ring.</p>
${chart(comparison.histories, comparison.growth)}`,
  );
}

function chart(histories: readonly number[], growth: readonly Growth[]): string {
  const all = growth.flatMap(({ microseconds }) => microseconds);
  const x = scale(Math.min(...histories), Math.max(...histories), LEFT, WIDTH - RIGHT);
  const y = scale(decadeBelow(Math.min(...all)), 10 * decadeBelow(Math.max(...all)), HEIGHT - BOTTOM, 12);
  const across = decades(decadeBelow(Math.min(...all)), 10 * decadeBelow(Math.max(...all))).map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" stroke="var(--faint)"/>${label(LEFT - 8, y(value) + 4, String(value), 'end')}`,
  );
  const below = histories.map((value) => label(x(value), HEIGHT - 10, String(value), 'middle'));
  const lines = growth.map(({ name, microseconds }, k) => {
    const color = `var(${COLORS[k % COLORS.length]})`;
    const points = microseconds.map((value, i) => `${x(histories[i])},${y(value)}`).join(' ');
    const end = label(WIDTH - RIGHT + 8, y(microseconds.at(-1) ?? 1) + 4, name, 'start', color);
    return `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2"/>${end}`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Cost of a step by length of history">${[...across, ...below, ...lines].join('')}</svg>`;
}

/** Logarithmic, rounded to a tenth of a pixel. */
function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  const span = Math.log(to / from) || 1;
  return (value) => Math.round(10 * (start + ((end - start) * Math.log(value / from)) / span)) / 10;
}

function decadeBelow(value: number): number {
  return 10 ** Math.floor(Math.log10(value));
}

function decades(from: number, to: number): number[] {
  const values = [];
  for (let value = from; value <= to * 1.001; value *= 10) values.push(Number(value.toPrecision(3)));
  return values;
}

function label(x: number, y: number, text: string, anchor: string, fill = 'currentColor'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}" font-size="13">${escapeHtml(text)}</text>`;
}
