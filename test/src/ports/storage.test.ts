import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../../models/ports.ts';
import { SystemDisk } from '../../../src/ports/disk.ts';
import { FileStorage } from '../../../src/ports/storage.ts';
import { SimDisk } from '../../sim/disk.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewatch-storage-'));
  folders.push(folder);
  return folder;
}

const over = (folder: string) => new FileStorage(new SystemDisk(folder));

describe('file storage', () => {
  it('reads undefined and lists nothing where nothing is, and removes it without complaint', async () => {
    const storage = over(join(await temporary(), 'not', 'yet'));
    expect(await storage.read('a')).toBeUndefined();
    expect(await storage.list('b')).toEqual([]);
    await storage.remove('c');
    await storage.write('d', Buffer.from('one'));
    expect(Buffer.from((await storage.read('d'))!).toString()).toBe('one');
  });

  it('writes files whole, for its owner alone, and leaves nothing beside them', async () => {
    const folder = await temporary();
    const storage = over(folder);
    await storage.write('deep/er/file', Buffer.from('one'));
    await storage.write('deep/er/file', Buffer.from('two'));
    expect(await readFile(join(folder, 'deep/er/file'), 'utf8')).toBe('two');
    expect(await readdir(join(folder, 'deep/er'))).toEqual(['file']);
    expect((await stat(join(folder, 'deep/er/file'))).mode & 0o077).toBe(0);
    expect((await stat(join(folder, 'deep'))).mode & 0o077).toBe(0);
    await storage.remove('deep');
    expect(await readdir(folder)).toEqual([]);
  });

  it('reports trouble other than a missing file', async () => {
    const folder = await temporary();
    await writeFile(join(folder, 'file'), '');
    await expect(over(folder).read('file/below')).rejects.toThrow(/ENOTDIR/);
    await expect(over(folder).list('file')).rejects.toThrow(/ENOTDIR/);
  });
});

const write = (disk: Disk) => new FileStorage(disk).write('x/a', Buffer.from('new'));
const contentOf = (disk: SimDisk) => Object.fromEntries([...disk.files()].map(([path, bytes]) => [path, bytes.length]));

async function prepared(): Promise<SimDisk> {
  const disk = new SimDisk();
  await new FileStorage(disk).write('x/a', Buffer.from('four'));
  return disk;
}

describe('file storage over a disk that fails', () => {
  it('makes one call after another, and syncs the names of new folders', async () => {
    const disk = new SimDisk();
    const storage = new FileStorage(disk);
    await storage.write('x/y/a', Buffer.from('new'));
    const calls = ['open', 'writeLater', 'sync', 'close', 'rename'].map((call) => `${call} x/y/a.tmp`);
    const first = ['makeFolder x/y', 'syncFolder .', 'syncFolder x'];
    expect(disk.calls).toEqual([...first, ...calls, 'syncFolder x/y']);
    await storage.write('x/y/a', Buffer.from('new'));
    expect(disk.calls.slice(9)).toEqual(['makeFolder x/y', ...calls, 'syncFolder x/y']);
    await storage.remove('x');
    await storage.write('x/y/a', Buffer.from('new'));
    expect(disk.calls.slice(17, 20)).toEqual(first);
  });

  it('goes on where a write was short, and gives up where nothing is written', async () => {
    const disk = await prepared();
    disk.failAt(4, 'short', 0.5);
    await new FileStorage(disk).write('x/a', Buffer.from('longer'));
    expect(Buffer.from(disk.files().get('x/a')!).toString()).toBe('longer');
    expect(disk.calls.filter((call) => call === 'writeLater x/a.tmp')).toHaveLength(3);
    disk.failAt(4, 'short', 0);
    await expect(write(disk)).rejects.toThrow('wrote none of 3 bytes');
    expect(contentOf(disk)).toEqual({ 'x/a': 6 });
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('leaves the old file and nothing beside it where call %d fails', async (call) => {
    const disk = await prepared();
    disk.failAt(call, 'ENOSPC');
    await expect(write(disk)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(contentOf(disk)).toEqual({ 'x/a': 4 });
    await write(disk);
    expect(contentOf(disk)).toEqual({ 'x/a': 3 });
  });

  it('says why it failed, where what it wrote cannot be removed either', async () => {
    const disk = await prepared();
    const stubborn: Disk = Object.assign(Object.create(disk) as SimDisk, {
      makeFolder: (path: string) => disk.makeFolder(path),
      syncFolder: (path: string) => disk.syncFolder(path),
      open: () => {
        throw new Error('the first');
      },
      remove: () => {
        throw new Error('the second');
      },
    });
    await expect(write(stubborn)).rejects.toThrow('the first');
  });
});
