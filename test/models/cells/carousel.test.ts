/** How long an error lives on its way back, and what a cell can be programmed to keep. */
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../models/cells/cell.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { Lstm97 } from '../../../models/cells/lstm97.ts';
import { Rnn } from '../../../models/cells/rnn.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose, expectSameBits } from '../difference.ts';

const flow = readGolden('flow') as Record<'cec1000' | 'forget0999' | 'rnn09_49' | 'rnn09_999', number>;
const queue = readGolden('queue') as Record<'value' | 'written' | 'read' | 'shiftedOnce' | 'readAfterShift', number>;

/** What is left of dState after as many steps back, over steps whose inputs are drawn at random, or 0. */
function flowBack(
  cell: Cell,
  params: Float64Array,
  dState: readonly number[],
  steps: number,
  input: 'random' | 'none',
): Float64Array {
  const random = createRandom(2);
  const state = cell.paramCount;
  const rows = state + cell.stateSize;
  const memory = new Float64Array(rows + steps * cell.cacheSize);
  memory.set(params);
  for (let t = 0; t < steps; t++) {
    const row = rows + t * cell.cacheSize;
    if (input === 'random') for (let j = 0; j < cell.inputs; j++) memory[row + j] = gaussian(random);
    cell.step(memory, 0, state, row);
  }
  const work = new Float64Array(cell.paramCount + cell.stateSize);
  work.set(dState, state);
  for (let t = steps - 1; t >= 0; t--) {
    cell.backward(memory, 0, state, rows + t * cell.cacheSize, work, 0, state, -1);
  }
  return work.subarray(state);
}

/** An LSTM without recurrent weights whose forget gates all stand at f. */
function keeping(I: number, H: number, forgetBias: number): { cell: Lstm; params: Float64Array } {
  const cell = new Lstm(I, H);
  const params = new Float64Array(cell.paramCount);
  cell.initialise(params, 0, createRandom(1));
  params.fill(0, 4 * H * I, 4 * H * (I + H));
  params.fill(0, H * I, 2 * H * I);
  params.fill(forgetBias, 4 * H * (I + H) + H, 4 * H * (I + H) + 2 * H);
  return { cell, params };
}

describe('the error carousel', () => {
  const ERRORS = [1, -0.3, 1e-9];

  test('an LSTM whose forget gates are open hands an error back over 1000 steps, to the last bit', () => {
    const { cell, params } = keeping(2, 3, 40);
    const left = flowBack(cell, params, [0, 0, 0, ...ERRORS], 1000, 'random');
    expectSameBits('dc', left.subarray(3), ERRORS);
    expect(left[3]).toBe(flow.cec1000);
  });

  test('so do memory cells without forget gates, whatever their weights', () => {
    const cell = new Lstm97(2, { blocks: 3, cellsPerBlock: 1, gateSources: 'all', forget: false, cellBias: true });
    const random = createRandom(3);
    const params = new Float64Array(cell.paramCount).map(() => gaussian(random));
    const sources = cell.stateSize - 3;
    const dState = [...new Float64Array(sources), ...ERRORS];
    expectSameBits('ds', flowBack(cell, params, dState, 1000, 'random').subarray(sources), ERRORS);
  });

  test('forget gates at 0.999 leave a third of it after 999 steps', () => {
    const { cell, params } = keeping(2, 1, Math.log(999));
    const [, dc] = flowBack(cell, params, [0, 1], 999, 'random');
    expectClose('dc', [dc], [flow.forget0999], 1e-12);
  });

  test('a plain network with a weight of 0.9 has lost all but 0.6 % after 49 steps', () => {
    const cell = new Rnn(1, 1);
    const params = Float64Array.of(0.5, 0.9, 0);
    const [after49] = flowBack(cell, params, [1], 49, 'none');
    expectClose('dh', [after49], [flow.rnn09_49], 1e-12);
    const [after999] = flowBack(cell, params, [1], 999, 'none');
    expectClose('dh', [after999 / flow.rnn09_999], [1], 1e-12);
  });
});

/**
 * A queue of two places, built by hand: inputs value, write, read, shift; commands are 0 or 1. The first place takes the
 * value on `write`, the second what the first one showed on `shift`; both show what they hold on `read`.
 */
function buildQueue(): { cell: Lstm; params: Float64Array } {
  const I = 4;
  const H = 2;
  const WRITE = 1;
  const READ = 2;
  const SHIFT = 3;
  const cell = new Lstm(I, H);
  const params = new Float64Array(cell.paramCount);
  const wHh = 4 * H * I;
  const b = wHh + 4 * H * H;
  const driven = (gate: number, command: number, closedByDefault: boolean) => {
    params[b + gate] = closedByDefault ? -40 : 40;
    params[gate * I + command] = closedByDefault ? 80 : -80;
  };
  for (const [unit, command] of [WRITE, SHIFT].entries()) {
    driven(unit, command, true); // i
    driven(H + unit, command, false); // f
    driven(3 * H + unit, READ, true); // o
  }
  params[2 * H * I] = 1; // g of the first place hears the value,
  params[wHh + (2 * H + 1) * H] = 1; // that of the second what the first shows
  return { cell, params };
}

test('a queue programmed by hand takes a number in, keeps it, moves it on and gives it back', () => {
  const { cell, params } = buildQueue();
  const state = cell.paramCount;
  const row = state + cell.stateSize;
  const memory = new Float64Array(row + cell.cacheSize);
  memory.set(params);
  const step = (value: number, write: number, read: number, shift: number) => {
    memory.set([value, write, read, shift], row);
    cell.step(memory, 0, state, row);
    const [h0, h1, c0, c1] = memory.subarray(state, row);
    return { h0, h1, c0, c1 };
  };

  expectClose('written', [step(queue.value, 1, 0, 0).c0], [queue.written], 1e-12);
  for (let t = 0; t < 100; t++) {
    const { h0, c0 } = step(Math.sin(t), 0, 0, 0);
    expectClose('kept', [c0, h0], [queue.written, 0], 1e-12);
  }
  expectClose('read', [step(0, 0, 1, 0).h0], [queue.read], 1e-12);
  const shifted = step(0, 0, 1, 1);
  expectClose('shifted', [shifted.c1], [queue.shiftedOnce], 1e-12);
  expectClose('read after the shift', [shifted.h1], [queue.readAfterShift], 1e-12);
  const silent = step(5, 0, 0, 0);
  expectClose('silent', [silent.h0, silent.h1, silent.c1], [0, 0, queue.shiftedOnce], 1e-12);
});
