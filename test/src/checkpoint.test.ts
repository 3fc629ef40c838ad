import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, test } from 'vitest';
import type { Checkpoint, KeptCheckpoint, KeptGeneration, Storage } from '../../models/ports.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { seal, unseal } from '../../src/sealed.ts';
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
    position: seq * 10 + 3,
    head: { seq, pipelines: { main: 2 } },
    journal: { seq, open: [], events: ['é'] },
  };
}

/** What was saved as it is loaded, with the checkpoint before it. */
function kept(checkpoint: Checkpoint, before?: Checkpoint): KeptCheckpoint {
  const older = before === undefined ? {} : { older: whole(before) };
  return { ...whole(checkpoint), ...older, damaged: [] };
}

function whole(checkpoint: Checkpoint): KeptGeneration {
  return { ...checkpoint, shards: checkpoint.shards.map((shard) => ({ ...shard, whole: true })) };
}

/** Buffers are equal to no array. */
const plain = (checkpoint: KeptCheckpoint | undefined): KeptCheckpoint | undefined =>
  checkpoint && {
    ...plainShards(checkpoint),
    ...(checkpoint.older && { older: plainShards(checkpoint.older) }),
    damaged: checkpoint.damaged,
  };

function plainShards<T extends KeptGeneration>(generation: T): T {
  return {
    ...generation,
    shards: generation.shards.map((shard) => ({ ...shard, bytes: Uint8Array.from(shard.bytes) })),
  };
}

const kinds: [string, () => Promise<Storage>][] = [
  ['files', async () => new FileStorage(new SystemDisk(await temporary()))],
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
    expect((await storage.list('checkpoint/000004')).sort()).toEqual(['000.twsn.zst', '004.twsn.zst', 'manifest.json']);
    expect((await storage.list('checkpoint/000005')).sort()).toEqual(['000.twsn.zst', '005.twsn.zst', 'manifest.json']);
  });

  it('says which generation it wrote, and how many bytes', async () => {
    const storage = await make();
    const store = new FileCheckpointStore(storage);
    await store.save(checkpointOf(1, 0, 7));
    const { generation, bytes } = await store.save(checkpointOf(2, 0, 7));
    expect(generation).toBe(2);
    const files = ['000002/000.twsn.zst', '000002/007.twsn.zst', '000002/manifest.json', 'manifest.json'];
    const sizes = await Promise.all(files.map(async (file) => (await storage.read(`checkpoint/${file}`))!.length));
    expect(bytes).toBe(sizes.reduce((a, b) => a + b));
  });

  it('holds an empty state as well', async () => {
    const storage = await make();
    await new FileCheckpointStore(storage).save(checkpointOf(1));
    expect(await new FileCheckpointStore(storage).load()).toEqual(kept(checkpointOf(1)));
  });
});

describe('a power cut', () => {
  it.each([0, 1, 2, 3, 4])('after %d writes leaves the checkpoint before it whole', async (writes) => {
    const storage = new MemoryStorage();
    const store = new FileCheckpointStore(storage);
    await store.save(checkpointOf(1, 1, 2, 3));
    storage.writesLeft = writes;
    await expect(store.save(checkpointOf(2, 1, 2, 3))).rejects.toThrow('power cut');
    storage.writesLeft = Infinity;
    const next = new FileCheckpointStore(storage);
    expect(await next.load()).toEqual(kept(checkpointOf(1, 1, 2, 3)));
    await next.save(checkpointOf(3, 2));
    expect(await next.load()).toEqual(kept(checkpointOf(3, 2), checkpointOf(1, 1, 2, 3)));
    expect(await storage.list('checkpoint')).toHaveLength(3);
  });

  it('before the first checkpoint is complete leaves none', async () => {
    const storage = new MemoryStorage();
    storage.writesLeft = 2;
    await expect(new FileCheckpointStore(storage).save(checkpointOf(1, 1, 2, 3))).rejects.toThrow('power cut');
    expect(await new FileCheckpointStore(storage).load()).toBeUndefined();
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

  it('leaves files beside others that nobody reads and the next save removes', async () => {
    const storage = new MemoryStorage();
    const store = new FileCheckpointStore(storage);
    await store.save(checkpointOf(1, 1));
    storage.files.set('checkpoint/manifest.json.tmp', Buffer.from('{'));
    storage.files.set('checkpoint/000002/manifest.json.tmp', Buffer.from('{'));
    expect(await store.load()).toEqual(kept(checkpointOf(1, 1)));
    await store.save(checkpointOf(2, 1));
    expect([...storage.files.keys()].filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });
});

const POINTER = 'checkpoint/manifest.json';
const manifestOf = (generation: number) => `checkpoint/00000${generation}/manifest.json`;

/** The files of two checkpoints, after a change. */
async function changed(change: (files: Map<string, Uint8Array>) => void): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const store = new FileCheckpointStore(storage);
  for (const seq of [1, 2]) await store.save(checkpointOf(seq, 1, 2));
  change(storage.files);
  return storage;
}
const loadFrom = (storage: Storage) => new FileCheckpointStore(storage).load();
const shardOf = (seq: number, partition: number) => ({ ...checkpointOf(seq, partition).shards[0], whole: true });
const put = (path: string, text: string) => (files: Map<string, Uint8Array>) => void files.set(path, Buffer.from(text));

describe('damage', () => {
  it.each(['', '{"format":2,', 'null', '7', '[]', '{"format":2,"partitions":256}'])(
    'to what names the generations costs nothing: %j',
    async (text) => {
      const loaded = await loadFrom(await changed(put(POINTER, text)));
      expect(loaded).toEqual({ ...kept(checkpointOf(2, 1, 2), checkpointOf(1, 1, 2)), damaged: [POINTER] });
    },
  );

  it.each([
    ['damaged', put(manifestOf(2), '')],
    ['gone', (files: Map<string, Uint8Array>) => void files.delete(manifestOf(2))],
  ])('to the newest manifest makes the older generation the newest: %s', async (_, change) => {
    const storage = await changed(change);
    expect(await loadFrom(storage)).toEqual({ ...kept(checkpointOf(1, 1, 2)), damaged: [manifestOf(2)] });
    await new FileCheckpointStore(storage).save(checkpointOf(3, 1));
    expect(await loadFrom(storage)).toEqual(kept(checkpointOf(3, 1), checkpointOf(1, 1, 2)));
    expect((await storage.list('checkpoint')).sort()).toEqual(['000001', '000003', 'manifest.json']);
  });

  it('to the older manifest leaves the newest', async () => {
    const loaded = await loadFrom(await changed(put(manifestOf(1), '{}')));
    expect(loaded).toEqual({ ...kept(checkpointOf(2, 1, 2)), damaged: [manifestOf(1)] });
  });

  it('to a shard is told beside its older copy', async () => {
    const loaded = await loadFrom(
      await changed((files) => void (files.get('checkpoint/000002/001.twsn.zst')![2] ^= 1)),
    );
    expect(loaded?.shards).toEqual([{ ...shardOf(2, 1), bytes: new Uint8Array(), whole: false }, shardOf(2, 2)]);
    expect(loaded?.older).toEqual(whole(checkpointOf(1, 1, 2)));
    expect(loaded?.damaged).toEqual(['checkpoint/000002/001.twsn.zst']);
  });

  it('to a shard leaves no bytes where the file is gone', async () => {
    const loaded = await loadFrom(await changed((files) => void files.delete('checkpoint/000002/001.twsn.zst')));
    expect(loaded?.shards).toEqual([{ ...shardOf(2, 1), bytes: new Uint8Array(), whole: false }, shardOf(2, 2)]);
    expect(loaded?.damaged).toEqual(['checkpoint/000002/001.twsn.zst']);
  });

  it.each(['001.twsn.zst', 'manifest.json'])('is a file of another generation: %s', async (name) => {
    const mix = (files: Map<string, Uint8Array>) =>
      void files.set(`checkpoint/000002/${name}`, files.get(`checkpoint/000001/${name}`)!);
    expect((await loadFrom(await changed(mix)))?.damaged).toEqual([`checkpoint/000002/${name}`]);
  });

  it('to all that could be read is an error that names the files', async () => {
    const storage = await changed((files) => {
      for (const path of [POINTER, manifestOf(1), manifestOf(2)]) files.set(path, Buffer.from('?'));
    });
    const error = await loadFrom(storage).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
    for (const path of [POINTER, manifestOf(1), manifestOf(2)]) expect((error as Error).message).toContain(path);
  });
});

const sealed = (more: object) => Buffer.from(seal({ format: 2, partitions: 256, ...more })).toString();

describe('a checkpoint of another version', () => {
  it.each([
    ['{"format":1,"partitions":256,"generation":1,"shards":[]}', 'got format 1 with 256  '],
    [sealed({ format: 3, generation: 2 }), 'got format 3 with 256  '],
    [sealed({ partitions: 64, generation: 2 }), 'got format 2 with 64  '],
  ])('is neither read nor written over: %s', async (text, message) => {
    const storage = await changed(put(POINTER, text));
    const before = new Map(storage.files);
    const store = new FileCheckpointStore(storage);
    for (const attempt of [() => store.load(), () => store.save(checkpointOf(3, 1))]) {
      const error = await attempt().catch((error: unknown) => error);
      expect(error).toMatchObject({ code: 'CHECKPOINT_VERSION' });
      expect((error as Error).message).toContain(`${POINTER}: expected format 2 with 256 partitions, ${message}`);
    }
    expect(storage.files).toEqual(before);
  });
});

test('the manifests say what is in a checkpoint, for people too', async () => {
  const { files } = await changed(() => {});
  expect(unseal(files.get(POINTER)!)).toEqual({ format: 2, partitions: 256, generation: 2, before: 1 });
  expect(unseal(files.get(manifestOf(2))!)).toEqual({
    format: 2,
    partitions: 256,
    generation: 2,
    position: 23,
    head: { seq: 2, pipelines: { main: 2 } },
    shards: [1, 2].map((partition) => {
      const { length } = files.get(`checkpoint/000002/00${partition}.twsn.zst`)!;
      return { partition, position: 20, size: length, crc: expect.any(Number) };
    }),
    journal: { seq: 2, open: [], events: ['é'] },
  });
});
