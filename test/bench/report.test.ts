import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { parseFlags, requireData, UsageError } from '../../bench/flags.ts';
import { type BenchDocument, type Findings, runBench, type Screen } from '../../bench/report.ts';
import { measuredRow, type Row, shortfalls, skippedRow } from '../../bench/rows.ts';

const points = { unit: 'points', better: 'higher' } as const;

/** Which of the figures just below, at and above a bar of 39 pass. */
const passes = (better: 'higher' | 'lower'): boolean[] =>
  [38.9, 39, 40].map((value) => measuredRow('score', [value], { unit: 'points', better, bar: 39 }).pass);

describe('a row', () => {
  test('is the mean of its runs with their standard deviation', () => {
    // mean 4; squares 4 + 0 + 4 over 2 degrees of freedom: sd 2
    expect(measuredRow('standard', [2, 4, 6], points)).toMatchObject({ value: 4, n: 3, spread: 2, bar: null });
    expect(measuredRow('standard', [2], points).spread).toBeNull();
  });

  test('passes at its bar and beyond, whichever way is better', () => {
    expect(passes('higher')).toEqual([false, true, true]);
    expect(passes('lower')).toEqual([true, true, false]);
    expect(measuredRow('free', [1], points).pass).toBe(true);
  });

  test('is refused when its figure is none', () => {
    expect(() => measuredRow('score', [Number.NaN], points)).toThrow(/row score: expected finite figures/);
    expect(() => measuredRow('score', [], points)).toThrow(/row score/);
  });

  test('that was skipped falls short only where everything must run', () => {
    const row = skippedRow('influx', 'no InfluxDB', { ...points, bar: 1 });
    expect(row).toMatchObject({ value: null, pass: false, n: 0, skipped: 'no InfluxDB' });
    expect(shortfalls([row], false)).toEqual([]);
    expect(shortfalls([row], true)).toEqual(['influx: skipped, no InfluxDB']);
  });
});

/** A bench that breaks once it has its folder. */
const needsData = async (flags: Parameters<typeof requireData>[0]): Promise<Findings> =>
  Promise.reject(new Error(`unreadable: ${requireData(flags)}`));

/** A bench that finds these rows, and what it writes. */
async function run(args: string[], rows: Row[], own: Record<string, string> = {}) {
  const written = { out: '', error: '' };
  const screen: Screen = {
    out: (text) => void (written.out += text),
    error: (text) => void (written.error += text),
    progress: () => {},
  };
  const found: Findings = { rows, tables: [], sentence: 'NAB: 40 < 75 points.' };
  const code = await runBench('nab', args, own, () => Promise.resolve(found), screen);
  return { code, ...written };
}

describe('a bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  afterEach(() => void vi.unstubAllEnvs());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const good = measuredRow('standard', [40], { ...points, bar: 39.042 });
  const bad = measuredRow('low', [20], { ...points, bar: 27.29 });
  const missing = skippedRow('influx', 'no InfluxDB', points);

  test('exits 0 without --check whatever falls short', async () => {
    expect(await run([], [good, bad])).toMatchObject({ code: 0 });
  });

  test('exits 1 under --check and names each bar that falls short', async () => {
    const { code, out } = await run(['--check'], [good, bad]);
    expect(code).toBe(1);
    expect(out).toContain('falls short: low: expected at least 27.290 points, got 20\n');
    expect(out).not.toContain('falls short: standard');
    expect(await run(['--check'], [good])).toMatchObject({ code: 0 });
  });

  test('fails a skipped row under --check where services are required', async () => {
    vi.stubEnv('REQUIRE_SERVICES', '');
    expect(await run(['--check'], [good, missing])).toMatchObject({ code: 0 });
    vi.stubEnv('REQUIRE_SERVICES', '1');
    expect(await run(['--check'], [good, missing])).toMatchObject({ code: 1 });
  });

  test('ends with its sentence', async () => {
    const { out } = await run(['--check'], [good, bad]);
    expect(out.trimEnd().split('\n').at(-1)).toBe('NAB: 40 < 75 points.');
  });

  test('writes the rows and where they come from as JSON, and a page that fetches nothing', async () => {
    const [json, page] = [join(folder, 'nab.json'), join(folder, 'nab.html')];
    await run(['--json', json, '--report', page], [good, bad, missing]);
    const document = JSON.parse(readFileSync(json, 'utf8')) as BenchDocument;
    expect(Object.keys(document)).toEqual(['bench', 'version', 'commit', 'date', 'machine', 'seconds', 'ok', 'rows']);
    expect(document).toMatchObject({ bench: 'nab', ok: false, rows: [good, bad, missing] });
    expect(document.machine.node).toBe(process.versions.node);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('NAB: 40 &lt; 75 points.');
    expect(html).not.toMatch(/<script|<link|https?:/);
  });

  test('has switches, which take no value', () => {
    const own = { long: '', seed: 'N' };
    expect(parseFlags(['--long', '--seed', '1'], own).own).toEqual({ long: '', seed: '1' });
    expect(parseFlags([], own).own).toEqual({});
    expect(() => parseFlags(['--long=yes'], own)).toThrow(UsageError);
  });

  test('exits 2 with its usage on a flag it does not know, or one without a value', async () => {
    const { code, out, error } = await run(['--seed', '1'], [good], { seeds: 'N' });
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(error).toMatch(/--seed.*\nusage: npm run bench:nab -- .*\[--seeds N\]/s);
    expect(await run(['--json'], [good])).toMatchObject({ code: 2 });
    expect(await run(['--seeds', '3'], [good], { seeds: 'N' })).toMatchObject({ code: 0 });
  });

  test('exits 2 when it needs --data and gets none, and 1 when it breaks', async () => {
    const lines: string[] = [];
    const screen: Screen = { out: () => {}, error: (text) => void lines.push(text), progress: () => {} };
    expect(await runBench('nab', [], {}, needsData, screen)).toBe(2);
    expect(lines.join('')).toContain('bench:nab: --data: expected a folder, got nothing');
    expect(await runBench('nab', ['--data', 'x'], {}, needsData, screen)).toBe(1);
  });
});
