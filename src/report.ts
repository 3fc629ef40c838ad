/** One self-contained page with a chart of every replayed file: value, level and alarms. No script, nothing fetched. */
import { escapeHtml, page } from './page.ts';
import type { ScoredRow } from './replay.ts';

const WIDTH = 960;
const VALUE_HEIGHT = 160;
const LEVEL_HEIGHT = 40;
const SCORE_MAX = 12;
/** Points kept of a file; when there are twice as many, neighbours are joined. */
const BUCKETS_MAX = WIDTH;

interface Bucket {
  min: number;
  max: number;
  level: number;
  alarms: number;
}

/** Gathers a file of any length in bounded memory: least and greatest value a pixel. */
export class Chart {
  readonly name: string;
  rows = 0;
  alarms = 0;
  readonly #buckets: Bucket[] = [];
  #rowsPerBucket = 1;

  constructor(name: string) {
    this.name = name;
  }

  push(rows: readonly ScoredRow[]): void {
    for (const { value, level, alarm } of rows) {
      if (this.rows++ % this.#rowsPerBucket === 0) this.#newBucket();
      const bucket = this.#buckets.at(-1)!;
      if (!Number.isNaN(value)) {
        bucket.min = Math.min(bucket.min, value);
        bucket.max = Math.max(bucket.max, value);
      }
      bucket.level = Math.max(bucket.level, level);
      bucket.alarms += alarm;
      this.alarms += alarm;
    }
  }

  #newBucket(): void {
    if (this.#buckets.length === 2 * BUCKETS_MAX) {
      for (let i = 0; i < BUCKETS_MAX; i++) this.#buckets[i] = joined(this.#buckets[2 * i], this.#buckets[2 * i + 1]);
      this.#buckets.length = BUCKETS_MAX;
      this.#rowsPerBucket *= 2;
    }
    this.#buckets.push({ min: Infinity, max: -Infinity, level: 0, alarms: 0 });
  }

  svg(): string {
    const buckets = this.#buckets;
    const least = Math.min(...buckets.map(({ min }) => min));
    const span = Math.max(...buckets.map(({ max }) => max)) - least || 1;
    const x = (i: number) => ((i + 0.5) * WIDTH) / buckets.length;
    const y = (value: number) => VALUE_HEIGHT - ((value - least) / span) * (VALUE_HEIGHT - 8) - 4;
    const known = buckets.map((bucket, i) => ({ bucket, i })).filter(({ bucket }) => bucket.min <= bucket.max);
    const value = known
      .map(({ bucket, i }) => `${num(x(i))},${num(y(bucket.max))} ${num(x(i))},${num(y(bucket.min))}`)
      .join(' ');
    const bottom = VALUE_HEIGHT + LEVEL_HEIGHT;
    const level = buckets
      .map(({ level: l }, i) => `${num(x(i))},${num(bottom - (l / SCORE_MAX) * LEVEL_HEIGHT)}`)
      .join(' ');
    const alarms = buckets
      .map(({ alarms: n }, i) =>
        n > 0 ? `<line class="alarm" x1="${num(x(i))}" x2="${num(x(i))}" y1="0" y2="${bottom}"/>` : '',
      )
      .join('');
    return `<svg viewBox="0 0 ${WIDTH} ${bottom}" role="img" aria-label="${escapeHtml(this.name)}">${alarms}<polyline class="value" points="${value}"/><polyline class="level" points="0,${bottom} ${level} ${WIDTH},${bottom}"/></svg>`;
  }
}

export function reportPage(input: string, charts: readonly Chart[]): string {
  const sections = charts.map(
    (chart) =>
      `<section><h2>${escapeHtml(chart.name)}</h2><p>${chart.rows} rows, ${chart.alarms} alarms</p>${chart.svg()}</section>`,
  );
  return page(
    `Replay of ${input}`,
    `<p>Upper line: value. Filled below: level, 0 to ${SCORE_MAX}. Vertical lines: alarms.</p>\n${sections.join('\n')}`,
  );
}

function joined(a: Bucket, b: Bucket): Bucket {
  return {
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    level: Math.max(a.level, b.level),
    alarms: a.alarms + b.alarms,
  };
}

function num(x: number): string {
  return x.toFixed(1);
}
