/** The golden run of the LSTM, and what traces make of its gradient. */
import { readGolden } from '../../golden/golden.ts';
import type { CellProblem } from './run.ts';

type Weights = Record<'W_ih' | 'W_hh' | 'b', number[]>;
interface GoldenLstm {
  sizes: { I: number; H: number };
  params: Weights & { V: number[]; bv: number[] };
  inputs: { x: number[]; target: number[]; h0: number[]; c0: number[] };
  grads: Weights;
}
type GoldenTraces = Record<'eprop' | 'snap1', { grads: Weights; cosineWithExact: number }>;

const flat = ({ W_ih, W_hh, b }: Weights) => [...W_ih, ...W_hh, ...b];
const { sizes, params, inputs, grads } = readGolden('lstm') as GoldenLstm;
const { V, bv } = params;
const { x, target, h0, c0 } = inputs;

export const goldenSizes = sizes;
export const goldenProblem: CellProblem = { params: flat(params), V, bv, x, target, state: [...h0, ...c0] };

/** The gradient of the run by the traces of that name, and its cosine with the exact one. */
export function goldenTraces(name: 'eprop' | 'snap1'): { gradient: number[]; cosine: number } {
  const { grads: traced, cosineWithExact } = (readGolden('lstm-traces') as GoldenTraces)[name];
  return { gradient: flat(traced), cosine: cosineWithExact };
}

export function cosineWithExact(gradient: Float64Array): number {
  const exact = flat(grads);
  const dot = exact.reduce((sum, d, i) => sum + d * gradient[i], 0);
  return dot / (Math.hypot(...exact) * Math.hypot(...gradient));
}
