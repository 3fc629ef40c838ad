import { describe, expect, it } from 'vitest';
import { createRandom } from '../../models/random.ts';
import { diskContract } from '../contracts/disk.ts';
import { Killed, SimDisk } from './disk.ts';

diskContract('a simulated disk', () => Promise.resolve(new SimDisk()));

const text = (disk: SimDisk, path: string) => disk.files().get(path)?.toString();
const bytes = (size: number, value: number) => new Uint8Array(size).fill(value);

/** A disk with a file of so many ones, sure by name and content. */
async function sure(size: number): Promise<SimDisk> {
  const disk = new SimDisk();
  const file = disk.open('a', 'create');
  file.write(bytes(size, 1));
  await file.sync();
  file.close();
  await disk.syncFolder('.');
  return disk;
}

/** All that power cuts leave of a disk, each once, described by `what`. */
function cuts(disk: SimDisk, what: (disk: SimDisk) => unknown, count = 2000): Set<string> {
  const random = createRandom(1);
  return new Set(Array.from({ length: count }, () => JSON.stringify(what(disk.cut(random)) ?? null)));
}

const sectors = (file: Uint8Array | undefined) =>
  file && Array.from({ length: Math.ceil(file.length / 512) }, (_, i) => [file[i * 512], i * 512 + 511 < file.length]);
const names = (disk: SimDisk) => [...disk.files().keys()];
const state = (disk: SimDisk) => [names(disk), text(disk, 'a')];

describe('a power cut', () => {
  it('leaves what was synced, and nothing else can be there', async () => {
    expect(cuts(await sure(3), (disk) => [names(disk), text(disk, 'a')])).toEqual(new Set(['[["a"],"1,1,1"]']));
  });

  it('leaves of a write that was not synced all, nothing, or any of its sectors', async () => {
    const disk = await sure(512);
    disk.open('a', 'append').write(bytes(1024, 2));
    const [one, two, zero] = [1, 2, 0].map((value) => `[${value},true]`);
    const left = cuts(disk, (after) => sectors(after.files().get('a')));
    expect(left).toEqual(
      new Set(
        ['', `,${two}`, `,${two},${two}`, `,${zero},${two}`, `,${two},${zero}`, `,${zero},${zero}`].map(
          (more) => `[${one}${more}]`,
        ),
      ),
    );
  });

  it('may leave a later write without the one before it', async () => {
    const disk = await sure(1);
    const file = disk.open('a', 'append');
    for (const value of [2, 3]) file.write(bytes(1, value));
    const left = cuts(disk, (after) => [...after.files().get('a')!]);
    for (const state of ['[1]', '[1,2]', '[1,2,3]', '[1,0,3]']) expect(left).toContain(state);
    expect(left).not.toContain('[1,3]');
  });

  it('may undo a truncation, or leave it without what was written afterwards', async () => {
    const disk = await sure(3);
    disk.open('a', 'create').write(bytes(1, 2));
    const left = cuts(disk, (after) => [...after.files().get('a')!]);
    for (const state of ['[1,1,1]', '[]', '[2]', '[2,1,1]']) expect(left).toContain(state);
  });

  it('takes with a name that was not synced what was', async () => {
    const disk = new SimDisk();
    disk.makeFolder('x');
    const file = disk.open('x/a', 'create');
    file.write(bytes(1, 1));
    await file.sync();
    expect(cuts(disk, names)).toEqual(new Set(['[]', '["x/a"]']));
    await disk.syncFolder('x');
    // The folder has a name too.
    expect(cuts(disk, names)).toEqual(new Set(['[]', '["x/a"]']));
    await disk.syncFolder('.');
    expect(cuts(disk, names)).toEqual(new Set(['["x/a"]']));
  });

  it('leaves a rename done or not, and never half', async () => {
    const disk = await sure(1);
    disk.makeFolder('.');
    const file = disk.open('b', 'create');
    file.write(bytes(1, 2));
    await file.sync();
    await disk.syncFolder('.');
    disk.rename('b', 'a');
    expect(cuts(disk, state)).toEqual(new Set(['[["a","b"],"1"]', '[["a"],"2"]']));
    await disk.syncFolder('.');
    expect(cuts(disk, state)).toEqual(new Set(['[["a"],"2"]']));
  });

  it('leaves any of the names that were made and removed, a folder as long as something is in it', async () => {
    const disk = new SimDisk();
    disk.makeFolder('x');
    for (const name of ['x/a', 'x/b']) disk.open(name, 'create').close();
    for (const folder of ['.', 'x']) await disk.syncFolder(folder);
    disk.remove('x');
    const left = cuts(disk, (after) => [after.list('.'), names(after)]);
    const states = ['[[],[]]', '[["x"],[]]', '[["x"],["x/a"]]', '[["x"],["x/b"]]', '[["x"],["x/a","x/b"]]'];
    expect(left).toEqual(new Set(states));
  });

  it('comes after what a sync covered, not after what was written while it ran', async () => {
    const disk = await sure(0);
    const file = disk.open('a', 'append');
    file.write(bytes(1, 1));
    const synced = file.sync();
    file.write(bytes(1, 2));
    expect(cuts(disk, (after) => after.files().get('a')!.length)).toContain('0');
    await synced;
    expect(cuts(disk, (after) => [...after.files().get('a')!])).toEqual(new Set(['[1]', '[1,2]', '[1,0]']));
  });

  it('leaves a disk of its own, the same for the same chance', async () => {
    const disk = await sure(512);
    disk.open('a', 'append').write(bytes(2048, 2));
    const twice = [1, 2].map(() => sectors(disk.cut(createRandom(7)).files().get('a')));
    expect(twice[0]).toEqual(twice[1]);
    disk.cut(createRandom(7)).remove('a');
    expect(names(disk)).toEqual(['a']);
  });
});

describe('the end of a process', () => {
  it('leaves everything that was written, as unsure as it was', async () => {
    const disk = await sure(1);
    disk.open('a', 'append').write(bytes(1, 2));
    disk.open('b', 'create').close();
    const next = disk.kill();
    expect([names(next), text(next, 'a')]).toEqual([['a', 'b'], '1,2']);
    expect(cuts(next, names)).toEqual(new Set(['["a"]', '["a","b"]']));
    expect(cuts(next, (after) => text(after, 'a'))).toContain('"1"');
    await next.open('a', 'append').sync();
    expect(cuts(next, (after) => text(after, 'a'))).toEqual(new Set(['"1,2"']));
    expect(cuts(disk, (after) => text(after, 'a'))).toContain('"1"');
  });

  it('comes in the middle of a write or a removal, and no call comes after it', async () => {
    const disk = await sure(0);
    disk.failAt(2, 'kill', 0.5);
    const file = disk.open('a', 'append');
    expect(() => file.write(bytes(4, 1))).toThrow(Killed);
    expect(() => disk.list('.')).toThrow(Killed);
    expect(() => file.close()).toThrow(Killed);
    await expect(file.sync()).rejects.toThrow(Killed);
    const next = disk.kill();
    expect(text(next, 'a')).toBe('1,1');
    next.makeFolder('x');
    for (const name of ['x/a', 'x/b']) next.open(name, 'create').close();
    next.failAt(1, 'kill', 0.5);
    expect(() => next.remove('x')).toThrow(Killed);
    expect(names(next.kill())).toEqual(['a', 'x/b']);
  });

  it('reaches those who wait', async () => {
    const disk = await sure(0);
    const file = disk.open('a', 'append');
    file.write(bytes(1, 1));
    const synced = file.sync();
    disk.failAt(1, 'kill');
    expect(() => disk.list('.')).toThrow(Killed);
    await expect(synced).rejects.toThrow(Killed);
    expect(cuts(disk, (after) => after.files().get('a')!.length)).toContain('0');
  });
});

describe('a fault', () => {
  it.each(['EIO', 'ENOSPC'] as const)('%s comes at the call it was planned for, once', async (code) => {
    const disk = await sure(0);
    disk.failAt(3, code, 0.25);
    disk.list('.');
    const file = disk.open('a', 'append');
    expect(() => file.write(bytes(4, 1))).toThrow(expect.objectContaining({ code }));
    expect(text(disk, 'a')).toBe('1');
    file.write(bytes(1, 2));
    expect(text(disk, 'a')).toBe('1,2');
    expect(disk.calls.slice(-4)).toEqual(['list .', 'open a', 'write a', 'write a']);
  });

  it('can be a write that is short, down to nothing', async () => {
    const disk = await sure(0);
    const file = disk.open('a', 'append');
    disk.failAt(1, 'short');
    expect(file.write(bytes(5, 1))).toBe(2);
    disk.failAt(1, 'short', 0);
    expect(await file.writeLater(bytes(5, 1))).toBe(0);
    expect(file.size).toBe(2);
  });

  it('is a full disk: what fits is written, then nothing, until there is room', async () => {
    const disk = await sure(3);
    disk.capacity = disk.used + 2;
    const file = disk.open('a', 'append');
    expect(file.write(bytes(5, 2))).toBe(2);
    expect(() => file.write(bytes(5, 2))).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    file.truncate(1);
    expect(file.write(bytes(3, 2))).toBe(3);
    disk.capacity = Infinity;
    expect(file.write(bytes(100, 2))).toBe(100);
  });

  it('of a sync is not healed by syncing again: what it should have kept is lost, without a word', async () => {
    const disk = await sure(1);
    const file = disk.open('a', 'append');
    file.write(bytes(2, 2));
    disk.failAt(1, 'EIO');
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    file.write(bytes(1, 3));
    await file.sync();
    expect(text(disk, 'a')).toBe('1,2,2,3');
    expect(cuts(disk, (after) => text(after, 'a'))).toEqual(new Set(['"1,0,0,3"']));
  });
});
