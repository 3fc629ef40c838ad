/**
 * The weights of one LSTM or GRU as other libraries keep them, brought into the layout of PyTorch, which is ours. G
 * gates (LSTM 4, GRU 3), I inputs, H units; h of a GRU is what we call n; its z keeps everywhere.
 *
 *                  blocks of rows      matrices                 biases
 *   PyTorch        i f g o    r z n    [GH, I]    [GH, H]       bias_ih, bias_hh [GH], which an LSTM sums
 *   Keras          i f c o    z r h    [I, GH]    [H, GH]       [GH]; GRU with reset_after [2, GH]
 *   TensorFlow.js  as Keras; a GRU always resets before, and the gates are hard where nothing else is said
 *   ONNX           i o f c    z r h    [1, GH, I] [1, GH, H]    [1, 2GH], those of the input first
 *
 * What a library can do and we cannot (peepholes, clipping, other activations) shows in its settings or its tensors and
 * is refused.
 */
import { CodedError } from '../errors.ts';
import type { NamedTensor } from './safetensors.ts';
import { Shelf } from './shelf.ts';
import { shown } from './shown.ts';

type Layout = 'pytorch' | 'keras' | 'tensorflow.js' | 'onnx';

interface CellShape {
  name: string;
  inputs: number;
  hidden: number;
}

interface Blocks {
  names: readonly [input: string, recurrent: string, bias: string];
  transposed: boolean;
  /** Which of their blocks is our first, second, ... */
  lstm: readonly number[];
  gru: readonly number[];
}

const KERAS: Blocks = {
  names: ['kernel', 'recurrent_kernel', 'bias'],
  transposed: true,
  lstm: [0, 1, 2, 3],
  gru: [1, 0, 2],
};
const ONNX: Blocks = { names: ['W', 'R', 'B'], transposed: false, lstm: [0, 2, 3, 1], gru: [1, 0, 2] };

type Tensors = ReadonlyMap<string, NamedTensor>;
type Settings = ReadonlyMap<string, string>;

/** Told by the names of the tensors; Keras and TensorFlow.js share theirs, so by the `format` of a model file too. */
export function layoutOf(tensors: Tensors, settings: Settings): Layout {
  if (tensors.has('recurrent_kernel')) return settings.get('format') === 'layers-model' ? 'tensorflow.js' : 'keras';
  return tensors.has('W') && tensors.has('R') ? 'onnx' : 'pytorch';
}

/**
 * @param tensors  of one cell, by their bare names
 * @param settings  of the layer, as texts
 * @throws CodedError WEIGHTS_LAYOUT when the file's cell computes something else; WEIGHTS_NAME, WEIGHTS_SHAPE,
 *   WEIGHTS_NUMBER for its tensors
 */
export function toPytorch(cell: CellShape, tensors: Tensors, settings: Settings): Tensors {
  const layout = layoutOf(tensors, settings);
  if (layout === 'pytorch') {
    if (cell.name.split('+').includes('gru_before')) throw otherReset('a GRU of PyTorch', 'gru', cell);
    expectSetting(settings, 'nonlinearity', ['tanh']);
    return tensors;
  }
  if (!['lstm', 'gru', 'gru_before'].includes(cell.name)) {
    throw new CodedError('WEIGHTS_LAYOUT', `weights: expected those of ${cell.name}, got a layer of ${layout}`);
  }
  if (layout === 'onnx') return fromOnnx(cell, tensors, settings);
  expectSetting(settings, 'activation', ['tanh']);
  expectSetting(settings, 'recurrent_activation', ['sigmoid'], layout === 'tensorflow.js');
  return fromKeras(cell, tensors, layout);
}

function fromKeras(cell: CellShape, tensors: Tensors, layout: Layout): Tensors {
  const { inputs: I, hidden: H, name } = cell;
  const rows = (name === 'lstm' ? 4 : 3) * H;
  const ranks = tensors.get('bias')?.shape.length;
  if (name !== 'lstm') {
    if (layout === 'tensorflow.js' && name === 'gru') throw otherReset('a GRU of TensorFlow.js', 'gru_before', cell);
    if (ranks === 1 && name === 'gru') throw otherReset('a GRU of Keras with one bias', 'gru_before', cell);
    if (ranks === 2 && name === 'gru_before') throw otherReset('a GRU of Keras with two biases', 'gru', cell);
  }
  const bias = name === 'gru' ? [2, rows] : [rows];
  return arrange(KERAS, cell, tensors, [[I, rows], [H, rows], bias]);
}

function fromOnnx(cell: CellShape, tensors: Tensors, settings: Settings): Tensors {
  const { inputs: I, hidden: H, name } = cell;
  const rows = (name === 'lstm' ? 4 : 3) * H;
  if (tensors.has('P')) throw new CodedError('WEIGHTS_LAYOUT', 'tensor "P": expected no peepholes, got some');
  expectSetting(settings, 'clip', ['0', '0.0']);
  expectSetting(settings, 'input_forget', ['0']);
  expectSetting(settings, 'direction', ['forward']);
  expectSetting(settings, 'activations', [name === 'lstm' ? 'sigmoid tanh tanh' : 'sigmoid tanh']);
  if (name !== 'lstm') {
    const after = settings.get('linear_before_reset') === '1';
    if (after && name !== 'gru') throw otherReset('a GRU of ONNX with linear_before_reset 1', 'gru', cell);
    if (!after && name === 'gru') throw otherReset('a GRU of ONNX without linear_before_reset 1', 'gru_before', cell);
  }
  return arrange(ONNX, cell, tensors, [
    [1, rows, I],
    [1, rows, H],
    [1, 2 * rows],
  ]);
}

function arrange(
  { names, transposed, lstm, gru }: Blocks,
  { name, inputs: I, hidden: H }: CellShape,
  tensors: Tensors,
  shapes: readonly [number[], number[], number[]],
): Tensors {
  const order = name === 'lstm' ? lstm : gru;
  const rows = order.length * H;
  const shelf = new Shelf(tensors);
  const [input, recurrent, bias] = names.map((name, i) => shelf.take(name, shapes[i]));
  shelf.close();
  const vector = (values: Float64Array) => ({ shape: [rows], values: permute(values, order, H, 1, false) });
  const matrix = (values: Float64Array, width: number) => ({
    shape: [rows, width],
    values: permute(values, order, H, width, transposed),
  });
  return new Map([
    ['weight_ih_l0', matrix(input, I)],
    ['weight_hh_l0', matrix(recurrent, H)],
    ['bias_ih_l0', vector(bias.subarray(0, rows))],
    [
      'bias_hh_l0',
      bias.length > rows ? vector(bias.subarray(rows)) : { shape: [rows], values: new Float64Array(rows) },
    ],
  ]);
}

/** Blocks of H rows in another order. @param transposed  the rows are columns */
function permute(
  from: Float64Array,
  order: readonly number[],
  H: number,
  width: number,
  transposed: boolean,
): Float64Array {
  const rows = order.length * H;
  const to = new Float64Array(from.length);
  for (let row = 0; row < rows; row++) {
    const theirs = order[Math.floor(row / H)] * H + (row % H);
    for (let j = 0; j < width; j++) to[row * width + j] = from[transposed ? j * rows + theirs : theirs * width + j];
  }
  return to;
}

function expectSetting(settings: Settings, key: string, allowed: readonly string[], required = false): void {
  const text = settings.get(key);
  if (text === undefined && !required) return;
  // Lists come as JSON, with commas or with spaces; names as Sigmoid or sigmoid.
  const plain = text
    ?.toLowerCase()
    .replaceAll(/[^a-z0-9._]+/g, ' ')
    .trim();
  if (plain !== undefined && allowed.includes(plain)) return;
  throw new CodedError('WEIGHTS_LAYOUT', `${key}: expected ${allowed[0]}, got ${shown(text)}`);
}

function otherReset(what: string, wanted: string, { name }: CellShape): CodedError {
  return new CodedError('WEIGHTS_LAYOUT', `weights: ${what} is our ${wanted}; expected one for ${name}`);
}
