import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../models/cells/cell.ts';
import { Gru } from '../../../models/cells/gru.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { toPytorch } from '../../../models/exchange/layouts.ts';
import type { TensorFile } from '../../../models/exchange/safetensors.ts';
import { importWeights } from '../../../models/exchange/weights.ts';
import { Tbptt } from '../../../models/training/tbptt.ts';
import { readGolden } from '../../golden/golden.ts';
import { runCell } from '../cells/run.ts';
import { expectClose } from '../difference.ts';
import { bytesOf, fileOf, readBytes, refusalOf } from './tensors.ts';

interface Run {
  sizes: { I: number; H: number };
  params: Record<'W_ih' | 'W_hh' | 'V' | 'bv', number[]>;
  inputs: { x: number[]; target: number[]; h0: number[]; c0?: number[] };
  forward: { h: number[] };
}
type GruRun = Run & { params: Record<'b_ih' | 'b_hh', number[]> };
interface Exchange {
  lstm: {
    pytorch: Record<'weight_ih_l0' | 'weight_hh_l0' | 'bias_ih_l0' | 'bias_hh_l0', number[]>;
    keras: Record<'kernel' | 'recurrent_kernel' | 'bias', number[]>;
    onnx: Record<'W' | 'R' | 'B', number[]>;
  };
  gru: { keras: Exchange['lstm']['keras']; onnx: Exchange['lstm']['onnx'] };
}

const lstm = readGolden('lstm') as Run;
const gru = readGolden('gru') as { after: GruRun; before: GruRun };
const exchange = readGolden('exchange') as Exchange;
const { I, H } = lstm.sizes;

const transpose = (list: readonly number[], width: number) =>
  Array.from(list, (_, i) => list[(i % (list.length / width)) * width + Math.floor(i / (list.length / width))]);
/** Blocks r, z, n as z, r, n. */
const swapped = (list: readonly number[]) => {
  const size = list.length / 3;
  return [...list.slice(size, 2 * size), ...list.slice(0, size), ...list.slice(2 * size)];
};

function pytorch(G: number, Wi: number[], Wh: number[], bi: number[], bh: number[]): TensorFile {
  return fileOf({
    weight_ih_l0: [[G * H, I], Wi],
    weight_hh_l0: [[G * H, H], Wh],
    bias_ih_l0: [[G * H], bi],
    bias_hh_l0: [[G * H], bh],
  });
}

function keras(
  { kernel, recurrent_kernel: recurrent, bias }: Exchange['lstm']['keras'],
  metadata: Record<string, string> = {},
): TensorFile {
  const rows = kernel.length / I;
  return fileOf(
    {
      kernel: [[I, rows], kernel],
      recurrent_kernel: [[H, rows], recurrent],
      bias: [bias.length > rows ? [2, rows] : [rows], bias],
    },
    metadata,
  );
}

function onnx({ W, R, B }: Exchange['lstm']['onnx'], metadata: Record<string, string> = {}): TensorFile {
  const rows = W.length / I;
  return fileOf({ W: [[1, rows, I], W], R: [[1, rows, H], R], B: [[1, 2 * rows], B] }, metadata);
}

const { W_ih: before_ih, W_hh: before_hh, b_ih: before_bi, b_hh: before_bh } = gru.before.params;
const kerasBefore = {
  kernel: transpose(swapped(before_ih), I),
  recurrent_kernel: transpose(swapped(before_hh), H),
  bias: swapped(before_bi).map((b, i) => b + swapped(before_bh)[i]),
};
const onnxBefore = {
  W: swapped(before_ih),
  R: swapped(before_hh),
  B: [...swapped(before_bi), ...swapped(before_bh)],
};
const TFJS = { format: 'layers-model', recurrent_activation: 'sigmoid' };
const { weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 } = exchange.lstm.pytorch;
const after = gru.after.params;

const LSTM = () => new Lstm(I, H);
const AFTER = () => new Gru(I, H, { reset: 'after' });
const BEFORE = () => new Gru(I, H, { reset: 'before' });

const CASES: [string, () => Cell, Run, TensorFile][] = [
  ['an LSTM of PyTorch', LSTM, lstm, pytorch(4, weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0)],
  ['an LSTM of Keras', LSTM, lstm, keras(exchange.lstm.keras)],
  ['an LSTM of TensorFlow.js', LSTM, lstm, keras(exchange.lstm.keras, TFJS)],
  ['an LSTM of ONNX', LSTM, lstm, onnx(exchange.lstm.onnx, { activations: '["Sigmoid", "Tanh", "Tanh"]' })],
  ['a GRU of PyTorch', AFTER, gru.after, pytorch(3, after.W_ih, after.W_hh, after.b_ih, after.b_hh)],
  ['a GRU of Keras, reset after', AFTER, gru.after, keras(exchange.gru.keras, { recurrent_activation: 'sigmoid' })],
  ['a GRU of ONNX, reset after', AFTER, gru.after, onnx(exchange.gru.onnx, { linear_before_reset: '1' })],
  ['a GRU of Keras, reset before', BEFORE, gru.before, keras(kerasBefore)],
  ['a GRU of TensorFlow.js', BEFORE, gru.before, keras(kerasBefore, TFJS)],
  ['a GRU of ONNX, reset before', BEFORE, gru.before, onnx(onnxBefore)],
];

/** h of every step, under the weights of the file. */
function hiddenAfter(file: TensorFile, cell: Cell, { params, inputs }: Run): number[] {
  const learner = new Tbptt(
    cell,
    { outputs: 1, skip: false, bias: false },
    { k1: 1, k2: 1, spread: false, optimizer: { name: 'sgd', rate: 0 }, clipNorm: 1 },
  );
  const memory = new Float64Array(learner.size + 3);
  importWeights(learner, file, memory, 3);
  const { states } = runCell(cell, {
    params: [...memory.subarray(3, 3 + cell.paramCount)],
    V: params.V,
    bv: params.bv,
    x: inputs.x,
    target: inputs.target,
    state: [...inputs.h0, ...(inputs.c0 ?? [])],
  });
  return states.flatMap((state) => [...state.subarray(0, H)]);
}

describe('the golden hidden states come out of', () => {
  test.each(CASES)('%s', (_name, make, run, file) => {
    expectClose('F64', hiddenAfter(file, make(), run), run.forward.h, 1e-12);
    expectClose('F32', hiddenAfter(readBytes(bytesOf(file, 'F32')), make(), run), run.forward.h, 1e-6);
  });
});

test('the names may bear the path of a layer', () => {
  const { kernel, recurrent_kernel: recurrent, bias } = exchange.lstm.keras;
  const path = 'model/lstm/lstm_cell';
  const file = fileOf({
    [`${path}/kernel:0`]: [[I, 4 * H], kernel],
    [`${path}/recurrent_kernel:0`]: [[H, 4 * H], recurrent],
    [`${path}/bias:0`]: [[4 * H], bias],
  });
  expectClose('h', hiddenAfter(file, LSTM(), lstm), lstm.forward.h, 1e-12);
});

describe('refused, as it computes something else:', () => {
  const withP = onnx(exchange.lstm.onnx);
  withP.tensors.set('P', { shape: [1, 3 * H], values: new Float64Array(3 * H) });
  test.each<[string, () => Cell, TensorFile, RegExp]>([
    ['peepholes', LSTM, withP, /no peepholes/],
    ['clipping', LSTM, onnx(exchange.lstm.onnx, { clip: '3.0' }), /clip: expected 0, got "3.0"/],
    ['coupled gates', LSTM, onnx(exchange.lstm.onnx, { input_forget: '1' }), /input_forget: expected 0, got "1"/],
    [
      'a step back in time',
      LSTM,
      onnx(exchange.lstm.onnx, { direction: 'reverse' }),
      /expected forward, got "reverse"/,
    ],
    [
      'other activations of ONNX',
      LSTM,
      onnx(exchange.lstm.onnx, { activations: 'HardSigmoid,Tanh,Tanh' }),
      /activations: expected sigmoid tanh tanh, got "HardSigmoid,Tanh,Tanh"/,
    ],
    [
      'relu in Keras',
      LSTM,
      keras(exchange.lstm.keras, { activation: 'relu' }),
      /activation: expected tanh, got "relu"/,
    ],
    [
      'hard gates in Keras',
      LSTM,
      keras(exchange.lstm.keras, { recurrent_activation: 'hard_sigmoid' }),
      /recurrent_activation: expected sigmoid, got "hard_sigmoid"/,
    ],
    [
      'gates of TensorFlow.js that nothing is said of',
      LSTM,
      keras(exchange.lstm.keras, { format: 'layers-model' }),
      /recurrent_activation: expected sigmoid, got undefined/,
    ],
    ['a GRU of PyTorch, reset before', BEFORE, CASES[4][3], /PyTorch is our gru; expected one for gru_before/],
    ['a GRU of Keras, the other way', BEFORE, CASES[5][3], /Keras with two biases is our gru;/],
    ['a GRU of Keras, the other way round', AFTER, CASES[7][3], /Keras with one bias is our gru_before;/],
    ['a GRU of TensorFlow.js, reset after', AFTER, CASES[8][3], /TensorFlow.js is our gru_before;/],
    ['a GRU of ONNX, reset after', BEFORE, CASES[6][3], /with linear_before_reset 1 is our gru;/],
    ['a GRU of ONNX that says nothing', AFTER, CASES[9][3], /without linear_before_reset 1 is our gru_before;/],
  ])('%s', (_what, make, { tensors, metadata }, message) => {
    const error = refusalOf(() => toPytorch(make(), tensors, metadata));
    expect(error?.code).toBe('WEIGHTS_LAYOUT');
    expect(error?.message).toMatch(message);
  });
});

describe('refused, as the tensors are not those of the cell:', () => {
  const bidirectional = onnx(exchange.lstm.onnx);
  bidirectional.tensors.set('W', { shape: [2, 4 * H, I], values: new Float64Array(8 * H * I) });
  const extra = keras(exchange.lstm.keras);
  extra.tensors.set('projection', { shape: [1], values: new Float64Array(1) });
  const without = onnx(exchange.lstm.onnx);
  without.tensors.delete('B');
  test.each<[string, () => Cell, TensorFile, string, RegExp]>([
    ['a GRU for an LSTM', LSTM, CASES[5][3], 'SHAPE', /"kernel": expected \[3, 16\], got \[3, 12\]/],
    ['an LSTM for a GRU', AFTER, onnx(exchange.lstm.onnx, { linear_before_reset: '1' }), 'SHAPE', /got \[1, 16, 3\]/],
    ['two directions', LSTM, bidirectional, 'SHAPE', /"W": expected \[1, 16, 3\], got \[2, 16, 3\]/],
    ['a tensor too many', LSTM, extra, 'NAME', /no more tensors, got "projection"/],
    ['a tensor too few', LSTM, without, 'NAME', /"B" \[1, 32\], got none/],
  ])('%s', (_what, make, { tensors, metadata }, code, message) => {
    const error = refusalOf(() => toPytorch(make(), tensors, metadata));
    expect(error?.code).toBe(`WEIGHTS_${code}`);
    expect(error?.message).toMatch(message);
  });

  test('a layer of Keras for a cell that Keras has not', () => {
    const { tensors, metadata } = keras(exchange.lstm.keras);
    const error = refusalOf(() => toPytorch({ name: 'elstm', inputs: I, hidden: H }, tensors, metadata));
    expect(error?.message).toMatch(/expected those of elstm, got a layer of keras.*WEIGHTS_LAYOUT/);
  });
});
