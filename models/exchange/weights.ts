/**
 * What a learner knows, as named tensors and back: the weights of its cell and its head, without its training. See
 * resume.ts for a file that a training goes on from.
 *
 * A file of ours names its cell and its sizes in its metadata. Files from PyTorch, Keras, TensorFlow.js and ONNX are
 * told by the names of their tensors; they may come without a head.
 */
import { CodedError } from '../errors.ts';
import { createRandom } from '../random.ts';
import type { Learner } from '../training/learner.ts';
import { toPytorch } from './layouts.ts';
import { cellPrefix, type Place, placesOf } from './names.ts';
import type { NamedTensor, TensorFile } from './safetensors.ts';
import { Shelf } from './shelf.ts';
import { shown } from './shown.ts';

const FORMAT = 'tidewatch';
const VERSION = '1';
/** Names of what importing the weights alone leaves aside. */
const RESUME = /^(opt|state|resume)(\.|$)/;

/**
 * Copies of the weights.
 * @param metadata  of the caller: `scale.mean`, `scale.sd`, the series, ...
 */
export function exportWeights(
  learner: Learner,
  memory: Float64Array,
  at: number,
  metadata: ReadonlyMap<string, string> = new Map(),
): TensorFile {
  const { cell, head } = learner;
  const places = placesOf(learner);
  const tensors = new Map<string, NamedTensor>();
  for (const place of [...places.cell, ...places.head]) {
    const from = at + place.at;
    tensors.set(place.name, { shape: place.shape, values: memory.slice(from, from + place.size) });
    if (place.second !== undefined) {
      tensors.set(place.second, { shape: place.shape, values: new Float64Array(place.size) });
    }
  }
  const own = Object.entries({
    format: FORMAT,
    version: VERSION,
    cell: cell.name,
    inputs: String(cell.inputs),
    hidden: String(cell.hidden),
    outputs: String(head.outputs),
    skip: String(head.skip > 0),
  });
  // Ours come first, and a text of the caller's with such a name does not count.
  return { tensors, metadata: new Map([...own, ...metadata, ...own]) };
}

/**
 * Makes the block that of a stream with these weights and no past. Either all of it is replaced, or nothing is. A file
 * from elsewhere without a head leaves the learner's own.
 *
 * @returns warnings, for people
 * @throws CodedError WEIGHTS_VERSION, WEIGHTS_CELL, WEIGHTS_LAYOUT, WEIGHTS_NAME, WEIGHTS_SHAPE, WEIGHTS_NUMBER
 */
export function importWeights(learner: Learner, file: TensorFile, memory: Float64Array, at: number): string[] {
  const { shelf, block, warnings } = readWeights(learner, file, memory, at);
  shelf.drop((name) => RESUME.test(name));
  shelf.close();
  memory.set(block, at);
  return warnings;
}

export function isOurs({ metadata }: TensorFile): boolean {
  return metadata.get('format') === FORMAT;
}

/** A block of its own with the weights of the file, otherwise at rest, and what else there is in the file. */
export function readWeights(
  learner: Learner,
  file: TensorFile,
  memory: Float64Array,
  at: number,
): { shelf: Shelf; block: Float64Array; warnings: string[] } {
  const { cell, size, weightCount } = learner;
  const shelf = new Shelf(inOurNames(learner, file));
  const places = placesOf(learner);
  const warnings: string[] = [];
  const block = new Float64Array(size);
  learner.initialise(block, 0, createRandom(1));
  for (const place of places.cell) takeInto(block, shelf, place);
  if (isOurs(file) || places.head.some(({ name }) => shelf.has(name))) {
    for (const place of places.head) {
      if (isOurs(file) || place.name !== 'head.skip' || shelf.has(place.name)) takeInto(block, shelf, place);
      else warnings.push('the file has no skip path: it starts at 0');
    }
  } else {
    block.set(memory.subarray(at + cell.paramCount, at + weightCount), cell.paramCount);
    warnings.push('the file has no head: the one that is there stays');
  }
  if (!file.metadata.has('scale.mean') || !file.metadata.has('scale.sd')) {
    warnings.push(
      'the file carries no input scaling (scale.mean, scale.sd): are the inputs scaled as they were there?',
    );
  }
  return { shelf, block, warnings };
}

function takeInto(block: Float64Array, shelf: Shelf, { name, shape, at, second }: Place): void {
  block.set(shelf.take(name, shape), at);
  if (second === undefined) return;
  const more = shelf.take(second, shape);
  // −0 + 0 is 0: without the question our own files would not come back to the bit.
  for (let i = 0; i < more.length; i++) if (more[i] !== 0) block[at + i] += more[i];
}

function inOurNames({ cell }: Learner, file: TensorFile): ReadonlyMap<string, NamedTensor> {
  const { tensors, metadata } = file;
  if (isOurs(file)) {
    const version = metadata.get('version');
    if (version !== VERSION) {
      const newer = 'was it written by a newer version?';
      throw new CodedError('WEIGHTS_VERSION', `weights: expected version ${VERSION}, got ${shown(version)}; ${newer}`);
    }
    const named = metadata.get('cell');
    if (named === cell.name) return tensors;
    throw new CodedError('WEIGHTS_CELL', `weights: expected those of a cell ${cell.name}, got ${shown(named)}`);
  }
  const head = Array.from(tensors).filter(([name]) => name.startsWith('head.'));
  const bare = bareNames(Array.from(tensors).filter(([name]) => !name.startsWith('head.')));
  const prefix = cellPrefix(cell);
  const layer = Array.from(toPytorch(cell, bare, metadata), ([name, tensor]) => [`${prefix}.${name}`, tensor] as const);
  return new Map([...layer, ...head]);
}

/** Without the path of the layer that they all belong to: `encoder.lstm.weight_ih_l0`, `lstm/lstm_cell/kernel:0`. */
function bareNames(tensors: readonly [string, NamedTensor][]): Map<string, NamedTensor> {
  const bare = new Map<string, NamedTensor>();
  let path: string | undefined;
  for (const [name, tensor] of tensors) {
    const plain = name.replace(/:0$/, '');
    const from = Math.max(plain.lastIndexOf('.'), plain.lastIndexOf('/')) + 1;
    path ??= plain.slice(0, from);
    if (path !== plain.slice(0, from)) {
      const wanted = path === '' ? 'without a path' : `in ${shown(path)}`;
      throw new CodedError(
        'WEIGHTS_NAME',
        `weights: expected one layer, all its tensors ${wanted}, got ${shown(name)}`,
      );
    }
    bare.set(plain.slice(from), tensor);
  }
  return bare;
}
