/** The labelled streams themselves, which are no part of the repository; tests of published figures need them. */
import type { TestContext } from 'vitest';

export function dataFolder({ skip }: TestContext): string {
  const folder = process.env['TIDEWATCH_DATA'];
  return folder === undefined || folder === ''
    ? skip('TIDEWATCH_DATA names no folder with the labelled streams')
    : folder;
}
