/**
 * The room of the models is pure: no clock, no chance, no files, nobody else's code. The compiler holds it to that, by
 * what its tsconfig leaves out; here is the proof that it does.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const HOUSE = join(import.meta.dirname, '../..');
const TSC = join(HOUSE, 'node_modules/typescript/bin/tsc');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-purity-'));
  // With everything at hand that an offender could reach for: installed packages, and a neighbour to borrow from.
  await symlink(join(HOUSE, 'node_modules'), join(folder, 'node_modules'));
  await cp(join(HOUSE, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'));
  await cp(join(HOUSE, 'package.json'), join(folder, 'package.json'));
  await mkdir(join(folder, 'sensors'));
  await writeFile(join(folder, 'sensors/topic.ts'), 'export const topic = 1;\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Compiles a copy of the room with one more file; what the compiler says, '' when it is content. */
async function compile(name: string, source: string): Promise<string> {
  const room = join(folder, name);
  await cp(join(HOUSE, 'models'), room, { recursive: true });
  await writeFile(join(room, 'offence.ts'), source);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [TSC, '-p', room, '--noEmit', '--pretty', 'false'], (error, stdout, stderr) => {
      if (error === null) resolve('');
      else if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(stdout);
    });
  });
}

test('a model that only computes compiles', async () => {
  const source = "import { clip } from './activation.ts';\nexport const x = Math.sqrt(clip(4, 9));\n";
  expect(await compile('clean', source)).toBe('');
});

test.each([
  ['process', "export const x = process.env['HOME'];\n", /TS2(304|580|591).*'process'/],
  ['console', "console.log('here');\nexport {};\n", /TS2(304|584).*'console'/],
  ['timer', 'setTimeout(() => {}, 1);\nexport {};\n', /TS2304.*'setTimeout'/],
  ['file', "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n", /TS2(307|591).*'node:fs'/],
  ['neighbour', "import { topic } from '../sensors/topic.ts';\nexport const x = topic;\n", /TS6(059|307).*topic\.ts/],
])('a model that reaches for a %s does not', async (name, source, message) => {
  const said = await compile(name, source);
  expect(said).toMatch(message);
  for (const line of said.trim().split('\n')) {
    if (/error TS/.test(line)) expect(line).toMatch(/offence\.ts|topic\.ts/);
  }
});
