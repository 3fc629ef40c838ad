/** How far errors flow back, and whether a sample costs the same for ever. */
import { Elstm } from '../../models/cells/elstm.ts';
import type { Cell } from '../../models/cells/cell.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { Rnn } from '../../models/cells/rnn.ts';
import type { Learner } from '../../models/training/learner.ts';
import { Tbptt } from '../../models/training/tbptt.ts';
import { Trace } from '../../models/training/trace.ts';
import { endless, median, timeSteps } from './cost.ts';
import type { Experiment } from './experiment.ts';
import { errorFlow } from './flow.ts';
import { long, ONE_NUMBER, rmsprop, streaming } from './recipes.ts';

const H = 16;
const DISTANCES = [50, 100, 1000];
const DRAWS = [1, 2, 3, 4, 5];

export function limitExperiments(): Experiment[] {
  return [...flowRows(), ...COST];
}

/** The weights of an Lstm of one input: W_ih [4H], W_hh [4H, H], b [4H], forget gates second. */
const W_HH = 4 * H;
const FORGET_BIAS = W_HH + 4 * H * H + H;

function flowRow(
  name: string,
  setting: string,
  reference: string,
  make: () => Cell,
  carrier: number,
  prepare?: (memory: Float64Array) => void,
): Experiment {
  return {
    id: `flow_${name}`,
    setting: `error flow, ${setting}: T=50, 100, 1000; median of 5`,
    unit: 'share at 1000',
    better: 'higher',
    reference,
    seeds: 1,
    run(seed) {
      const flows = DISTANCES.map((T) =>
        median(DRAWS.map((draw) => errorFlow(make(), T, carrier, DRAWS.length * (seed - 1) + draw, prepare))),
      );
      return { value: flows[flows.length - 1], text: flows.map((flow) => flow.toPrecision(2)).join('  ') };
    },
  };
}

function flowRows(): Experiment[] {
  const lstm = () => new Lstm(1, H);
  const rnn = () => new Rnn(1, H);
  return [
    flowRow('lstm', 'LSTM, forget bias 1', '2e-2  9e-4  4e-33', lstm, H),
    flowRow('long', 'LSTM, chrono M=1000', '.97  .94  .45', () => new Lstm(1, H, long(1000)), H),
    flowRow('bias_3', 'LSTM, forget bias 3', '40 at T=100', lstm, H, (memory) => {
      memory.fill(3, FORGET_BIAS, FORGET_BIAS + H);
    }),
    flowRow('carousel', 'LSTM, f forced to 1', '1 at T=1000', lstm, H, (memory) => forceForget(memory, 1)),
    flowRow('carousel_0.999', 'LSTM, f forced to .999', '.368 at T=1000', lstm, H, (memory) => {
      forceForget(memory, 0.999);
    }),
    flowRow('rnn', 'RNN, orthogonal', '4e-4  7e-8  2e-78', rnn, 0),
    flowRow('rnn_0.9', 'RNN, radius .9', '1e-5  3e-11', rnn, 0, (memory) => {
      for (let i = H; i < H + H * H; i++) memory[i] *= 0.9;
    }),
  ];
}

/** Forget gates that hear nothing and always stand at f; no way around them through h. */
function forceForget(memory: Float64Array, f: number): void {
  memory.fill(0, H, 2 * H);
  memory.fill(0, W_HH, W_HH + 4 * H * H);
  memory.fill(f === 1 ? 800 : Math.log(f / (1 - f)), FORGET_BIAS, FORGET_BIAS + H);
}

function costRow(name: string, setting: string, make: () => Learner): Experiment {
  return {
    id: `constant_cost_${name}`,
    setting: `${setting}, median sample at 900k-1M over 100k-200k`,
    unit: 'ratio',
    better: 'lower',
    bar: 1.1,
    reference: '<= 1.10',
    seeds: 1,
    run(seed) {
      const { early, late } = timeSteps(endless(make(), seed), () => performance.now());
      const ratio = late / early;
      return { value: ratio, text: `${ratio.toFixed(3)} (${early.toFixed(2)} µs, ${late.toFixed(2)} µs)` };
    },
  };
}

const COST: readonly Experiment[] = [
  costRow('lstm', 'LSTM H=16, k1=8, k2=32', () => new Tbptt(new Lstm(1, H), ONE_NUMBER, streaming(rmsprop(1e-3)))),
  costRow('elstm', 'eLSTM H=16, k1=8', () => new Trace(new Elstm(1, H), ONE_NUMBER, streaming(rmsprop(1e-3)))),
];
