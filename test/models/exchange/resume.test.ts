import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Elstm } from '../../../models/cells/elstm.ts';
import { Gru } from '../../../models/cells/gru.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { Lstm97 } from '../../../models/cells/lstm97.ts';
import { MemoryAttention } from '../../../models/cells/memory-attention.ts';
import { Retrieving } from '../../../models/cells/retrieving.ts';
import { SnapLstm } from '../../../models/cells/snap-lstm.ts';
import { Stacked } from '../../../models/cells/stacked.ts';
import { TracedLstm } from '../../../models/cells/traced-lstm.ts';
import { WindowedAttention } from '../../../models/cells/windowed-attention.ts';
import { exportAll, importAll } from '../../../models/exchange/resume.ts';
import type { TensorFile } from '../../../models/exchange/safetensors.ts';
import { exportWeights } from '../../../models/exchange/weights.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import type { Learner } from '../../../models/training/learner.ts';
import type { Optimizer } from '../../../models/training/optimizer.ts';
import { ringRows, Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { Trace } from '../../../models/training/trace.ts';
import { expectSameBits } from '../difference.ts';
import { bytesOf, fileOf, readBytes, refusalOf, tensorOf } from './tensors.ts';

const HEAD = { outputs: 2, skip: true, bias: true };
const SCALED = new Map([
  ['scale.mean', '[0]'],
  ['scale.sd', '[1]'],
]);

const OPTIMIZERS: Optimizer[] = [
  { name: 'sgd', rate: 0.01 },
  { name: 'momentum', rate: 0.01, momentum: 0.9 },
  { name: 'rmsprop', rate: 0.01, alpha: 0.9, epsilon: 1e-4 },
  { name: 'rmsprop', rate: 0.01, alpha: 0.9, epsilon: 1e-8, corrected: true },
  { name: 'adam', rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
  { name: 'adamw', rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, decay: 0.01 },
];
const [SGD, MOMENTUM, RMSPROP, CORRECTED, ADAM] = OPTIMIZERS;

const trainingOf = (optimizer: Optimizer, spread: boolean): Training => ({
  k1: 3,
  k2: 7,
  spread,
  optimizer,
  clipNorm: 1,
});
const PAST = { history: 6, rows: ringRows(trainingOf(SGD, false)) };

type Make = (optimizer: Optimizer) => Learner;
const tbptt = (cell: ConstructorParameters<typeof Tbptt>[0], optimizer: Optimizer, spread = false) =>
  new Tbptt(cell, HEAD, trainingOf(optimizer, spread));
const trace = (cell: ConstructorParameters<typeof Trace>[0], optimizer: Optimizer) =>
  new Trace(cell, HEAD, trainingOf(optimizer, false));

const LEARNERS: [string, Make][] = [
  ['a window', (optimizer) => tbptt(new Lstm(2, 3), optimizer)],
  ['a window walked in parts', (optimizer) => tbptt(new Lstm(2, 3), optimizer, true)],
  ['traces', (optimizer) => trace(new Elstm(2, 3), optimizer)],
];
const CELLS: [string, Make][] = [
  ['gru', (optimizer) => tbptt(new Gru(2, 3, { reset: 'before' }), optimizer, true)],
  ['stacked', (optimizer) => tbptt(new Stacked([new Lstm(2, 3), new Lstm(3, 2)]), optimizer)],
  ['attention', (optimizer) => tbptt(new WindowedAttention(2, 3, PAST), optimizer)],
  ['memory attention', (optimizer) => tbptt(new MemoryAttention(new Lstm(2, 3), { ...PAST, width: 2 }), optimizer)],
  ['retrieving', (optimizer) => tbptt(new Retrieving(new Lstm(2, 3), { history: 9, key: 4, beta: 100 }), optimizer)],
  ['e-prop', (optimizer) => trace(new TracedLstm(2, 3), optimizer)],
  ['SnAp-1', (optimizer) => trace(new SnapLstm(2, 3), optimizer)],
  [
    'lstm97',
    (optimizer) =>
      trace(
        new Lstm97(2, { blocks: 2, cellsPerBlock: 2, gateSources: 'all', forget: true, cellBias: false }),
        optimizer,
      ),
  ],
];

interface Stream {
  learner: Learner;
  memory: Float64Array;
  at: number;
}

/** In the middle of a larger memory, which is 7 all around. */
function make(learner: Learner, seed: number, at = 3, after = 2): Stream {
  const memory = new Float64Array(at + learner.size + after).fill(7);
  learner.initialise(memory, at, createRandom(seed));
  return { learner, memory, at };
}

/** Steps `from` to `to` of one endless stream; every seventh has no truth. */
function play({ learner, memory, at }: Stream, from: number, to: number): number[] {
  const forecasts: number[] = [];
  for (let t = from; t < to; t++) {
    const random = createRandom(t);
    memory.set([gaussian(random), Math.sin(t / 3)], learner.nextInput(memory, at));
    const y = learner.forward(memory, at);
    forecasts.push(memory[y], memory[y + 1]);
    if (t % 7 === 6) continue;
    const d = learner.lossGradient(memory, at);
    memory[d] = memory[y] - Math.sin((t + 1) / 3);
    memory[d + 1] = memory[y + 1] - gaussian(random);
    learner.learn(memory, at);
  }
  return forecasts;
}

const save = ({ learner, memory, at }: Stream, optimizer: Optimizer) =>
  bytesOf(exportAll(learner, optimizer, memory, at, SCALED));

describe.each([
  ...LEARNERS.flatMap(([name, of]) => OPTIMIZERS.map((optimizer) => [name, optimizer.name, optimizer, of] as const)),
  ...CELLS.map(([name, of]) => [name, ADAM.name, ADAM, of] as const),
])('training by %s with %s', (_name, _optimizer, optimizer, of) => {
  test.each([0, 1, 5, 13, 40])('stopped after %i steps and loaded elsewhere goes on to the bit', (steps) => {
    const whole = make(of(optimizer), 1);
    play(whole, 0, steps);
    const bytes = save(whole, optimizer);

    const other = make(of(optimizer), 2, 11);
    play(other, 0, 17); // a past of its own, which must be gone
    expect(importAll(other.learner, optimizer, readBytes(bytes), other.memory, other.at)).toEqual([]);
    expect(save(other, optimizer)).toEqual(bytes);
    expectSameBits('forecasts', play(other, steps, steps + 40), play(whole, steps, steps + 40));
    const { size } = whole.learner;
    expectSameBits('block', other.memory.subarray(11, 11 + size), whole.memory.subarray(3, 3 + size));
    const outside = [...other.memory.subarray(0, 11), ...other.memory.subarray(11 + size)];
    expect(outside).toEqual(outside.map(() => 7));
  });
});

const namesIn = (learner: Learner, optimizer: Optimizer) => {
  const { memory, at } = make(learner, 1);
  const { tensors } = exportAll(learner, optimizer, memory, at);
  return Array.from(tensors, ([name, { shape }]) => `${name} ${shape.join('×')}`);
};

describe('a file to go on from', () => {
  const WEIGHTS = ['lstm.weight_ih_l0 12×2', 'lstm.weight_hh_l0 12×3', 'lstm.bias_ih_l0 12'];
  const HEADS = ['head.weight 2×3', 'head.skip 2×2', 'head.bias 2'];
  const opt = (letter: string) => [...WEIGHTS, ...HEADS].map((name) => `opt.${letter}.${name}`);

  test('names moments after their weights, the state after its parts, and the rest after its region', () => {
    const learner = tbptt(new Lstm(2, 3), ADAM, true);
    const sizeOf = (name: string) => learner.regions.find((region) => region.name === name)!.size;
    expect(namesIn(learner, ADAM)).toEqual([
      ...WEIGHTS,
      'lstm.bias_hh_l0 12',
      ...HEADS,
      ...opt('m'),
      ...opt('v'),
      'opt.known 2',
      'state.h 3',
      'state.c 3',
      `resume.ring ${sizeOf('ring')}`,
      'resume.counters 3',
      `resume.walk ${sizeOf('walk')}`,
    ]);
  });

  test.each([
    [SGD, []],
    [MOMENTUM, opt('u')],
    [RMSPROP, opt('v')],
    [CORRECTED, [...opt('v'), 'opt.known 1']],
  ])('has the moments of its optimiser', (optimizer, names) => {
    const learner = tbptt(new Lstm(2, 3), optimizer);
    expect(namesIn(learner, optimizer).filter((name) => name.startsWith('opt.'))).toEqual(names);
    expect(exportAll(learner, optimizer, make(learner, 1).memory, 3).metadata.get('optimizer')).toBe(optimizer.name);
  });

  test.each<[string, Learner, string[]]>([
    ['a cell with h alone', tbptt(new Gru(2, 3, { reset: 'after' }), SGD), ['state.h 3']],
    ['a cell with h and c', trace(new Elstm(2, 3), SGD), ['state.h 3', 'state.c 3']],
    ['a cell with more', tbptt(new Stacked([new Lstm(2, 3), new Lstm(3, 2)]), SGD), ['state 10']],
  ])('has the state of %s', (_what, learner, names) => {
    expect(namesIn(learner, SGD).filter((name) => name.startsWith('state'))).toEqual(names);
  });

  test('may have its tensors in any order', () => {
    const { learner, memory, at } = make(tbptt(new Lstm(2, 3), ADAM, true), 1);
    play({ learner, memory, at }, 0, 10);
    const { tensors, metadata } = exportAll(learner, ADAM, memory, at, SCALED);
    const other = make(tbptt(new Lstm(2, 3), ADAM, true), 2);
    importAll(other.learner, ADAM, { tensors: new Map([...tensors].reverse()), metadata }, other.memory, other.at);
    expectSameBits('memory', other.memory, memory);
  });

  test('is not made with an optimiser that is not that of the training', () => {
    const { learner, memory, at } = make(tbptt(new Lstm(2, 3), SGD), 1);
    expect(() => exportAll(learner, ADAM, memory, at)).toThrow(RangeError);
  });

  test('cannot be written while a number in it is not finite', () => {
    const { learner, memory, at } = make(tbptt(new Lstm(2, 3), SGD), 1);
    memory[learner.lossGradient(memory, at)] = Number.NaN;
    expect(refusalOf(() => save({ learner, memory, at }, SGD))?.message).toMatch(/"resume.ring".*finite.*NaN/);
  });
});

const inParts = () => make(tbptt(new Lstm(2, 3), ADAM, true), 1);

describe('refused, with the memory as it was:', () => {
  const given = inParts();
  play(given, 0, 12);
  const changed = (change: (file: TensorFile) => void) => {
    const file = exportAll(given.learner, ADAM, given.memory, given.at);
    change(file);
    return file;
  };
  const set = (name: string, at: number, value: number) =>
    changed(({ tensors }) => (tensors.get(name)!.values[at] = value));
  const gone = (name: string) => changed(({ tensors }) => tensors.delete(name));

  test.each<[string, TensorFile, string, RegExp]>([
    [
      'the weights alone',
      exportWeights(given.learner, given.memory, given.at),
      'OPTIMIZER',
      /of adam, got those of undef/,
    ],
    ['a file from elsewhere', fileOf({ weight_ih_l0: [[1], [1]] }), 'LAYOUT', /a file of ours/],
    [
      'the moments of another optimiser',
      changed(({ metadata }) => metadata.set('optimizer', 'adamw')),
      'OPTIMIZER',
      /got those of "adamw"/,
    ],
    ['a moment too few', gone('opt.v.head.skip'), 'NAME', /"opt.v.head.skip" \[2, 2\], got/],
    ['no powers', gone('opt.known'), 'NAME', /"opt.known" \[2\]/],
    ['no state', gone('state.c'), 'NAME', /"state.c" \[3\]/],
    ['no ring', gone('resume.ring'), 'NAME', /"resume.ring" \[\d+\]/],
    [
      'a walk of another size',
      changed(({ tensors }) => tensors.set('resume.walk', tensorOf([1], [0]))),
      'SHAPE',
      /got \[1\]/,
    ],
    [
      'a region that nobody knows',
      changed(({ tensors }) => tensors.set('resume.x', tensorOf([1], [0]))),
      'NAME',
      /got "resume.x"/,
    ],
    ['a state that is not finite', set('state.c', 1, -Infinity), 'NUMBER', /"state.c".*got -Infinity/],
    [
      'a number changed by a bit',
      set('resume.ring', 0, 1e-300),
      'CORRUPT',
      /CRC-32 "[0-9a-f]+", got [0-9a-f]+; were they/,
    ],
    ['a row changed to another', set('resume.counters', 0, 3), 'CORRUPT', /CRC-32/],
    [
      'numbers without a sum',
      changed(({ metadata }) => metadata.delete('resume.crc32')),
      'CORRUPT',
      /CRC-32 undefined/,
    ],
    [
      'numbers rounded to 32 bits',
      readBytes(
        bytesOf(
          changed(() => {}),
          'F32',
        ),
      ),
      'CORRUPT',
      /were they changed or rounded/,
    ],
  ])('%s', (_what, file, code, message) => {
    const { learner, memory, at } = inParts();
    const before = memory.slice();
    const error = refusalOf(() => importAll(learner, ADAM, file, memory, at));
    expect(error?.code).toBe(`WEIGHTS_${code}`);
    expect(error?.message).toMatch(message);
    expectSameBits('memory', memory, before);
  });

  test.each<[string, string, number, number, RegExp]>([
    ['a row beyond the ring', 'counters', 0, 10, /"resume.counters".*at most 9 at 0, got 10/],
    ['a row before the ring', 'counters', 0, -1, /counters.*got -1/],
    ['a row between two', 'counters', 0, 0.5, /counters.*got 0.5/],
    ['more rows than there are', 'counters', 1, 1e9, /at most 10 at 1, got 1000000000/],
    ['a walk from nowhere', 'walk', 0, -3, /walk.*at 0, got -3/],
    ['a walk without an end', 'walk', 1, 1e300, /walk.*at 1, got 1e\+300/],
  ])('%s, though the sum be right', (_what, name, i, value, message) => {
    const forged = inParts();
    play(forged, 0, 12);
    forged.memory[forged.at + forged.learner.regions.find((region) => region.name === name)!.at + i] = value;
    const file = exportAll(forged.learner, ADAM, forged.memory, forged.at);
    const { learner, memory, at } = inParts();
    const before = memory.slice();
    const error = refusalOf(() => importAll(learner, ADAM, file, memory, at));
    expect(error?.code).toBe('WEIGHTS_CORRUPT');
    expect(error?.message).toMatch(message);
    expectSameBits('memory', memory, before);
  });
});

const WITHOUT_PLACES = [...LEARNERS, ...CELLS].filter(([name]) => !name.endsWith('attention'));

test.each(WITHOUT_PLACES)('whatever a forged file says, a stream stays in its own memory: %s', (_name, of) => {
  const learner = of(RMSPROP);
  const given = make(learner, 1);
  play(given, 0, 20);
  const regions = learner.regions.filter(({ name, size }) => size > 0 && name !== 'weights');
  const number = fc.oneof(fc.integer({ min: -900, max: 900 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const change = fc.tuple(fc.constantFrom(...regions), fc.nat({ max: 9 }), number);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const forged = given.memory.slice();
      for (const [{ at, size }, i, value] of changes) forged[given.at + at + (i % size)] = value;
      const stream = make(learner, 2, 3000, 3000);
      const file = exportAll(learner, RMSPROP, forged, given.at);
      if (refusalOf(() => importAll(learner, RMSPROP, file, stream.memory, stream.at)) === undefined) {
        play(stream, 20, 50);
      }
      const outside = [...stream.memory.subarray(0, 3000), ...stream.memory.subarray(3000 + learner.size)];
      expect(outside.every((one) => one === 7)).toBe(true);
    }),
    { seed: 8, numRuns: 150 },
  );
});
