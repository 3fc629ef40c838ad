/**
 * A cell under a head that learns as it goes: predict, hear the truth, learn, in this order for ever.
 *
 *   x = nextInput(..)        fill memory[x..x+I]
 *   y = forward(..)          read memory[y..y+O]
 *   d = lossGradient(..)     when the truth is known: fill memory[d..d+O] with ∂loss/∂y
 *   learn(..)
 *
 * A step without a truth goes without the last two. The state is carried on from step to step and never reset.
 * One object serves every stream of its shape; the numbers of a stream are the block at memory[at..at+size].
 *
 * What was learned, the first `learnedSize` numbers, may lie elsewhere in the same memory, and serve several streams:
 * `weights` says where, and `at` is then so many numbers before what is the stream's own.
 */
import type { Cell } from '../cells/cell.ts';
import type { Random } from '../random.ts';
import type { Head } from './head.ts';
import { clipNorm, type Optimizer, optimizerStep } from './optimizer.ts';

export interface Learner {
  readonly cell: Cell;
  readonly head: Head;
  /** Numbers of memory a stream needs. */
  readonly size: number;
  /** Parameters of cell and head, which are the first numbers of the block in this order. */
  readonly weightCount: number;
  /** What lies in the block, in order and without a gap: `weights` first. */
  readonly regions: readonly Region[];

  /** Makes the block that of a stream nothing is known of. */
  initialise(memory: Float64Array, at: number, random: Random): void;
  /** Draws what is learned anew, and nothing else. */
  initialiseLearned(memory: Float64Array, weights: number, random: Random): void;
  /** All but what is learned. */
  initialiseOwn(memory: Float64Array, at: number): void;
  nextInput(memory: Float64Array, at: number): number;
  /** Allocates nothing. */
  forward(memory: Float64Array, at: number, weights?: number): number;
  lossGradient(memory: Float64Array, at: number): number;
  /**
   * Takes ∂loss/∂y of the newest forecast; `step` is the part that is taken of a step, 1 where absent. Returns the norm of the gradient before clipping where the weights were
   * updated, else 0. An update whose gradient is not finite is left out, and its norm said. Allocates nothing.
   */
  learn(memory: Float64Array, at: number, weights?: number, step?: number): number;
  /** State of the newest step, and the cache row it left. */
  newest(memory: Float64Array, at: number): { state: number; row: number };
}

export interface Region {
  name: string;
  /** From the start of the block. */
  at: number;
  size: number;
}

/** Numbers at the start of a block that are what was learned: weights, and the optimiser's moments. */
export function learnedSize({ regions }: Learner): number {
  const moments = regions.find(({ name }) => name === 'moments');
  return moments === undefined ? regions[0].size : moments.at + moments.size;
}

/** Lays regions out one after the other. */
export function layRegions(sizes: Readonly<Record<string, number>>): { regions: Region[]; size: number } {
  let size = 0;
  const regions = Object.entries(sizes).map(([name, numbers]) => {
    const region = { name, at: size, size: numbers };
    size += numbers;
    return region;
  });
  return { regions, size };
}

export interface Descent {
  optimizer: Optimizer;
  /** Limit of the gradient's Euclidean norm; Infinity for none. */
  clipNorm: number;
}

/** Clips, then one step downhill for the weights at memory[at..]. Returns the norm before clipping. */
export function descend(
  { optimizer, clipNorm: limit }: Descent,
  memory: Float64Array,
  at: number,
  moments: number,
  count: number,
  work: Float64Array,
  gradient: number,
  step = 1,
): number {
  const norm = clipNorm(work, gradient, count, limit);
  if (Number.isFinite(norm)) optimizerStep(optimizer, memory, at, moments, count, work, gradient, step);
  return norm;
}
