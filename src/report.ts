/** One self-contained page with a chart of every replayed file: value, level and alarms. No script, nothing fetched. */
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
    return `<svg viewBox="0 0 ${WIDTH} ${bottom}" role="img" aria-label="${escape(this.name)}">${alarms}<polyline class="value" points="${value}"/><polyline class="level" points="0,${bottom} ${level} ${WIDTH},${bottom}"/></svg>`;
  }
}

export function reportPage(input: string, charts: readonly Chart[]): string {
  const sections = charts.map(
    (chart) =>
      `<section><h2>${escape(chart.name)}</h2><p>${chart.rows} rows, ${chart.alarms} alarms</p>${chart.svg()}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Replay of ${escape(input)}</title>
<style>
:root{color-scheme:light dark;--ink:#1c2733;--paper:#fff;--value:#2563a8;--level:#b7791f;--alarm:#c53030}
@media (prefers-color-scheme:dark){:root{--ink:#dfe7ef;--paper:#12181f;--value:#7ab8f5;--level:#e0b252;--alarm:#fc8181}}
body{margin:2rem auto;max-width:60rem;padding:0 1rem;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h2{font-size:1rem;margin:2rem 0 0;overflow-wrap:anywhere}p{margin:0 0 .5rem;opacity:.7}svg{width:100%;height:auto}
.value{fill:none;stroke:var(--value)}.level{fill:var(--level);fill-opacity:.35;stroke:var(--level)}.alarm{stroke:var(--alarm);stroke-width:1.5}
</style></head><body><h1>Replay of ${escape(input)}</h1>
<p>Upper line: value. Filled below: level, 0 to ${SCORE_MAX}. Vertical lines: alarms.</p>
${sections.join('\n')}
</body></html>
`;
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

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
