/**
 * Quantities as people write them: durations `30s`, sizes `64MiB`, alert budgets `1/day`, percentages `5%`.
 *
 * Every `parse` answers undefined for text that is no such quantity; every `format` writes text that parses back to
 * the same number.
 */

const MS_PER_UNIT = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const BYTES_PER_UNIT = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, B: 1 };
const PER_DAY = { hour: 24, day: 1, week: 1 / 7 };

export const DURATION_PATTERN = /^(\d{1,12})(ms|s|m|h|d)$/;
export const SIZE_PATTERN = /^(\d{1,9})(B|KiB|MiB|GiB)$/;
export const PERCENT_PATTERN = /^(\d{1,9}(?:\.\d{1,6})?)%$/;
export const BUDGET_PATTERN = /^(\d{1,6}(?:\.\d{1,6})?)\/(hour|day|week)$/;

/** @returns milliseconds */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  return match ? Number(match[1]) * MS_PER_UNIT[match[2] as keyof typeof MS_PER_UNIT] : undefined;
}

/** In the largest unit that is exact; days only from the third on, for people say 24h and 48h. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const [unit, size] of Object.entries(MS_PER_UNIT)) {
    if (ms % size === 0 && (unit !== 'd' || ms > 2 * size)) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

/** @returns bytes */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  return match ? Number(match[1]) * BYTES_PER_UNIT[match[2] as keyof typeof BYTES_PER_UNIT] : undefined;
}

/** In the largest unit that is exact. */
export function formatSize(bytes: number): string {
  const [unit, size] = Object.entries(BYTES_PER_UNIT).find(([, size]) => bytes % size === 0) ?? ['B', 1];
  return `${bytes / size}${unit}`;
}

/** @returns percent, from 0 */
export function parsePercent(text: string): number | undefined {
  const match = PERCENT_PATTERN.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** @returns alerts per day, above 0 */
export function parseBudget(text: string): number | undefined {
  const match = BUDGET_PATTERN.exec(text);
  const perDay = match ? Number(match[1]) * PER_DAY[match[2] as keyof typeof PER_DAY] : 0;
  return perDay > 0 ? perDay : undefined;
}

export function formatBudget(perDay: number): string {
  for (const unit of ['day', 'week', 'hour'] as const) {
    const count = Number((perDay / PER_DAY[unit]).toFixed(6));
    if (parseBudget(`${count}/${unit}`) === perDay) return `${count}/${unit}`;
  }
  return `${perDay}/day`;
}
