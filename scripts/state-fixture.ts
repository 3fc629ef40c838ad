/**
 * Writes a small state folder and what a daemon knows that comes back from it, for test/src/state-fixture.test.ts:
 *
 *   npx tsx scripts/state-fixture.ts 1      test/fixtures/state-1/  test/fixtures/state-1.json
 *
 * Of a format that was released neither is ever written again: a new format gets the next number.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { known, live } from '../test/sim/state-life.ts';

const number = process.argv[2];
if (number === undefined || !/^\d+$/.test(number)) throw new Error('expected the number of the format');
const folder = join(import.meta.dirname, `../test/fixtures/state-${number}`);
rmSync(folder, { recursive: true, force: true });
await live(folder);
const copy = mkdtempSync(join(tmpdir(), 'tidewatch-fixture-'));
cpSync(folder, copy, { recursive: true });
writeFileSync(`${folder}.json`, `${JSON.stringify(await known(copy), null, 2)}\n`);
rmSync(copy, { recursive: true });
