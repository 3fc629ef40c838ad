import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ContextTrack } from '../../models/context-track.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { decodeSafetensors } from '../../models/exchange/safetensors.ts';
import { encodeSnapshot, type TrackState } from '../../models/snapshot.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { parseCommandLine } from '../../src/cli.ts';
import { exportCommand, importCommand } from '../../src/commands/exchange.ts';
import { KeptState } from '../../src/kept-state.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { lockFolder } from '../../src/ports/lock.ts';
import { expectSameBits } from '../models/difference.ts';
import { newWorld, play } from '../models/play.ts';
import { wave } from '../sim/tracks.ts';

const SECOND = 1000;
const SEASON = 60 * SECOND;

let folder = '';
let printed = '';
let warned = '';

/** Stands in for a stream's write. */
const into = (add: (text: string) => void) => (text: unknown) => {
  add(String(text));
  return true;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-exchange-'));
  printed = '';
  warned = '';
  vi.spyOn(process.stdout, 'write').mockImplementation(into((text) => (printed += text)));
  vi.spyOn(process.stderr, 'write').mockImplementation(into((text) => (warned += text)));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const at = (name: string) => join(folder, name);
const detector = new Detector({ ...DEFAULTS, hidden: 5, season: SEASON });
const sharing = new Detector({ ...detector.options, shared: true });

async function configure(hidden = 5, keys = ''): Promise<void> {
  const listen = 'http: {listen: "127.0.0.1:1"}';
  const sources = 'sources: {in: {type: http}}';
  const pipelines = `pipelines: {plant: {inputs: [in], hidden: ${hidden}, season: 1m${keys}}}`;
  await writeFile(
    at('pipelines.yaml'),
    ['version: 1', `state_dir: ${at('state')}`, listen, sources, pipelines].join('\n'),
  );
}

/** The state of a daemon that has watched two pumps for a while. */
async function leaveState(shared = false): Promise<void> {
  const world = newWorld(shared ? sharing : detector);
  if (shared) world.model.peers = '+';
  for (const [k, id] of ['pump_a', 'pump_b'].entries()) {
    play(
      world,
      Array.from({ length: 400 }, (_, i) => ({ id, time: i * SECOND, value: (k + 1) * wave(i + 77 * k) })),
    );
  }
  const { shape, size } = world.model.detector;
  const partitions = new Set([...world.registry].map(({ partition }) => partition));
  const shards = [...partitions].map((partition) => {
    const tracks = [...world.registry].filter((track) => track.partition === partition);
    const rows = tracks.map((track) => ({ ...track, pipeline: 'plant', shape, size }));
    return { partition, position: 0, bytes: encodeSnapshot(partition, rows, new TextEncoder()) };
  });
  await new FileCheckpointStore(new FileStorage(new SystemDisk(at('state')))).save({
    position: 5,
    head: { mark: 6 },
    shards,
    journal: { mark: 7 },
  });
}

const command = (run: typeof exportCommand, ...words: string[]) =>
  run(parseCommandLine([run === exportCommand ? 'export' : 'import', ...words, '--config', at('pipelines.yaml')]));
const blockOf = async (series: string) => (await KeptState.open(at('state'))).find(series).block;
const { learned, fast, weights: weightsAt } = detector.layout;
const ahead = weightsAt + 2 * detector.fast.weightCount;
const weights = (block: Float64Array) => block.subarray(weightsAt, weightsAt + detector.fast.weightCount);

describe('a series', () => {
  beforeEach(async () => {
    await configure();
    await leaveState();
  });

  test('is exported under the names others know, with all that it learned', async () => {
    expect(await command(exportCommand, 'pump_a', '--out', at('a.safetensors'))).toBe(0);
    expect(printed).toMatch(/a\.safetensors: \d+ tensors of pump_a, \d+ bytes\n/);
    const { tensors, metadata } = decodeSafetensors(await readFile(at('a.safetensors')), new TextDecoder());
    expect(tensors.get('lstm.weight_ih_l0')?.shape).toEqual([20, 32]);
    expect(tensors.get('lstm.weight_hh_l0')?.shape).toEqual([20, 5]);
    expect(tensors.get('head.weight')?.shape).toEqual([1, 5]);
    for (const name of ['detector.frame', 'detector.surprise', 'detector.ahead', 'opt.v.head.skip', 'state.c']) {
      expect(tensors.has(name), name).toBe(true);
    }
    expect(metadata.get('series')).toBe('pump_a');
    expect(Number(metadata.get('scale.mean'))).toBeCloseTo(50, 0);
  });

  test('gets the weights of another, and nothing else of it', async () => {
    const [a, b] = [await blockOf('pump_a'), await blockOf('pump_b')];
    await command(exportCommand, 'pump_a', '--out', at('a.safetensors'));
    expect(await command(importCommand, at('a.safetensors'), 'pump_b')).toBe(0);
    const got = await blockOf('pump_b');
    expectSameBits('weights', weights(got), weights(a));
    expectSameBits('all before the network', got.subarray(0, fast), b.subarray(0, fast));
    expectSameBits('the network of a season ahead', got.subarray(ahead), b.subarray(ahead));
    const moments = got.subarray(weightsAt + detector.fast.weightCount, ahead);
    expect(moments.every((moment) => moment === 0)).toBe(true);
    expectSameBits('the other', await blockOf('pump_a'), a);
    expect((await new FileCheckpointStore(new FileStorage(new SystemDisk(at('state')))).load())?.journal).toEqual({
      mark: 7,
    });
  });

  test('gets everything that was learned with --resume, and goes on bit for bit', async () => {
    const a = await blockOf('pump_a');
    await command(exportCommand, 'pump_a', '--out', at('a.safetensors'));
    expect(await command(importCommand, at('a.safetensors'), 'pump_b', '--resume', '--json')).toBe(0);
    const got = await blockOf('pump_b');
    expectSameBits('learned', got.subarray(learned), a.subarray(learned));
    expect(JSON.parse(printed.split('\n').at(-2)!)).toMatchObject({ series: 'pump_b', resumed: true, warnings: [] });
  });

  test('comes from the older checkpoint where the newest of its partition is damaged, and that is kept', async () => {
    await (await KeptState.open(at('state'))).save();
    const a = await blockOf('pump_a');
    const store = new FileCheckpointStore(new FileStorage(new SystemDisk(at('state'))));
    for (const { partition } of (await store.load())!.shards) {
      await writeFile(at(`state/checkpoint/000002/${String(partition).padStart(3, '0')}.twsn.zst`), '');
    }
    expectSameBits('older', await blockOf('pump_a'), a);
    await (await KeptState.open(at('state'))).save();
    expect(await store.load()).toMatchObject({
      position: 5,
      head: { mark: 6 },
      journal: { mark: 7 },
      damaged: [expect.stringContaining('000002/'), expect.stringContaining('000002/')],
    });
    expectSameBits('kept', await blockOf('pump_a'), a);
  });

  test('is rounded for those who know no doubles, which no training can go on from', async () => {
    await command(exportCommand, 'pump_a', '--out', at('a.safetensors'), '--float32');
    expect(await command(importCommand, at('a.safetensors'), 'pump_b')).toBe(0);
    const got = weights(await blockOf('pump_b'));
    expectSameBits('weights', got, Float64Array.from(Float32Array.from(weights(await blockOf('pump_a')))));
  });

  test.each([
    ['an unknown series', ['a.safetensors', 'pump_c'], 'known: pump_a, pump_b'],
    ['a file that is not there', ['b.safetensors', 'pump_b'], 'cannot read'],
    ['a file that is none of these', ['pipelines.yaml', 'pump_b'], 'safetensors'],
  ])('refuses %s and changes nothing', async (_, words, why) => {
    await command(exportCommand, 'pump_a', '--out', at('a.safetensors'));
    const before = await blockOf('pump_b');
    await expect(command(importCommand, at(words[0]), words[1])).rejects.toThrow(why);
    expectSameBits('block', await blockOf('pump_b'), before);
  });

  test('is not given a model while a daemon runs, which would undo it', async () => {
    await command(exportCommand, 'pump_a', '--out', at('a.safetensors'));
    const unlock = lockFolder(at('state'));
    await expect(command(importCommand, at('a.safetensors'), 'pump_b')).rejects.toThrow('stop it');
    unlock();
  });

  test('of another shape than the configuration says is left alone', async () => {
    await configure(6);
    await expect(command(exportCommand, 'pump_a', '--out', at('a.safetensors'))).rejects.toThrow(
      'expected the shape "lstm 6',
    );
  });
});

test('what only explains others has nothing to export', async () => {
  await configure();
  const world = newWorld(detector);
  const context = new ContextTrack({ cell: 'lstm', season: SEASON, budgetPerDay: 1 });
  const track = world.registry.admit('valve', 'valve', { ...world.model, detector: context })!;
  const { shape, size } = context;
  const bytes = encodeSnapshot(track.partition, [{ ...track, pipeline: 'plant', shape, size }], new TextEncoder());
  const shards = [{ partition: track.partition, position: 0, bytes }];
  await new FileCheckpointStore(new FileStorage(new SystemDisk(at('state')))).save({
    position: 0,
    head: null,
    shards,
    journal: {},
  });
  await expect(command(exportCommand, 'valve')).rejects.toMatchObject({ code: 'SERIES_CONTEXT' });
});

const stateOf = async (series: string) => (await KeptState.open(at('state'))).find(series);
const weightsIn = ({ pool }: TrackState) => pool!.block.slice(0, sharing.fast.weightCount);

describe('a series that shares its weights', () => {
  beforeEach(async () => {
    await configure(5, ', weights: shared, peers: +');
    await leaveState(true);
  });

  test('is exported with them, under the same names as one that has its own', async () => {
    const namesIn = async (name: string) =>
      [...decodeSafetensors(await readFile(at(name)), new TextDecoder()).tensors.keys()].sort();
    await command(exportCommand, 'pump_a', '--out', at('shared.safetensors'));
    await configure();
    await leaveState();
    await command(exportCommand, 'pump_a', '--out', at('own.safetensors'));
    expect(await namesIn('shared.safetensors')).toEqual(await namesIn('own.safetensors'));
  });

  test('gets back what it was, to the last bit, and its siblings learn on from the same weights', async () => {
    const [a, b] = [await stateOf('pump_a'), await stateOf('pump_b')];
    await command(exportCommand, 'pump_a', '--out', at('a.safetensors'));
    await command(importCommand, at('a.safetensors'), 'pump_a');
    expectSameBits('weights', weightsIn(await stateOf('pump_b')), weightsIn(a));
    expect((await stateOf('pump_b')).pool!.block).not.toEqual(a.pool!.block);
    await command(importCommand, at('a.safetensors'), 'pump_a', '--resume');
    expect(warned).toContain('the siblings of the series have them as well');
    expectSameBits('pool', (await stateOf('pump_b')).pool!.block, a.pool!.block);
    expectSameBits('block', (await stateOf('pump_a')).block, a.block);
    expectSameBits('sibling', (await stateOf('pump_b')).block, b.block);
  });
});

test('without a state there is nothing to export', async () => {
  await configure();
  await expect(command(exportCommand, 'pump_a')).rejects.toThrow('expected the state of a daemon that ran');
  expect(warned).toBe('');
});

test.each([
  [exportCommand, [], 'expected one SERIES'],
  [importCommand, ['file'], 'expected FILE SERIES'],
])('says what it wants', async (run, words, why) => {
  await configure();
  await expect(command(run, ...words)).rejects.toThrow(why);
});
