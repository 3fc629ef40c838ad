/** The word in `cell:` of the configuration, and the learner it stands for. */
import type { Cell } from '../cells/cell.ts';
import { Elstm } from '../cells/elstm.ts';
import { Gru } from '../cells/gru.ts';
import { Lstm } from '../cells/lstm.ts';
import { Lstm97 } from '../cells/lstm97.ts';
import { Rnn } from '../cells/rnn.ts';
import { WindowedAttention } from '../cells/windowed-attention.ts';
import type { HeadOptions } from './head.ts';
import type { Learner } from './learner.ts';
import { ringRows, Tbptt, type Training } from './tbptt.ts';
import { Trace } from './trace.ts';

export const CELLS = ['lstm', 'lstm97', 'gru', 'gru_before', 'rnn', 'elstm', 'attention'] as const;
export type CellName = (typeof CELLS)[number];

/** Steps that the attention cell looks back. */
const HISTORY = 64;

/**
 * A learner of I inputs and about H units. The cell of 1997 and the element-wise one learn by their own traces, without
 * a window; all others by truncated backpropagation.
 */
export function createLearner(
  name: CellName,
  inputs: number,
  hidden: number,
  head: HeadOptions,
  training: Training,
): Learner {
  switch (name) {
    case 'lstm97':
      return new Trace(new Lstm97(inputs, blocksOf(hidden)), head, training);
    case 'elstm':
      return new Trace(new Elstm(inputs, hidden), head, training);
    case 'lstm':
    case 'gru':
    case 'gru_before':
    case 'rnn':
    case 'attention':
      return new Tbptt(windowedCell(name, inputs, hidden, ringRows(training)), head, training);
  }
}

function windowedCell(name: Exclude<CellName, 'lstm97' | 'elstm'>, inputs: number, hidden: number, rows: number): Cell {
  switch (name) {
    case 'lstm':
      return new Lstm(inputs, hidden);
    case 'gru':
      return new Gru(inputs, hidden, { reset: 'after' });
    case 'gru_before':
      return new Gru(inputs, hidden, { reset: 'before' });
    case 'rnn':
      return new Rnn(inputs, hidden);
    case 'attention':
      return new WindowedAttention(inputs, hidden, { history: HISTORY, rows });
  }
}

/** Blocks of two cells, which share their gates, where the units can be paired. As published: no forget gate. */
function blocksOf(hidden: number) {
  const cellsPerBlock = hidden % 2 === 0 ? 2 : 1;
  return {
    blocks: hidden / cellsPerBlock,
    cellsPerBlock,
    gateSources: 'cells',
    forget: false,
    cellBias: true,
  } as const;
}
