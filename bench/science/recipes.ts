/** The settings that the experiments share, so that a test and the bench run the same thing. */
import { Lstm97, type Lstm97Options } from '../../models/cells/lstm97.ts';
import type { Chrono } from '../../models/initial.ts';
import type { Random } from '../../models/random.ts';
import type { HeadOptions } from '../../models/training/head.ts';
import type { Descent } from '../../models/training/learner.ts';
import type { Optimizer } from '../../models/training/optimizer.ts';
import type { Training } from '../../models/training/tbptt.ts';
import { type Episodes, Traced } from './episode.ts';
import { SYMBOLS } from './reber.ts';

export const adam = (rate: number): Optimizer => ({ name: 'adam', rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });

export const rmsprop = (rate: number): Optimizer => ({
  name: 'rmsprop',
  rate,
  alpha: 0.999,
  epsilon: 1e-8,
  corrected: true,
});

/** No path past the cell: what is learned, the recurrence learned. */
export const ONE_NUMBER: HeadOptions = { outputs: 1, skip: false, bias: true };
export const NEXT_SYMBOL: HeadOptions = { outputs: SYMBOLS.length, skip: false, bias: true };

/** Truncated backpropagation of a stream, spread over the samples, the gradient's norm at most 1. */
export const streaming = (optimizer: Optimizer, k1 = 8, k2 = 32): Training => ({
  k1,
  k2,
  spread: true,
  optimizer,
  clipNorm: 1,
});

/** For finite sequences: the gradient's norm at most 1. */
export const descent = (optimizer: Optimizer): Descent => ({ optimizer, clipNorm: 1 });

/** All units start out to remember. */
export const long = (span: number): Chrono => ({ span, share: 1 });

/** How the cell of 1997 learns symbols: a step after each, without a limit. */
export const SGD_97: Descent = { optimizer: { name: 'sgd', rate: 0.1 }, clipNorm: Infinity };

/** The cell of 1997 for the embedded grammar. */
export const REBER_97: Lstm97Options = {
  blocks: 8,
  cellsPerBlock: 1,
  gateSources: 'all',
  forget: false,
  cellBias: false,
};

/** The published 93 weights for the adding problem. */
export function adding97(): Traced {
  const cell = new Lstm97(2, { blocks: 2, cellsPerBlock: 2, gateSources: 'all', forget: false, cellBias: true });
  return new Traced(cell, ONE_NUMBER, { optimizer: { name: 'sgd', rate: 0.5 }, clipNorm: Infinity });
}

/** All weights U(±0.1), input gates −3 and −6, so that the cells come into use one after the other. */
export function startAdding97({ cell, memory, weightCount }: Episodes, random: Random): void {
  for (let i = 0; i < weightCount; i++) memory[i] = 0.2 * random() - 0.1;
  const inputGates = numbersIn(cell.tensors[0].shape);
  const [blocks, columns] = cell.tensors[1].shape;
  for (let j = 0; j < blocks; j++) memory[inputGates + (j + 1) * columns - 1] = -3 * (j + 1);
}

/** The head's weights U(±0.2), as those of the cell. */
export function startHead97({ cell, memory, weightCount }: Episodes, random: Random): void {
  for (let i = cell.paramCount; i < weightCount; i++) memory[i] = 0.4 * random() - 0.2;
}

/** Forget gates that start half open, U(±0.2) like every other weight, where the cell by itself starts with 1. */
export function startForget97(cell: Lstm97, memory: Float64Array, random: Random): void {
  const { shape } = cell.tensors[3];
  const [blocks, columns] = shape;
  for (let j = 0; j < blocks; j++) memory[cell.paramCount - 1 - j * columns] = 0.4 * random() - 0.2;
}

const numbersIn = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
