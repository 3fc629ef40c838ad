/** Real processes that die by SIGKILL, in short; `npm run bench:faults` is the same at length. */
import { describe, expect, it } from 'vitest';
import * as kills from '../../bench/faults/kills.ts';
import * as planted from '../../bench/faults/planted.ts';
import * as recovery from '../../bench/faults/recovery.ts';
import type { Section } from '../../bench/faults/section.ts';
import * as strace from '../../bench/faults/strace.ts';
import { type Row, shortfalls } from '../../bench/rows.ts';
import { serviceOrSkip } from '../services/service.ts';

const WITHIN_MS = 120_000;

const inShort = (section: Section): Promise<Row[]> => section.run({ size: 'smoke', progress: () => {} });

describe.skipIf(!serviceOrSkip('mosquitto'))('a daemon that is killed while a plant publishes', () => {
  it(
    'has every sample once, and models as if it had never fallen',
    async () => {
      const rows = await inShort(kills);
      expect(shortfalls(rows, true)).toEqual([]);
    },
    WITHIN_MS,
  );

  it(
    'is seen to lose or double samples where it is made to',
    async () => {
      expect(shortfalls(await inShort(planted), true)).toEqual([]);
    },
    WITHIN_MS,
  );
});

describe('a daemon that is killed', () => {
  it(
    'is back with all its series',
    async () => {
      const rows = await inShort(recovery);
      expect(rows.find(({ id }) => id === 'recovery_series')?.value).toBe(200);
    },
    WITHIN_MS,
  );

  it(
    'has what it acknowledged, whatever system call it fell in',
    async () => {
      const rows = await inShort(strace);
      for (const { skipped } of rows.slice(0, 1))
        if (skipped !== undefined) process.stderr.write(`skipped: ${skipped}\n`);
      expect(shortfalls(rows, false)).toEqual([]);
    },
    WITHIN_MS,
  );
});
