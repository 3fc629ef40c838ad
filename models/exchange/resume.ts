/**
 * A whole learner as named tensors and back: loaded, it goes on as if it had never stopped, to the last bit.
 *
 *   weights             as in weights.ts
 *   opt.u.<weight>      moments of the optimiser: u, or v, or m and v of optimizer.ts, one tensor for each weight;
 *   opt.m.<weight>      those of a bias that goes as two are in its bias_ih
 *   opt.v.<weight>
 *   opt.known           1 − αᵗ, or 1 − β₁ᵗ and 1 − β₂ᵗ
 *   state.h  state.c    or `state` where a cell keeps something else
 *   resume.<region>     the rest of the block, region by region: ring, counters, traces, ...
 *
 * Among the numbers are places in memory, so nothing goes on from a file that was changed or rounded: the metadata hold
 * the CRC-32 of the block. That is no seal: cells that keep places of their own (attention) believe a forged file. For
 * weights from somebody else there is `importWeights`.
 */
import type { Cell } from '../cells/cell.ts';
import { crc32 } from '../crc32.ts';
import { CodedError } from '../errors.ts';
import type { Learner } from '../training/learner.ts';
import { momentsSize, type Optimizer } from '../training/optimizer.ts';
import { placesOf } from './names.ts';
import type { TensorFile } from './safetensors.ts';
import { shown } from './shown.ts';
import { exportWeights, isOurs, readWeights } from './weights.ts';

const SUM = 'resume.crc32';

/** A stretch of the block under its name. */
interface Stretch {
  name: string;
  shape: readonly number[];
  at: number;
  size: number;
}

/**
 * Copies of all there is. Nobody reads a file with a number in it that is not finite: ask `isSound` before.
 * @param optimizer  that of the training
 */
export function exportAll(
  learner: Learner,
  optimizer: Optimizer,
  memory: Float64Array,
  at: number,
  metadata: ReadonlyMap<string, string> = new Map(),
): TensorFile {
  const file = exportWeights(learner, memory, at, metadata);
  file.metadata.set('optimizer', optimizer.name);
  file.metadata.set(SUM, sumOf(memory.slice(at, at + learner.size)));
  for (const { name, shape, at: from, size } of stretchesOf(learner, optimizer)) {
    file.tensors.set(name, { shape, values: memory.slice(at + from, at + from + size) });
  }
  return file;
}

/**
 * Replaces the whole block, or nothing.
 * @returns warnings, for people
 * @throws CodedError as importWeights, and WEIGHTS_OPTIMIZER, WEIGHTS_CORRUPT
 */
export function importAll(
  learner: Learner,
  optimizer: Optimizer,
  file: TensorFile,
  memory: Float64Array,
  at: number,
): string[] {
  if (!isOurs(file)) {
    throw new CodedError('WEIGHTS_LAYOUT', 'weights: expected a file of ours, got one that no training can go on from');
  }
  const { name } = optimizer;
  const named = file.metadata.get('optimizer');
  if (named !== name) {
    throw new CodedError('WEIGHTS_OPTIMIZER', `weights: expected the moments of ${name}, got those of ${shown(named)}`);
  }
  const { shelf, block, warnings } = readWeights(learner, file, memory, at);
  for (const stretch of stretchesOf(learner, optimizer)) block.set(shelf.take(stretch.name, stretch.shape), stretch.at);
  shelf.close();
  checkSum(file, block);
  checkRing(learner, block);
  memory.set(block, at);
  return warnings;
}

/** Everything behind the weights, in the order of the block. */
function stretchesOf(learner: Learner, optimizer: Optimizer): Stretch[] {
  const moments = learner.regions.find(({ name }) => name === 'moments');
  if (moments?.size !== momentsSize(optimizer, learner.weightCount)) {
    throw new RangeError(`optimizer: expected that of the training, got ${optimizer.name}`);
  }
  return learner.regions.flatMap(({ name, at, size }) => {
    if (size === 0 || name === 'weights') return [];
    if (name === 'moments') return momentStretches(learner, optimizer, at, size);
    if (name === 'state') return stateStretches(learner.cell, at);
    return [{ name: `resume.${name}`, shape: [size], at, size }];
  });
}

function momentStretches(learner: Learner, optimizer: Optimizer, at: number, size: number): Stretch[] {
  const { cell, head } = placesOf(learner);
  const letters = lettersOf(optimizer);
  const stretches = letters.flatMap((letter, i) =>
    [...cell, ...head].map((place) => ({
      name: `opt.${letter}.${place.name}`,
      shape: place.shape,
      at: at + i * learner.weightCount + place.at,
      size: place.size,
    })),
  );
  const taken = letters.length * learner.weightCount;
  const known = { name: 'opt.known', shape: [size - taken], at: at + taken, size: size - taken };
  return known.size > 0 ? [...stretches, known] : stretches;
}

function lettersOf({ name }: Optimizer): readonly string[] {
  switch (name) {
    case 'sgd':
      return [];
    case 'momentum':
      return ['u'];
    case 'rmsprop':
      return ['v'];
    case 'adam':
    case 'adamw':
      return ['m', 'v'];
  }
}

function stateStretches({ name, hidden: H, stateSize }: Cell, at: number): Stretch[] {
  const h = { name: 'state.h', shape: [H], at, size: H };
  if (stateSize === H) return [h];
  if (name === 'lstm' || name === 'elstm') return [h, { name: 'state.c', shape: [H], at: at + H, size: H }];
  return [{ name: 'state', shape: [stateSize], at, size: stateSize }];
}

function sumOf(block: Float64Array): string {
  return crc32(new Uint8Array(block.buffer)).toString(16);
}

function checkSum({ metadata }: TensorFile, block: Float64Array): void {
  const wanted = metadata.get(SUM);
  const got = sumOf(block);
  if (got === wanted) return;
  const what = `expected numbers with the CRC-32 ${shown(wanted)}, got ${got}`;
  throw new CodedError('WEIGHTS_CORRUPT', `weights: ${what}; were they changed or rounded?`);
}

/** Rows of a ring are found by what its counters say; others would lie in the memory of other streams. See tbptt.ts. */
function checkRing({ cell, head, regions }: Learner, block: Float64Array): void {
  const [ring, counters, walk] = ['ring', 'counters', 'walk'].map((name) => regions.find((one) => one.name === name));
  if (ring === undefined || counters === undefined) return;
  const rows = ring.size / (cell.cacheSize + cell.hidden + 2 * head.outputs);
  expectWhole('resume.counters', block.subarray(counters.at, counters.at + 3), [rows - 1, rows, rows]);
  if (walk === undefined || walk.size === 0) return;
  expectWhole('resume.walk', block.subarray(walk.at, walk.at + 3), [rows - 1, rows, rows]);
}

function expectWhole(name: string, numbers: Float64Array, most: readonly number[]): void {
  for (const [i, number] of numbers.entries()) {
    if (Number.isInteger(number) && number >= 0 && number <= most[i]) continue;
    const wanted = `expected a whole number of at most ${most[i]}`;
    throw new CodedError('WEIGHTS_CORRUPT', `tensor ${shown(name)}: ${wanted} at ${i}, got ${number}`);
  }
}
