import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO, Program, temporaryFolder, writeConfig } from './harness.ts';

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = CANDIDATES.find((path) => path !== undefined && existsSync(path));
const SCREENSHOT = join(import.meta.dirname, '../../docs/dashboard.png');
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The picture in the README: a few faults at once, so that every kind of card is to be seen. */
async function takeScreenshot(page: Page, url: string): Promise<void> {
  for (const [kind, series] of [
    ['noise', 'line1/conveyor/speed'],
    ['stuck', 'line1/conveyor/torque'],
  ]) {
    await fetch(`${url}/api/v1/cmd/inject`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind, series, for: '30s' }),
    });
  }
  await expect.poll(() => page.getByTestId('alert').count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  await page.setViewportSize({ width: 1280, height: 1070 });
  await page.waitForTimeout(1000);
  await page.screenshot({ path: SCREENSHOT });
}

if (executablePath === undefined) {
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error('Chromium is required and was not found');
  process.stdout.write('skipped: the browser test needs Chromium (install it, or set CHROMIUM_PATH)\n');
}

describe.skipIf(executablePath === undefined)('the page in a browser', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let program: Program;
  let browser: Browser;

  beforeAll(async () => {
    folder = temporaryFolder();
    writeConfig(folder.path, DEMO);
    program = new Program([], folder.path);
    browser = await chromium.launch({ executablePath: executablePath!, args: ARGS });
  }, 30_000);

  afterAll(async () => {
    await browser.close();
    await program.stop();
    folder.remove();
  });

  it('shows live charts, and a fault that is caught within a minute of the start', async () => {
    const started = Date.now();
    const url = await program.url();
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(url);
    const chart = page.locator('[data-testid="chart"][data-series="line1_pump_pressure"]');
    await chart.waitFor();
    const points = async () => Number(await chart.getAttribute('data-points'));
    await expect.poll(points, { timeout: 10_000 }).toBeGreaterThan(100);

    const caught = page.getByTestId('scoreboard-caught');
    await expect.poll(async () => Number(await caught.textContent()), { timeout: 60_000 }).toBeGreaterThanOrEqual(1);
    expect(Date.now() - started).toBeLessThan(60_000);
    const alert = page.getByTestId('alert').first();
    expect(await alert.textContent()).toMatch(/expected/);

    const last = async () =>
      (await (await fetch(`${url}/api/v1/series/line1_pump_pressure`)).json()) as { samples: number };
    const before = (await last()).samples;
    await expect.poll(async () => (await last()).samples, { timeout: 10_000 }).toBeGreaterThan(before);
    if (process.env['UPDATE_SCREENSHOT'] === '1') await takeScreenshot(page, url);
    expect(existsSync(SCREENSHOT)).toBe(true);
    expect(errors).toEqual([]);
    await page.close();
  }, 90_000);

  it('puts a fault in by a button and shows it caught', async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    await page.goto(await program.url());
    const injected = page.getByTestId('scoreboard-injected');
    await injected.waitFor();
    const before = Number(await injected.textContent());
    await page.getByTestId('inject-spike').click();
    await expect.poll(async () => Number(await injected.textContent()), { timeout: 10_000 }).toBeGreaterThan(before);
    // Nothing may be wider than the phone.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.close();
  }, 60_000);

  it('shows a hostile name as text, and makes no element of it', async () => {
    const url = await program.url();
    const topic = '<img src=hostile onerror="document.title=1">';
    const samples = Array.from({ length: 5 }, (_, i) => ({ ts: Date.now() - (5 - i) * 1000, v: i }));
    await fetch(`${url}/api/v1/ingest?${new URLSearchParams({ topic }).toString()}`, {
      method: 'POST',
      body: JSON.stringify(samples),
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(url);
    await page.locator('[data-testid="chart"][data-series^="-img"]').waitFor();
    expect(await page.locator('body').textContent()).toContain(topic);
    expect(await page.locator('img[src="hostile"]').count()).toBe(0);
    expect(await page.title()).not.toBe('1');
    await page.close();
  }, 60_000);
});
