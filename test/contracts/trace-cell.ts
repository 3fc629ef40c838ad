/** What every cell with traces promises beyond what every cell does; its own test says what its gradient is. */
import { expect, test } from 'vitest';
import type { TraceCell } from '../../models/cells/cell.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { expectClose, expectSameBits } from '../models/difference.ts';

interface Place {
  memory: Float64Array;
  params: number;
  state: number;
  row: number;
  traces: number;
}

/** A stream under random weights, at odd places in a memory that is 7 everywhere else. */
function place(cell: TraceCell, state: 'rest' | 'random'): Place {
  const random = createRandom(21);
  const traces = 1;
  const params = traces + cell.traceSize + 2;
  const at = params + cell.paramCount + 1;
  const row = at + cell.stateSize + 4;
  const memory = new Float64Array(row + cell.cacheSize + 3).fill(7);
  memory.fill(0, traces, traces + cell.traceSize);
  for (let i = 0; i < cell.paramCount; i++) memory[params + i] = 0.5 * gaussian(random);
  for (let i = 0; i < cell.stateSize; i++) memory[at + i] = state === 'rest' ? 0 : 0.5 * gaussian(random);
  return { memory, params, state: at, row, traces };
}

function go(cell: TraceCell, { memory, params, state, row, traces }: Place, x: number): void {
  memory.fill(x, row, row + cell.inputs);
  cell.step(memory, params, state, row);
  cell.trace(memory, params, row, traces);
}

function gradientOf(cell: TraceCell, { memory, params, row, traces }: Place, dh: number, times = 1): Float64Array {
  const work = new Float64Array(cell.paramCount + cell.hidden);
  for (let u = 0; u < cell.hidden; u++) work[cell.paramCount + u] = dh * Math.cos(u);
  for (let i = 0; i < times; i++) cell.traceGradient(memory, params, row, traces, work, 0, cell.paramCount);
  return work.subarray(0, cell.paramCount);
}

/** @param make  a cell of I inputs and about H units */
export function traceCellContract(name: string, make: (inputs: number, hidden: number) => TraceCell): void {
  test(`${name}: the first step has the gradient of one step back`, () => {
    const cell = make(3, 4);
    const stream = place(cell, 'random');
    go(cell, stream, 0.8);
    const dState = cell.paramCount;
    const work = new Float64Array(dState + cell.stateSize);
    for (let u = 0; u < cell.hidden; u++) work[dState + u] = Math.cos(u);
    cell.backward(stream.memory, stream.params, stream.state, stream.row, work, 0, dState, -1);
    expect(work.subarray(0, dState).some((d) => d !== 0)).toBe(true);
    expectClose('gradient', gradientOf(cell, stream, 1), work.subarray(0, dState), 1e-14);
  });

  test(`${name}: moves its traces and nothing else, and its gradient leaves all of memory alone`, () => {
    const cell = make(2, 4);
    const stream = place(cell, 'random');
    const { memory, row, traces } = stream;
    memory.set([0.3, -0.4], row);
    cell.step(memory, stream.params, stream.state, row);
    const before = memory.slice();
    cell.trace(memory, stream.params, row, traces);
    const after = memory.slice();
    expectSameBits('before', after.subarray(0, traces), before.subarray(0, traces));
    const behind = traces + cell.traceSize;
    expectSameBits('behind', after.subarray(behind), before.subarray(behind));
    expect(after.subarray(traces, behind).some((e) => e !== 0)).toBe(true);

    const work = new Float64Array(2 + cell.paramCount + 1 + cell.hidden + 1).fill(0.25);
    cell.traceGradient(memory, stream.params, row, traces, work, 2, 2 + cell.paramCount + 1);
    expectSameBits('memory', memory, after);
    const rest = [...work.subarray(0, 2), ...work.subarray(2 + cell.paramCount)];
    expect(rest).toEqual(rest.map(() => 0.25));
  });

  test(`${name}: adds its gradient to what is there; no error, no gradient`, () => {
    const cell = make(2, 4);
    const stream = place(cell, 'rest');
    for (const x of [0.5, -1, 2]) go(cell, stream, x);
    const once = gradientOf(cell, stream, 1);
    expectClose(
      'twice',
      gradientOf(cell, stream, 1, 2),
      once.map((d) => 2 * d),
      1e-14,
    );
    expectClose(
      'half',
      gradientOf(cell, stream, 0.5),
      once.map((d) => d / 2),
      1e-14,
    );
    expect(gradientOf(cell, stream, 0).every((d) => d === 0)).toBe(true);
  });

  test.each([Number.NaN, Infinity, -Infinity, 1e308])(`${name}: traces of %d come back`, (wrong) => {
    const cell = make(2, 4);
    const stream = place(cell, 'rest');
    const traces = stream.memory.subarray(stream.traces, stream.traces + cell.traceSize);
    for (const x of [0.5, -1]) go(cell, stream, x);
    traces.fill(wrong);
    for (const x of [1, 0.5]) go(cell, stream, x);
    expect(traces.every(Number.isFinite)).toBe(true);
  });

  test(`${name}: a trace that has faded is 0, not a number too small to compute with`, () => {
    const cell = make(2, 4);
    const stream = place(cell, 'rest');
    const traces = stream.memory.subarray(stream.traces, stream.traces + cell.traceSize);
    traces.fill(1e-300);
    go(cell, stream, 0);
    const small = traces.filter((e) => Math.abs(e) < 1e-100);
    expect(small.length).toBeGreaterThan(0);
    expect(small.every((e) => e === 0)).toBe(true);
  });
}
