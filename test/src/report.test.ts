import { describe, expect, it } from 'vitest';
import type { ScoredRow } from '../../src/replay.ts';
import { Chart, reportPage } from '../../src/report.ts';

function row(value: number, level = 0, alarm = 0): ScoredRow {
  return { timestamp: '', value, expected: value, anomalyScore: 0, surprise: 0, level, alarm };
}

const alarmsDrawn = (svg: string) => svg.match(/class="alarm"/g)?.length ?? 0;

describe('the report page', () => {
  it('escapes names, so that a file cannot put anything into the page', () => {
    const evil = `<script>alert("1")</script>&'x.csv`;
    const chart = new Chart(evil);
    chart.push([row(1), row(2)]);
    const page = reportPage(evil, [chart]);
    expect(page).not.toContain('<script');
    expect(page).not.toContain(`"1"`);
    expect(page).toContain('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;x.csv');
  });

  it('fetches nothing and runs nothing', () => {
    const page = reportPage('in', [new Chart('a')]);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:|\son\w+=/);
  });

  it('has a section for every file with its rows and alarms', () => {
    const charts = ['a.csv', 'b/c.csv'].map((name) => new Chart(name));
    charts[0].push([row(1), row(5, 3, 1), row(2)]);
    const page = reportPage('folder', charts);
    expect(page).toContain('<h2>a.csv</h2><p>3 rows, 1 alarms</p>');
    expect(page).toContain('<h2>b/c.csv</h2><p>0 rows, 0 alarms</p>');
    expect(alarmsDrawn(page)).toBe(1);
  });

  it.each([
    ['no rows', []],
    ['one row', [row(5)]],
    ['missing values', [row(Number.NaN), row(Number.NaN)]],
    ['one value only', Array.from({ length: 10 }, () => row(3))],
    ['huge values', [row(-1e300), row(1e300)]],
  ])('draws %s without a number that is none', (_, rows) => {
    const chart = new Chart('a');
    chart.push(rows);
    expect(chart.svg()).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('of a million rows is small, and loses neither an alarm nor an extreme', () => {
    const chart = new Chart('long.csv');
    for (let from = 0; from < 1_000_000; from += 10_000) {
      chart.push(
        Array.from({ length: 10_000 }, (_, i) => {
          const n = from + i;
          return row(
            n === 123_456 ? 1e6 : Math.sin(n / 1000),
            n === 654_321 ? 9 : 0,
            n === 123_456 || n === 999_999 ? 1 : 0,
          );
        }),
      );
    }
    expect([chart.rows, chart.alarms]).toEqual([1_000_000, 2]);
    const svg = chart.svg();
    expect(svg.length).toBeLessThan(150_000);
    expect(alarmsDrawn(svg)).toBe(2);
    expect(svg).toMatch(/points="[^"]*,4\.0 /); // the one high value is at the top
    const drawnAt = [...svg.matchAll(/class="alarm" x1="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(drawnAt[0]).toBeGreaterThan(115);
    expect(drawnAt[0]).toBeLessThan(122); // 123,456 of a million, on a page 960 wide
    expect(drawnAt[1]).toBeGreaterThan(958);
    expect(svg).toContain(',170.0'); // level 9 of 12
  });
});
