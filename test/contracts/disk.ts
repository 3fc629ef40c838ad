/** What every disk promises, the machine's and the simulated one. Each one's own test runs it whole. */
import { describe, expect, it } from 'vitest';
import type { Disk, DiskFile } from '../../models/ports.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const codeOf = (action: () => unknown): unknown => {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

const put = (on: Disk, path: string, text: string, how: 'append' | 'create' = 'create') => {
  const file = on.open(path, how);
  expect(file.write(bytes(text))).toBe(text.length);
  file.close();
};
const text = (on: Disk, path: string) => {
  const read = on.read(path);
  return read && Buffer.from(read).toString();
};

/** @param make  a disk with nothing on it */
export function diskContract(name: string, make: () => Promise<Disk>): void {
  const disk = async () => {
    const made = await make();
    made.makeFolder('.');
    return made;
  };
  describe(`${name}, as every disk,`, () => {
    it('has nothing at first, and says so without complaint', async () => {
      const made = await disk();
      expect(made.list('.')).toEqual([]);
      expect(made.list('no/where')).toEqual([]);
      expect(made.read('no/where')).toBeUndefined();
      made.remove('no/where');
    });

    it('begins a file anew, or goes on at its end', async () => {
      const made = await disk();
      put(made, 'a', 'one');
      put(made, 'a', 'two');
      expect(text(made, 'a')).toBe('two');
      put(made, 'a', 'three', 'append');
      put(made, 'b', 'new', 'append');
      expect([text(made, 'a'), text(made, 'b')]).toEqual(['twothree', 'new']);
    });

    it.each(['append', 'create'] as const)('writes at the end of what a truncation left, opened to %s', async (how) => {
      const made = await disk();
      const file = made.open('a', how);
      file.write(bytes('0123456789'));
      expect(file.size).toBe(10);
      file.truncate(4);
      expect(file.size).toBe(4);
      expect(await file.writeLater(bytes('end'))).toBe(3);
      expect(file.size).toBe(7);
      await file.sync();
      file.syncNow();
      file.close();
      expect(text(made, 'a')).toBe('0123end');
      const again = made.open('a', 'append');
      expect(again.size).toBe(7);
      again.close();
    });

    it('grows a file by zeros where it is truncated beyond its end', async () => {
      const made = await disk();
      const file = made.open('a', 'create');
      file.write(bytes('ab'));
      file.truncate(4);
      file.close();
      expect(text(made, 'a')).toBe('ab\0\0');
    });

    it('gives bytes that are copies', async () => {
      const made = await disk();
      const given = bytes('abc');
      const file = made.open('a', 'create');
      file.write(given);
      file.close();
      given.fill(0);
      made.read('a')!.fill(0);
      expect(text(made, 'a')).toBe('abc');
    });

    it('makes folders with those above, and lists names sorted', async () => {
      const made = await disk();
      made.makeFolder('x/y/z');
      made.makeFolder('x/y');
      put(made, 'x/b', '');
      put(made, 'x/a', '');
      expect(made.list('x')).toEqual(['a', 'b', 'y']);
      expect(made.list('x/y')).toEqual(['z']);
      for (const folder of ['.', 'x', 'x/y']) await made.syncFolder(folder);
    });

    it('renames a file over another, and a folder with what is in it', async () => {
      const made = await disk();
      made.makeFolder('from');
      put(made, 'from/a', 'new');
      put(made, 'b', 'old');
      made.rename('from/a', 'b');
      expect([text(made, 'b'), made.list('from')]).toEqual(['new', []]);
      put(made, 'from/c', 'c');
      made.rename('from', 'to');
      expect([text(made, 'to/c'), made.list('.')]).toEqual(['c', ['b', 'to']]);
    });

    it('writes on into a file that was renamed or removed meanwhile', async () => {
      const made = await disk();
      const file: DiskFile = made.open('a', 'create');
      made.rename('a', 'b');
      file.write(bytes('1'));
      expect(text(made, 'b')).toBe('1');
      made.remove('b');
      file.write(bytes('2'));
      expect([file.size, made.list('.')]).toEqual([2, []]);
      file.close();
    });

    it('removes a folder with everything in it', async () => {
      const made = await disk();
      made.makeFolder('x/y');
      put(made, 'x/y/a', 'a');
      put(made, 'b', 'b');
      made.remove('x');
      expect(made.list('.')).toEqual(['b']);
      made.remove('b');
      expect(made.list('.')).toEqual([]);
    });

    it('says by a code what cannot be', async () => {
      const made = await disk();
      made.makeFolder('x');
      put(made, 'a', '');
      expect(codeOf(() => made.open('no/where', 'create'))).toBe('ENOENT');
      expect(codeOf(() => made.open('x', 'append'))).toBe('EISDIR');
      expect(codeOf(() => made.rename('nothing', 'b'))).toBe('ENOENT');
      expect(codeOf(() => made.read('a/below'))).toBe('ENOTDIR');
      expect(codeOf(() => made.list('a'))).toBe('ENOTDIR');
      expect(codeOf(() => made.read('x'))).toBe('EISDIR');
      expect(codeOf(() => made.makeFolder('a'))).toBe('EEXIST');
      await expect(made.syncFolder('nothing')).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });
}
