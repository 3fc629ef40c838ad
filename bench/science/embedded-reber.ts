/**
 * The embedded Reber grammar string by string, from a state at rest: the next symbol is asked for after each one.
 * Every so often a look at 256 strings that are only for testing; learned is what gets all of them right.
 */
import { createRandom, type Random } from '../../models/random.ts';
import type { Loss } from '../../models/training/loss.ts';
import type { Episodes } from './episode.ts';
import { drawString, drawStrings, enterSymbol, enterTarget, isRight, type ReberString } from './reber.ts';

export interface ReberRun {
  seed: number;
  /** Strings at most. */
  limit: number;
  lookEvery: number;
  /** Of the next symbol. */
  loss: Loss;
  /** Update after every symbol instead of every string. */
  everySymbol: boolean;
  /** Draw from 256 strings, which must be right in the end as well; else every string is a new one. */
  fixedSet: boolean;
  /** Instead of the usual initial weights. */
  prepare?: (learner: Episodes, random: Random) => void;
}

const SET = 256;

/** Returns the strings it took; Infinity = the limit was not enough. */
export function learnReber(learner: Episodes, run: ReberRun): number {
  const random = createRandom(run.seed);
  const train = run.fixedSet ? drawStrings(SET, random) : [];
  const test = drawStrings(SET, random);
  learner.initialise(random);
  run.prepare?.(learner, random);
  for (let seen = 1; seen <= run.limit; seen++) {
    learnString(learner, run.fixedSet ? train[Math.floor(random() * SET)] : drawString(random), run);
    if (seen % run.lookEvery === 0 && areRight(learner, test) && areRight(learner, train)) return seen;
  }
  return Infinity;
}

function learnString(learner: Episodes, { symbols }: ReberString, { loss, everySymbol }: ReberRun): void {
  const { memory, target } = learner;
  learner.begin();
  for (let t = 0; t < symbols.length - 1; t++) {
    enterSymbol(memory, learner.nextInput(), symbols[t]);
    const y = learner.forward();
    enterTarget(loss, memory, target, symbols[t + 1]);
    loss.gradient(memory, y, target, learner.lossGradient());
    if (!everySymbol) continue;
    learner.end();
    learner.update();
  }
  if (everySymbol) return;
  learner.end();
  learner.update();
}

function areRight(learner: Episodes, strings: readonly ReberString[]): boolean {
  const { memory } = learner;
  return strings.every(({ symbols, legal }) => {
    learner.begin();
    return symbols.slice(0, -1).every((symbol, t) => {
      enterSymbol(memory, learner.nextInput(), symbol);
      return isRight(memory, learner.forward(), legal[t]);
    });
  });
}
