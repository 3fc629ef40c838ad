/**
 * Bit rot: any bit of any file that a daemon comes back from is flipped, and any file ends early. The next daemon comes
 * back bit for bit, or says what is lost, or refuses by name; and one damage costs no more than one series.
 *
 * A log that ends early between two records is that of a daemon that ended then: nobody can know better.
 */
import { SimDisk } from '../../test/sim/disk.ts';
import type { Row } from '../rows.ts';
import { countRow, type Findings, Ledger, rowsOf, type SectionOptions } from './findings.ts';
import { changedTracks, difference, FEED, isOfTwo, Life, type Planted, START, type State } from './life.ts';
import { diskOf, type Outcome, Reference, start, Starts } from './outcome.ts';

/** Two series, an alert that is open, two checkpoints and a log behind them. */
const DEEDS = FEED.findIndex((deed) => deed.kind === 'until' && deed.time === START + 24_000) + 1;

export interface FlipFindings extends Findings {
  /** Damage that cost more than one series. */
  wide: number;
  crashes: number;
  /** Starts that were refused, by name. */
  refused: number;
  /** Which came back as they were before the last entries. */
  earlier: number;
  /** States that came back bit for bit. */
  whole: number;
}

export interface FlipOptions {
  /** Every so many bits and sizes of a shard; of the other files, every so many besides. */
  shardStride: number;
  stride: number;
  planted?: Planted;
  untilFound?: boolean;
}

async function rest(): Promise<{ files: Map<string, Uint8Array>; reference: Reference }> {
  const disk = new SimDisk();
  const removed = new Map<string, Uint8Array>();
  const life = new Life(disk, { removed });
  await life.begin(0);
  await life.live(0, DEEDS, false, isOfTwo);
  const files = disk.files();
  return { files, reference: new Reference(new Map([...removed, ...files])) };
}

/** How a file is damaged, and where. */
interface Damage {
  path: string;
  bytes: Uint8Array;
  bit?: number;
  /** To which it was cut. */
  size?: number;
}

function* damages(path: string, bytes: Uint8Array, stride: number): Generator<Damage> {
  const copy = bytes.slice();
  for (let bit = 0; bit < bytes.length * 8; bit += stride) {
    copy[bit >> 3] ^= 1 << (bit & 7);
    yield { path, bytes: copy.slice(), bit };
    copy[bit >> 3] ^= 1 << (bit & 7);
  }
  for (let size = 0; size < bytes.length; size += stride) {
    yield { path, bytes: bytes.subarray(0, size), size };
  }
}

const isShard = (path: string): boolean => path.includes('.twsn');

/** What happened that should not have. */
function troubleOf({ state, said, missing, crash }: Outcome, sound: State, isEarlier: boolean): string | undefined {
  if (crash !== undefined || state === undefined) return crash;
  const changed = difference(state, sound);
  return changed !== undefined && said.length === 0 && missing === 0 && !isEarlier ? `silently ${changed}` : undefined;
}

/** Whether a cut of the newest segment has left the state after an earlier entry. */
async function isBefore({ path, size }: Damage, { state, position }: Outcome, reference: Reference): Promise<boolean> {
  if (size === undefined || path !== reference.newest || state === undefined) return false;
  const earlier = await reference.stateAt(position);
  return position < reference.last && earlier.state !== undefined && difference(state, earlier.state) === undefined;
}

export async function damageEverywhere(options: FlipOptions): Promise<FlipFindings> {
  const { stride, shardStride, planted, untilFound } = options;
  const { files, reference } = await rest();
  const starts = new Starts(planted);
  const sound = (await start(diskOf(files))).state!;
  const ledger = new Ledger();
  const counts = { wide: 0, crashes: 0, refused: 0, whole: 0, earlier: 0 };
  for (const [path, bytes] of files) {
    const all = damages(path, bytes, isShard(path) ? shardStride : stride);
    for await (const [damage, disk, { key }] of starts.readAll(all, (one) => new Map(files).set(path, one.bytes))) {
      const outcome = await starts.ofRead(key, () => diskOf(disk));
      const isEarlier = await isBefore(damage, outcome, reference);
      const where = `${path}, ${damage.size === undefined ? `bit ${damage.bit}` : `cut to ${damage.size}`}`;
      ledger.look(where, troubleOf(outcome, sound, isEarlier));
      count(counts, outcome, sound);
      if (isEarlier) counts.earlier++;
      if (untilFound === true && ledger.violations > 0) return Object.assign(ledger, counts);
    }
  }
  return Object.assign(ledger, counts);
}

function count(counts: Omit<FlipFindings, keyof Findings>, outcome: Outcome, sound: State): void {
  const { state, crash, refusal } = outcome;
  if (crash !== undefined) counts.crashes++;
  if (refusal !== undefined) counts.refused++;
  if (state === undefined) return;
  if (changedTracks(state, sound).length > 1) counts.wide++;
  if (difference(state, sound) === undefined) counts.whole++;
}

/** Both generations of one shard are damaged, and the log does not reach back to the beginning. */
export async function damageTwice(): Promise<Findings> {
  const { files } = await rest();
  const sound = (await start(diskOf(files))).state!;
  const ledger = new Ledger();
  const shards = [...files.keys()].filter(isShard);
  for (const name of new Set(shards.map((path) => path.split('/')[2]))) {
    const damaged = new Map(files);
    for (const path of shards.filter((shard) => shard.endsWith(name))) {
      const bytes = files.get(path)!.slice();
      bytes[bytes.length >> 1] ^= 1;
      damaged.set(path, bytes);
    }
    const { refusal } = await start(diskOf(damaged));
    ledger.look(`${name} twice`, refusal === 'STATE_LOST' ? undefined : `expected STATE_LOST, got ${refusal}`);
    const accepted = await start(diskOf(damaged), {}, true);
    const lost = accepted.state === undefined ? ['every series'] : changedTracks(accepted.state, sound);
    ledger.look(`${name} twice, accepted`, lost.length === 1 ? undefined : `lost ${lost.join(', ') || 'nothing'}`);
  }
  return ledger;
}

export const name = 'flips';

export async function run({ size }: SectionOptions): Promise<Row[]> {
  const [stride, shardStride] = size === 'smoke' ? [97, 9973] : [1, size === 'long' ? 1 : 97];
  const found = await damageEverywhere({ stride, shardStride });
  const what = `flips${shardStride > 1 ? `_1_in_${shardStride}_of_shards` : ''}`;
  return [
    ...rowsOf(what, found),
    countRow('flips_wide', found.wide),
    countRow('flips_crashes', found.crashes),
    ...rowsOf('flips_twice', await damageTwice()),
  ];
}
