import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Checkpoint, KeptCheckpoint, Storage } from '../../models/ports.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { MemoryStorage } from '../sim/storage.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewatch-checkpoint-'));
  folders.push(folder);
  return folder;
}

function checkpointOf(seq: number, ...partitions: number[]): Checkpoint {
  return {
    shards: partitions.map((partition) => ({
      partition,
      position: seq * 10,
      bytes: Uint8Array.from([seq, partition, 0, 255]),
    })),
    journal: { seq, open: [], events: ['é'] },
  };
}

/** What was saved as it is loaded: with the shards of the checkpoint before it as older copies. */
function kept(checkpoint: Checkpoint, before?: Checkpoint): KeptCheckpoint {
  const olderOf = (partition: number) =>
    (before?.shards ?? []).filter((shard) => shard.partition === partition).map(({ bytes }) => bytes);
  const shards = checkpoint.shards.map((shard) => ({ ...shard, older: olderOf(shard.partition) }));
  return { ...checkpoint, shards };
}

const plain = (checkpoint: KeptCheckpoint | undefined) =>
  checkpoint && {
    ...checkpoint,
    shards: checkpoint.shards.map((shard) => ({
      ...shard,
      bytes: Uint8Array.from(shard.bytes),
      older: shard.older.map((bytes) => Uint8Array.from(bytes)),
    })),
  };

const kinds: [string, () => Promise<Storage>][] = [
  ['files', async () => new FileStorage(await temporary())],
  ['memory', async () => new MemoryStorage()],
];

describe.each(kinds)('a checkpoint store over %s', (_, make) => {
  it('has nothing at first', async () => {
    expect(await new FileCheckpointStore(await make()).load()).toBeUndefined();
  });

  it('gives back what was saved', async () => {
    const storage = await make();
    await new FileCheckpointStore(storage).save(checkpointOf(1, 0, 7, 255));
    expect(plain(await new FileCheckpointStore(storage).load())).toEqual(kept(checkpointOf(1, 0, 7, 255)));
  });

  it('gives back the newest, and keeps the one before and no other, over restarts', async () => {
    const storage = await make();
    let store = new FileCheckpointStore(storage);
    for (let seq = 1; seq <= 5; seq++) {
      if (seq === 3) {
        store = new FileCheckpointStore(storage);
        await store.load();
      }
      await store.save(checkpointOf(seq, 0, seq));
      const before = seq === 1 ? undefined : checkpointOf(seq - 1, 0, seq - 1);
      expect(plain(await store.load())).toEqual(kept(checkpointOf(seq, 0, seq), before));
      const generations = seq === 1 ? ['000001'] : [`00000${seq - 1}`, `00000${seq}`];
      expect((await storage.list('checkpoint')).sort()).toEqual([...generations, 'manifest.json']);
    }
    expect(await storage.list('checkpoint/000004')).toEqual(['000.twsn', '004.twsn']);
    expect(await storage.list('checkpoint/000005')).toEqual(['000.twsn', '005.twsn']);
  });

  it('holds an empty state as well', async () => {
    const storage = await make();
    await new FileCheckpointStore(storage).save(checkpointOf(1));
    expect(await new FileCheckpointStore(storage).load()).toEqual(kept(checkpointOf(1)));
  });
});

describe('a power cut', () => {
  it.each([0, 1, 2, 3])('after %d writes leaves the checkpoint before it whole', async (writes) => {
    const storage = new MemoryStorage();
    const store = new FileCheckpointStore(storage);
    await store.save(checkpointOf(1, 1, 2, 3));
    storage.writesLeft = writes;
    await expect(store.save(checkpointOf(2, 1, 2, 3))).rejects.toThrow('power cut');
    storage.writesLeft = Infinity;
    const next = new FileCheckpointStore(storage);
    expect(await next.load()).toEqual(kept(checkpointOf(1, 1, 2, 3)));
    await next.save(checkpointOf(3, 2));
    expect(await next.load()).toEqual(kept(checkpointOf(3, 2), checkpointOf(1, 2)));
    expect((await storage.list('checkpoint')).sort()).toEqual(['000001', '000002', 'manifest.json']);
  });

  it('after the manifest, before the old shards are gone, leaves the new one', async () => {
    const storage = new MemoryStorage();
    const store = new FileCheckpointStore(storage);
    await store.save(checkpointOf(1, 1));
    await store.save(checkpointOf(2, 1));
    storage.removes = false;
    await expect(store.save(checkpointOf(3, 1))).rejects.toThrow('power cut');
    const next = new FileCheckpointStore(storage);
    expect(await next.load()).toEqual(kept(checkpointOf(3, 1), checkpointOf(2, 1)));
    // The next one clears away what the cut has left.
    storage.removes = true;
    await next.save(checkpointOf(4, 1));
    expect((await storage.list('checkpoint')).sort()).toEqual(['000003', '000004', 'manifest.json']);
  });
});

async function trouble(change: (storage: MemoryStorage) => void): Promise<unknown> {
  const storage = new MemoryStorage();
  await new FileCheckpointStore(storage).save(checkpointOf(1, 1, 2));
  change(storage);
  return new FileCheckpointStore(storage).load().catch((error: unknown) => error);
}
const manifest = (text: string) => (storage: MemoryStorage) =>
  void storage.files.set('checkpoint/manifest.json', Buffer.from(text));

describe('a checkpoint that cannot be trusted', () => {
  it.each(['', '{"format":1,', 'null', '7', '[]', '{"format":1,"partitions":256}'])(
    'is named where the manifest is %j',
    async (text) => {
      const error = await trouble(manifest(text));
      expect(error).toMatchObject({ code: expect.stringMatching(/^CHECKPOINT_/) });
      expect((error as Error).message).toMatch(/^checkpoint\/manifest\.json: expected /);
    },
  );

  it.each([
    ['{"format":2,"partitions":256,"generation":1,"shards":[]}', 'got format 2 with 256  '],
    ['{"format":1,"partitions":64,"generation":1,"shards":[]}', 'got format 1 with 64  '],
  ])('is of another version where the manifest is %s', async (text, message) => {
    const error = await trouble(manifest(text));
    expect(error).toMatchObject({ code: 'CHECKPOINT_VERSION' });
    expect((error as Error).message).toContain(message);
  });

  it('has no bytes of a shard that is missing, and every other one', async () => {
    const loaded = await trouble((storage) => void storage.files.delete('checkpoint/000001/002.twsn'));
    const [first, second] = checkpointOf(1, 1, 2).shards;
    expect(loaded).toEqual(kept({ ...checkpointOf(1), shards: [first, { ...second, bytes: new Uint8Array() }] }));
  });

  it('has the older copy of a shard that is missing', async () => {
    const storage = new MemoryStorage();
    const store = new FileCheckpointStore(storage);
    await store.save(checkpointOf(1, 1, 2));
    await store.save(checkpointOf(2, 1, 2));
    storage.files.delete('checkpoint/000002/001.twsn');
    const loaded = await new FileCheckpointStore(storage).load();
    expect(loaded?.shards[0].bytes).toEqual(new Uint8Array());
    expect(loaded?.shards.map(({ older }) => older)).toEqual(checkpointOf(1, 1, 2).shards.map(({ bytes }) => [bytes]));
  });
});

describe('file storage', () => {
  it('reads undefined and lists nothing where nothing is, and removes it without complaint', async () => {
    const storage = new FileStorage(join(await temporary(), 'not', 'yet'));
    expect(await storage.read('a')).toBeUndefined();
    expect(await storage.list('b')).toEqual([]);
    await storage.remove('c');
  });

  it('writes files whole, for its owner alone, and leaves nothing beside them', async () => {
    const folder = await temporary();
    const storage = new FileStorage(folder);
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
    await expect(new FileStorage(folder).read('file/below')).rejects.toThrow(/ENOTDIR/);
    await expect(new FileStorage(folder).list('file')).rejects.toThrow(/ENOTDIR/);
  });
});
