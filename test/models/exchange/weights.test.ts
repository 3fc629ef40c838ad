import { describe, expect, test } from 'vitest';
import { Elstm } from '../../../models/cells/elstm.ts';
import { Gru } from '../../../models/cells/gru.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { Lstm97 } from '../../../models/cells/lstm97.ts';
import { MemoryAttention } from '../../../models/cells/memory-attention.ts';
import { NoCell } from '../../../models/cells/no-cell.ts';
import type { Cell } from '../../../models/cells/cell.ts';
import { Rnn } from '../../../models/cells/rnn.ts';
import { Stacked } from '../../../models/cells/stacked.ts';
import { WindowedAttention } from '../../../models/cells/windowed-attention.ts';
import { exportAll } from '../../../models/exchange/resume.ts';
import type { TensorFile } from '../../../models/exchange/safetensors.ts';
import { exportWeights, importWeights } from '../../../models/exchange/weights.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { bytesOf, fileOf, readBytes, refusalOf, tensorOf } from './tensors.ts';

const TRAINING: Training = {
  k1: 2,
  k2: 5,
  spread: false,
  optimizer: { name: 'rmsprop', rate: 1e-3, alpha: 0.99, epsilon: 1e-4 },
  clipNorm: 1,
};
const HEAD = { outputs: 2, skip: true, bias: true };
const SCALED = new Map([
  ['scale.mean', '[0]'],
  ['scale.sd', '[1]'],
]);

/** A learner in the middle of a larger memory, which is 7 all around. */
function make(cell: Cell, seed: number, head = HEAD, at = 4) {
  const learner = new Tbptt(cell, head, TRAINING);
  const memory = new Float64Array(at + learner.size + 3).fill(7);
  learner.initialise(memory, at, createRandom(seed));
  const random = createRandom(seed + 100);
  for (let i = 0; i < learner.weightCount; i++) memory[at + i] = gaussian(random);
  return { learner, memory, at };
}

/** Takes some steps, so that nothing is at rest. */
function run({ learner, memory, at }: ReturnType<typeof make>, steps: number): number[] {
  const y: number[] = [];
  for (let t = 0; t < steps; t++) {
    const x = learner.nextInput(memory, at);
    for (let j = 0; j < learner.cell.inputs; j++) memory[x + j] = Math.sin(t + j);
    const out = learner.forward(memory, at);
    y.push(...memory.subarray(out, out + learner.head.outputs));
    memory[learner.lossGradient(memory, at)] = y[y.length - 1];
    learner.learn(memory, at);
  }
  return y;
}

const CELLS: [string, () => Cell][] = [
  ['lstm', () => new Lstm(3, 4)],
  ['gru', () => new Gru(3, 4, { reset: 'after' })],
  ['gru_before', () => new Gru(3, 4, { reset: 'before' })],
  ['rnn', () => new Rnn(3, 4)],
  ['elstm', () => new Elstm(3, 4)],
  ['lstm97', () => new Lstm97(3, { blocks: 2, cellsPerBlock: 2, gateSources: 'all', forget: true, cellBias: true })],
  ['attention', () => new WindowedAttention(3, 4, { history: 6, rows: 5 })],
  ['lstm+attention', () => new MemoryAttention(new Lstm(3, 4), { history: 6, width: 2, rows: 5 })],
  ['lstm+lstm', () => new Stacked([new Lstm(3, 4), new Lstm(4, 2)])],
  ['gru+rnn', () => new Stacked([new Gru(3, 4, { reset: 'after' }), new Rnn(4, 2)])],
  ['linear', () => new NoCell(3)],
];

describe.each(CELLS)('the weights of a cell %s', (name, cellOf) => {
  test('come back from a file to the bit, and the file is the same again', () => {
    const { learner, memory, at } = make(cellOf(), 1);
    const bytes = bytesOf(exportWeights(learner, memory, at, SCALED));
    const other = make(cellOf(), 2);
    expect(importWeights(other.learner, readBytes(bytes), other.memory, other.at)).toEqual([]);
    const count = learner.weightCount;
    expectSameBits('weights', other.memory.subarray(at, at + count), memory.subarray(at, at + count));
    expect(bytesOf(exportWeights(other.learner, other.memory, other.at, SCALED))).toEqual(bytes);
    expect(learner.cell.name).toBe(name);
  });

  test('start a stream at rest, whatever was there, and change nothing else', () => {
    const given = make(cellOf(), 1);
    run(given, 7);
    const file = exportWeights(given.learner, given.memory, given.at);
    const used = make(cellOf(), 2);
    run(used, 9);
    importWeights(used.learner, file, used.memory, used.at);
    const fresh = make(cellOf(), 3);
    fresh.memory.set(given.memory.subarray(given.at, given.at + given.learner.weightCount), fresh.at);
    expectSameBits('memory', used.memory, fresh.memory);
    expectSameBits('forecasts', run(used, 12), run(fresh, 12));
  });
});

describe('the golden LSTM', () => {
  interface Golden {
    sizes: { I: number; H: number; O: number; T: number };
    params: { W_ih: number[]; W_hh: number[]; b: number[]; V: number[]; bv: number[] };
    inputs: { x: number[] };
  }
  const { sizes, params, inputs } = readGolden('lstm') as Golden;
  const head = { outputs: sizes.O, skip: false, bias: true };
  const golden = make(new Lstm(sizes.I, sizes.H), 1, head);
  golden.memory.set([...params.W_ih, ...params.W_hh, ...params.b, ...params.V, ...params.bv], golden.at);
  golden.memory[golden.at + 4 * sizes.H * (sizes.I + sizes.H)] = -0; // a bias that an addition of 0 would change
  const bytes = bytesOf(exportWeights(golden.learner, golden.memory, golden.at));

  const outputs = ({ learner, memory, at }: ReturnType<typeof make>) =>
    Array.from({ length: sizes.T }, (_, t) => {
      memory.set(inputs.x.slice(t * sizes.I, (t + 1) * sizes.I), learner.nextInput(memory, at));
      const y = learner.forward(memory, at);
      return [...memory.subarray(y, y + sizes.O)];
    }).flat();

  test('comes back from its file with outputs equal to the bit', () => {
    const other = make(new Lstm(sizes.I, sizes.H), 2, head);
    importWeights(other.learner, readBytes(bytes), other.memory, other.at);
    expect(bytesOf(exportWeights(other.learner, other.memory, other.at))).toEqual(bytes);
    expectSameBits('y', outputs(other), outputs(golden));
  });

  test('through F32 has outputs equal to 1e-6', () => {
    const rounded = make(new Lstm(sizes.I, sizes.H), 2, head);
    const file = exportWeights(golden.learner, golden.memory, golden.at);
    importWeights(rounded.learner, readBytes(bytesOf(file, 'F32')), rounded.memory, rounded.at);
    const whole = make(new Lstm(sizes.I, sizes.H), 3, head);
    importWeights(whole.learner, file, whole.memory, whole.at);
    expectClose('y', outputs(rounded), outputs(whole), 1e-6);
  });
});

const namesOf = (cell: Cell) => {
  const { learner, memory, at } = make(cell, 1);
  return Array.from(exportWeights(learner, memory, at).tensors, ([name, { shape }]) => `${name} ${shape.join('×')}`);
};

describe('a file', () => {
  test('has the names of PyTorch, and a second bias of zeros', () => {
    expect(namesOf(new Lstm(3, 4))).toEqual([
      'lstm.weight_ih_l0 16×3',
      'lstm.weight_hh_l0 16×4',
      'lstm.bias_ih_l0 16',
      'lstm.bias_hh_l0 16',
      'head.weight 2×4',
      'head.skip 2×3',
      'head.bias 2',
    ]);
    const { learner, memory, at } = make(new Lstm(3, 4), 1);
    const { tensors } = exportWeights(learner, memory, at);
    expectSameBits('bias_hh', tensors.get('lstm.bias_hh_l0')!.values, new Float64Array(16));
    const b = at + 16 * 7;
    expectSameBits('bias_ih', tensors.get('lstm.bias_ih_l0')!.values, memory.subarray(b, b + 16));
  });

  test.each([
    [
      'gru',
      new Gru(3, 4, { reset: 'after' }),
      ['weight_ih_l0 12×3', 'weight_hh_l0 12×4', 'bias_ih_l0 12', 'bias_hh_l0 12'],
    ],
    ['rnn', new Rnn(3, 4), ['weight_ih_l0 4×3', 'weight_hh_l0 4×4', 'bias_ih_l0 4', 'bias_hh_l0 4']],
    [
      'lstm',
      new Stacked([new Lstm(3, 4), new Lstm(4, 2)]),
      [
        'weight_ih_l0 16×3',
        'weight_hh_l0 16×4',
        'bias_ih_l0 16',
        'bias_hh_l0 16',
        'weight_ih_l1 8×4',
        'weight_hh_l1 8×2',
        'bias_ih_l1 8',
        'bias_hh_l1 8',
      ],
    ],
    [
      'attention',
      new WindowedAttention(1, 2, { history: 3, rows: 5 }),
      ['weight_q_l0 2×1', 'weight_k_l0 2×1', 'weight_v_l0 2×1', 'weight_c_l0 2×2', 'weight_x_l0 2×1', 'bias_l0 2'],
    ],
  ])('calls the tensors after the cell: %s', (prefix, cell, names) => {
    expect(namesOf(cell).filter((name) => !name.startsWith('head.'))).toEqual(names.map((name) => `${prefix}.${name}`));
  });

  test('says what it holds, and what the caller wants to add but not to change', () => {
    const { learner, memory, at } = make(new Lstm(3, 4), 1);
    const { metadata } = exportWeights(
      learner,
      memory,
      at,
      new Map([
        ['series', 'größe/1'],
        ['cell', 'gru'],
      ]),
    );
    expect(Object.fromEntries(metadata)).toEqual({
      format: 'tidewatch',
      version: '1',
      cell: 'lstm',
      inputs: '3',
      hidden: '4',
      outputs: '2',
      skip: 'true',
      series: 'größe/1',
    });
  });

  test('without the scaling of its inputs is a warning', () => {
    const { learner, memory, at } = make(new Lstm(3, 4), 1);
    const warnings = importWeights(learner, exportWeights(learner, memory, at), memory, at);
    expect(warnings).toEqual([expect.stringMatching(/no input scaling \(scale.mean, scale.sd\)/)]);
  });

  test('of a training that can go on gives its weights alone, if asked for them', () => {
    const given = make(new Lstm(3, 4), 1);
    run(given, 5);
    const file = exportAll(given.learner, TRAINING.optimizer, given.memory, given.at, SCALED);
    const other = make(new Lstm(3, 4), 2);
    expect(importWeights(other.learner, file, other.memory, other.at)).toEqual([]);
    const fresh = make(new Lstm(3, 4), 3);
    fresh.memory.set(given.memory.subarray(given.at, given.at + given.learner.weightCount), fresh.at);
    expectSameBits('memory', other.memory, fresh.memory);
  });
});

const some = (shape: number[]) => {
  const random = createRandom(shape.length + shape[0]);
  return tensorOf(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => gaussian(random)),
  );
};

describe('a file from elsewhere', () => {
  const I = 3;
  const H = 4;
  const cellFile = (path: string): TensorFile => ({
    tensors: new Map([
      [`${path}weight_ih_l0`, some([4 * H, I])],
      [`${path}weight_hh_l0`, some([4 * H, H])],
      [`${path}bias_ih_l0`, some([4 * H])],
      [`${path}bias_hh_l0`, some([4 * H])],
    ]),
    metadata: new Map(SCALED),
  });

  test.each(['', 'rnn.', 'encoder.lstm.'])('is read below the path "%s", its biases summed, our head kept', (path) => {
    const { learner, memory, at } = make(new Lstm(I, H), 1);
    const before = memory.slice();
    const file = cellFile(path);
    expect(importWeights(learner, file, memory, at)).toEqual([expect.stringMatching(/no head: the one that is there/)]);
    const of = (name: string) => file.tensors.get(`${path}${name}`)!.values;
    const bias = of('bias_ih_l0').map((b, k) => b + of('bias_hh_l0')[k]);
    const wanted = [...of('weight_ih_l0'), ...of('weight_hh_l0'), ...bias];
    expectSameBits('cell', memory.subarray(at, at + wanted.length), wanted);
    const head = [at + wanted.length, at + learner.weightCount] as const;
    expectSameBits('head', memory.subarray(...head), before.subarray(...head));
  });

  test('with a head and no skip path has one of zeros', () => {
    const { learner, memory, at } = make(new Lstm(I, H), 1);
    const file = cellFile('lstm.');
    file.tensors.set('head.weight', some([2, H])).set('head.bias', some([2]));
    expect(importWeights(learner, file, memory, at)).toEqual([expect.stringMatching(/no skip path: it starts at 0/)]);
    const V = at + learner.cell.paramCount;
    const head = [...file.tensors.get('head.weight')!.values, ...new Float64Array(2 * I), ...some([2]).values];
    expectSameBits('head', memory.subarray(V, V + head.length), head);
  });

  test('with more layers fills as many', () => {
    const file = cellFile('lstm.');
    const upper = { weight_ih_l1: [8, H], weight_hh_l1: [8, 2], bias_ih_l1: [8], bias_hh_l1: [8] };
    for (const [name, shape] of Object.entries(upper)) file.tensors.set(`lstm.${name}`, some(shape));
    const { learner, memory, at } = make(new Stacked([new Lstm(I, H), new Lstm(H, 2)]), 1);
    importWeights(learner, file, memory, at);
    const l1 = at + 4 * H * (I + H + 1);
    expectSameBits('weight_ih_l1', memory.subarray(l1, l1 + 8 * H), file.tensors.get('lstm.weight_ih_l1')!.values);
    const alone = make(new Lstm(I, H), 2);
    expect(refusalOf(() => importWeights(alone.learner, file, alone.memory, alone.at))?.message).toMatch(
      /no more tensors, got "lstm.weight_ih_l1".*WEIGHTS_NAME/,
    );
  });
});

describe('refused, with the memory as it was:', () => {
  const lstm = make(new Lstm(3, 4), 5);
  const whole = () => exportWeights(lstm.learner, lstm.memory, lstm.at);
  const changed = (change: (file: TensorFile) => void) => {
    const file = whole();
    change(file);
    return file;
  };
  const twoPaths = fileOf({
    'a.weight_ih_l0': [[16, 3], new Float64Array(48)],
    'b.weight_hh_l0': [[16, 4], new Float64Array(64)],
  });
  test.each<[string, TensorFile, string, RegExp]>([
    ['another cell', changed(({ metadata }) => metadata.set('cell', 'gru')), 'CELL', /a cell lstm, got "gru"/],
    ['a cell that is not said', changed(({ metadata }) => metadata.delete('cell')), 'CELL', /got undefined/],
    [
      'a newer version',
      changed(({ metadata }) => metadata.set('version', '2')),
      'VERSION',
      /version 1, got "2"; was it/,
    ],
    [
      'more units',
      changed(({ tensors }) => tensors.set('lstm.weight_ih_l0', tensorOf([20, 3], new Float64Array(60)))),
      'SHAPE',
      /"lstm.weight_ih_l0": expected \[16, 3\], got \[20, 3\]/,
    ],
    [
      'as many numbers in another shape',
      changed(({ tensors }) => tensors.set('lstm.weight_ih_l0', tensorOf([3, 16], new Float64Array(48)))),
      'SHAPE',
      /expected \[16, 3\], got \[3, 16\]/,
    ],
    [
      'a shape that its numbers do not fill',
      changed(({ tensors }) => tensors.set('head.bias', tensorOf([2], [1]))),
      'SHAPE',
      /"head.bias": expected 2 numbers, got 1/,
    ],
    [
      'a name too few',
      changed(({ tensors }) => tensors.delete('head.skip')),
      'NAME',
      /"head.skip" \[2, 3\], got "head.b/,
    ],
    [
      'no head',
      changed(({ tensors }) => ['weight', 'skip', 'bias'].forEach((name) => tensors.delete(`head.${name}`))),
      'NAME',
      /"head.weight" \[2, 4\], got none/,
    ],
    [
      'a name too many',
      changed(({ tensors }) => tensors.set('lstm.weight_hr_l0', tensorOf([1], [1]))),
      'NAME',
      /no more tensors, got "lstm.weight_hr_l0"/,
    ],
    [
      'a number that is none',
      changed(({ tensors }) => (tensors.get('lstm.bias_hh_l0')!.values[3] = Number.NaN)),
      'NUMBER',
      /"lstm.bias_hh_l0": expected finite numbers, got NaN/,
    ],
    ['two layers beside each other', twoPaths, 'NAME', /one layer, all its tensors in "a.", got "b.weight_hh_l0"/],
    ['nothing', fileOf({}), 'NAME', /"lstm.weight_ih_l0" \[16, 3\], got none/],
  ])('%s', (_what, file, code, message) => {
    const { learner, memory, at } = make(new Lstm(3, 4), 6);
    const before = memory.slice();
    const error = refusalOf(() => importWeights(learner, file, memory, at));
    expect(error?.code).toBe(`WEIGHTS_${code}`);
    expect(error?.message).toMatch(message);
    expectSameBits('memory', memory, before);
  });
});

test('a list is no matrix of one column', () => {
  const { learner, memory, at } = make(new Lstm(1, 4), 1);
  const file = exportWeights(learner, memory, at);
  file.tensors.set('lstm.weight_ih_l0', tensorOf([16], new Float64Array(16)));
  const error = refusalOf(() => importWeights(learner, file, memory, at));
  expect(error?.message).toMatch(/expected \[16, 1\], got \[16\].*WEIGHTS_SHAPE/);
});
