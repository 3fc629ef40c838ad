import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { SystemDisk } from '../../../src/ports/disk.ts';
import { diskContract } from '../../contracts/disk.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewatch-disk-'));
  folders.push(folder);
  return folder;
}

diskContract('the disk of the machine', async () => new SystemDisk(join(await temporary(), 'not', 'yet')));

test('what the disk of the machine makes is for its owner alone', async () => {
  const folder = await temporary();
  const disk = new SystemDisk(folder);
  disk.makeFolder('deep/er');
  disk.open('deep/er/file', 'append').close();
  expect(await readFile(join(folder, 'deep/er/file'), 'utf8')).toBe('');
  for (const path of ['deep', 'deep/er', 'deep/er/file']) {
    expect((await stat(join(folder, path))).mode & 0o077, path).toBe(0);
  }
});
