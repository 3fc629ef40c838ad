/**
 * Checkpoints under every fault there is: killed at each call, without power at any moment, on a disk that is full or
 * fails, and with any bit of them flipped. Each run counts the states that were looked at, and those in which the
 * promise was broken: what is loaded is one that was saved, whole, and none older than the last save that returned.
 */
import type { Checkpoint, CheckpointStore, Disk, KeptCheckpoint, KeptGeneration } from '../../models/ports.ts';
import { createRandom, type Random } from '../../models/random.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { type Fault, Killed, SimDisk } from './disk.ts';

/** The store under test, with the faults that are planted in it. */
export type MakeStore = (disk: Disk) => CheckpointStore;

export interface Findings {
  states: number;
  violations: number;
  /** The first few, in words. */
  examples: string[];
}

const sound: MakeStore = (disk) => new FileCheckpointStore(new FileStorage(disk));

/** What a process has seen of its saves: the loaded one must be at least `returned`, at most `begun`. */
interface Seen {
  returned: number;
  begun: number;
  /** How many have returned. */
  count: number;
}

class Ledger implements Findings {
  states = 0;
  violations = 0;
  examples: string[] = [];

  violation(what: string): void {
    this.violations++;
    if (this.examples.length < 5) this.examples.push(what);
  }

  /** Loads what is on a disk, as the next process would. @returns the number of the checkpoint; 0: none */
  async look(disk: SimDisk, { returned, begun, count }: Seen, where: string): Promise<number> {
    this.states++;
    try {
      const loaded = await sound(disk).load();
      const number = loaded === undefined ? 0 : numberOf(loaded);
      const trouble = troubleOf(loaded, count);
      if (trouble !== undefined) this.violation(`${where}: ${trouble}`);
      if (number < returned || number > begun) {
        this.violation(`${where}: expected a checkpoint from ${returned} to ${begun}, got ${number}`);
      }
      return number;
    } catch (error) {
      this.violation(`${where}: ${String(error)}`);
      return 0;
    }
  }
}

const made = new Map<string, Checkpoint>();

/** The checkpoint of a number: every byte of it follows from that. @param size  of a shard, about */
export function numberedCheckpoint(number: number, size = 700): Checkpoint {
  const key = `${number} ${size}`;
  const known = made.get(key) ?? makeCheckpoint(number, size);
  made.set(key, known);
  return known;
}

function makeCheckpoint(number: number, size: number): Checkpoint {
  const random = createRandom(number);
  const shards = [3, 200].map((partition) => ({
    partition,
    position: 100 * number + partition,
    bytes: Uint8Array.from({ length: size + Math.floor(random() * size) }, () => 256 * random()),
  }));
  const journal = { number, open: ['é'.repeat(Math.floor((random() * size) / 2))] };
  return { position: 1000 * number, head: { number }, shards, journal };
}

const numberOf = ({ journal }: KeptGeneration) => (journal as { number: number }).number;

/** Whether it is, all of it, what was saved. */
export function isNumbered(kept: KeptGeneration, size?: number): boolean {
  const { shards, ...rest } = numberedCheckpoint(numberOf(kept), size);
  return (
    JSON.stringify(rest) === JSON.stringify({ position: kept.position, head: kept.head, journal: kept.journal }) &&
    kept.shards.length === shards.length &&
    kept.shards.every(({ partition, position, bytes, whole }, i) => {
      const saved = shards[i];
      return whole && partition === saved.partition && position === saved.position && isSame(bytes, saved.bytes);
    })
  );
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function troubleOf(loaded: KeptCheckpoint | undefined, saves: number): string | undefined {
  if (loaded === undefined) return undefined;
  const { older, damaged } = loaded;
  if (damaged.length > 0) return `damaged: ${damaged.join(', ')}`;
  if (!isNumbered(loaded)) return 'the newest is not what was saved';
  if (older === undefined) return saves > 1 ? 'there is no older one' : undefined;
  return isNumbered(older) && numberOf(older) < numberOf(loaded) ? undefined : 'the older is not what was saved';
}

/** A disk on which so many saves were completed. */
async function diskAfter(saves: number, make: MakeStore): Promise<SimDisk> {
  const disk = new SimDisk();
  for (let number = 1; number <= saves; number++) await make(disk).save(numberedCheckpoint(number));
  return disk;
}

/** Calls of the save that comes after so many. */
async function callsOf(before: number, make: MakeStore): Promise<number> {
  const disk = await diskAfter(before, make);
  const { length } = disk.calls;
  await make(disk).save(numberedCheckpoint(before + 1));
  return disk.calls.length - length;
}

/** Kills the first, the second and the third save at each of their calls, before it and in the middle of it. */
export async function killEverywhere(make = sound): Promise<Findings> {
  const ledger = new Ledger();
  for (const before of [0, 1, 2]) {
    const calls = await callsOf(before, make);
    for (let call = 1; call <= calls; call++) {
      for (const part of [0, 0.5]) {
        const disk = await diskAfter(before, make);
        disk.failAt(call, 'kill', part);
        await make(disk)
          .save(numberedCheckpoint(before + 1))
          .catch(() => {});
        const where = `save ${before + 1}, killed at ${disk.calls.at(-1)}`;
        await ledger.look(disk.kill(), { returned: before, begun: before + 1, count: before }, where);
        await goOn(ledger, disk.kill(), { number: before + 2, count: before + 1 }, where, make);
      }
    }
  }
  return ledger;
}

/** Lets a call of the third save fail, one after another, and what is written be short. */
export async function failEverywhere(make = sound): Promise<Findings> {
  const ledger = new Ledger();
  const calls = await callsOf(2, make);
  for (const fault of ['ENOSPC', 'EIO', 'short'] as const) {
    for (let call = 1; call <= calls; call++) await failOnce(ledger, fault, call, make);
  }
  return ledger;
}

async function failOnce(ledger: Ledger, fault: Fault, call: number, make: MakeStore): Promise<void> {
  const disk = await diskAfter(2, make);
  disk.failAt(call, fault, 0.3);
  const returned = await returns(make(disk).save(numberedCheckpoint(3)));
  const where = `${fault} at call ${call}, ${disk.calls.at(-1)}`;
  const seen = { returned: returned ? 3 : 2, begun: 3, count: 2 };
  await ledger.look(disk, seen, where);
  await lookAtCuts(ledger, disk, seen, where);
  // The next save begins on what this one has left, and ends at any call as well.
  const calls = await callsOf(2, make);
  for (let end = 1; end <= calls; end += 3) {
    const next = disk.kill();
    next.failAt(end, 'kill');
    await returns(make(next).save(numberedCheckpoint(4)));
    await lookAtCuts(ledger, next, { ...seen, begun: 4 }, `${where}, then killed at ${next.calls.at(-1)}`);
  }
  await goOn(ledger, disk, { number: 4, count: 3 }, where, make);
}

/** Lets the disk be full at every size, up to what a first save or a third one needs, and be empty again. */
export async function fillEverywhere(step: number, make = sound): Promise<Findings> {
  const ledger = new Ledger();
  for (const before of [0, 2]) for (let room = 0; !(await fill(ledger, before, room, make)); room += step);
  return ledger;
}

/** @returns whether it was enough */
async function fill(ledger: Ledger, before: number, room: number, make: MakeStore): Promise<boolean> {
  const disk = await diskAfter(before, make);
  const where = `room for ${room} bytes after ${before} saves`;
  disk.capacity = disk.used + room;
  const next = numberedCheckpoint(before + 1);
  if (await returns(make(disk).save(next))) return true;
  await ledger.look(disk, { returned: before, begun: before + 1, count: before }, where);
  const used = disk.used;
  if (await returns(make(disk).save(next))) ledger.violation(`${where}: a second try comes to more`);
  if (disk.used > used) ledger.violation(`${where}: a second try takes more`);
  disk.capacity = Infinity;
  await goOn(ledger, disk, { number: before + 2, count: before + 1 }, where, make);
  return false;
}

/** The next save works whatever happened, outlasts a power cut, and leaves no more than two generations. */
async function goOn(
  ledger: Ledger,
  disk: SimDisk,
  { number, count }: { number: number; count: number },
  where: string,
  make: MakeStore,
): Promise<void> {
  try {
    await make(disk).save(numberedCheckpoint(number));
  } catch (error) {
    ledger.violation(`${where}, then save ${number}: ${String(error)}`);
    return;
  }
  const names = disk.list('checkpoint');
  if (names.length > 3) ledger.violation(`${where}, then save ${number}: left ${names.join(', ')}`);
  await lookAtCuts(ledger, disk, { returned: number, begun: number, count }, where);
}

async function returns(saved: Promise<unknown>): Promise<boolean> {
  return saved.then(
    () => true,
    () => false,
  );
}

async function lookAtCuts(ledger: Ledger, disk: SimDisk, seen: Seen, where: string): Promise<void> {
  const random = createRandom(seen.begun);
  for (let i = 0; i < 8; i++) await ledger.look(disk.cut(random), seen, `${where}, then a power cut`);
}

const CUTS_OF_A_MOMENT = 20;
const LIVES_OF_A_DISK = 12;
/** At which call a life ends; a save has about 50. */
const CALLS_OF_A_LIFE = 150;

/**
 * Processes that load, save and end at any call, by a kill or a power cut, one after another on a disk; at each end so
 * many states that the power cut could have left are looked at.
 */
export async function cutAnywhere(states: number, seed: number, make = sound): Promise<Findings> {
  const ledger = new Ledger();
  const random = createRandom(seed);
  while (ledger.states < states) {
    let disk = new SimDisk();
    const seen: Seen = { returned: 0, begun: 0, count: 0 };
    for (let life = 0; life < LIVES_OF_A_DISK && ledger.states < states; life++) {
      await live(ledger, disk, seen, random, make);
      const where = `life ${life}, ended at ${disk.calls.at(-1)}, after save ${seen.returned} of ${seen.begun}`;
      let cut = disk;
      for (let i = 0; i < CUTS_OF_A_MOMENT; i++) {
        cut = disk.cut(random);
        await ledger.look(cut, seen, where);
      }
      disk = random() < 0.5 ? cut : disk.kill();
    }
  }
  return ledger;
}

/** Until it is killed. */
async function live(ledger: Ledger, disk: SimDisk, seen: Seen, random: Random, make: MakeStore): Promise<void> {
  disk.failAt(1 + Math.floor(random() * CALLS_OF_A_LIFE), 'kill', random());
  try {
    const store = make(disk);
    await store.load();
    for (;;) {
      await store.save(numberedCheckpoint(++seen.begun));
      seen.returned = seen.begun;
      seen.count++;
    }
  } catch (error) {
    if (!(error instanceof Killed)) ledger.violation(`save ${seen.begun}: ${String(error)}`);
  }
}

/**
 * Flips every bit of every file of two generations, and cuts every file off at every length.
 * @param size  of a shard, about
 */
export async function damageEverywhere(size: number): Promise<Findings> {
  const ledger = new Ledger();
  const disk = new SimDisk();
  for (const number of [1, 2]) await sound(disk).save(numberedCheckpoint(number, size));
  for (const [path, content] of disk.files()) {
    for (let bit = 0; bit < 8 * content.length; bit++) {
      const flipped = content.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      await lookAtDamage(ledger, disk, path, flipped, size);
    }
    for (let length = 0; length < content.length; length++) {
      await lookAtDamage(ledger, disk, path, content.subarray(0, length), size);
    }
    overwrite(disk, path, content);
  }
  return ledger;
}

function overwrite(disk: SimDisk, path: string, content: Uint8Array): void {
  // The file as such: one that was written to twice would keep both for the case of a power cut.
  disk.remove(path);
  const file = disk.open(path, 'create');
  file.write(content);
  file.close();
}

/** The damage is seen, named, and costs no more than the file it is in. */
async function lookAtDamage(ledger: Ledger, disk: SimDisk, path: string, content: Uint8Array, size: number) {
  ledger.states++;
  overwrite(disk, path, content);
  const where = `${path}, ${content.length} bytes`;
  const loaded = await sound(disk)
    .load()
    .catch((error: unknown) => ledger.violation(`${where}: ${String(error)}`));
  if (loaded === undefined) return;
  if (loaded.damaged.length !== 1 || loaded.damaged[0] !== path) {
    ledger.violation(`${where}: damaged: ${loaded.damaged.join(', ')}`);
  }
  const generation = /0+(\d)\//.exec(path)?.[1];
  const isManifest = path.endsWith('.json');
  const generations = [loaded, ...(loaded.older === undefined ? [] : [loaded.older])];
  const expected = isManifest && generation !== undefined ? [generation === '2' ? 1 : 2] : [2, 1];
  if (generations.map(numberOf).join() !== expected.join()) ledger.violation(`${where}: other generations`);
  for (const kept of generations) {
    const hit = !isManifest && String(numberOf(kept)) === generation;
    const broken = kept.shards.filter(({ whole }) => !whole).map(({ partition }) => partition);
    const partition = Number(/(\d+)\.twsn\.zst$/.exec(path)?.[1]);
    if (broken.join() !== (hit ? String(partition) : '')) ledger.violation(`${where}: not whole: ${broken.join()}`);
    const saved = numberedCheckpoint(numberOf(kept), size).shards;
    const shards = kept.shards.map((shard, i) => (shard.whole ? shard : { ...saved[i], whole: true }));
    if (!isNumbered({ ...kept, shards }, size)) ledger.violation(`${where}: not what was saved`);
  }
}
