/**
 * What comes next: a recurrent cell over the class of the event before, a softmax over the class of this one.
 *
 *   surprise = −log10 p(class | session so far)      at most 12
 *   rank     = classes that were held likelier        0: nothing was
 *
 * Scored before anything is learned from it. What is rarer than one in 300 trains with a tenth of its gradient: a fault
 * that repeats would otherwise be usual after a few times, while something that stays is accepted in the end. Nothing
 * is that rare before there was evidence, for at first all classes are equally likely.
 *
 * Memory: class of the event before, class of this one, the learner.
 *
 * Source: Du et al. 2017 (rank of the observed event).
 */
import type { Cell } from '../cells/cell.ts';
import type { Random } from '../random.ts';
import type { HeadOptions } from '../training/head.ts';
import { type Softmax, softmax } from '../training/softmax.ts';
import { END } from './alphabet.ts';
import { WindowLearner, type WindowTraining } from './window-learner.ts';

/** The path past the cell is a table of pairs; a small gain: at first all classes are equally likely. */
export function nextEventHead(classes: number): HeadOptions {
  return { outputs: classes, skip: true, bias: true, gain: 0.1 };
}

export const SURPRISE_MAX = 12;
/** −log10 p from which an event is held for a fault rather than for something to learn. */
const ODD = 2.5;
const ODD_SHARE = 0.1;
/** Equally likely classes must not be odd. */
export const CLASSES_MAX = 256;

/** What was found of one event. Reused: one per detector kind, not per track. */
export interface NextReading {
  surprise: number;
  rank: number;
}

export class NextEvent {
  readonly learner: WindowLearner;
  readonly size: number;
  readonly #classes: number;
  readonly #loss: Softmax;

  constructor(cell: Cell, classes: number, training: WindowTraining) {
    this.#classes = classes;
    this.#loss = softmax(classes);
    this.learner = new WindowLearner(cell, nextEventHead(classes), training);
    this.size = LEARNER + this.learner.size;
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    memory[at] = END;
    memory[at + TARGET] = END;
    this.learner.initialise(memory, at + LEARNER, random);
  }

  /** Scores the event, then learns from it. Allocates nothing. */
  step(memory: Float64Array, at: number, target: number, reading: NextReading): void {
    const { learner } = this;
    const classes = this.#classes;
    const x = learner.nextInput(memory, at + LEARNER);
    memory.fill(0, x, x + classes);
    memory[x + memory[at]] = 1;
    memory[at + TARGET] = target;
    const y = learner.forward(memory, at + LEARNER);
    const surprise = this.#loss.value(memory, y, at + TARGET) / Math.LN10;
    reading.surprise = surprise > SURPRISE_MAX ? SURPRISE_MAX : surprise;
    reading.rank = this.#loss.rank(memory, y, at + TARGET);
    this.#loss.gradient(memory, y, at + TARGET, y);
    if (surprise > ODD) for (let k = 0; k < classes; k++) memory[y + k] *= ODD_SHARE;
    learner.learn(memory, at + LEARNER);
    memory[at] = target;
  }

  /** After the END of a session was scored: the next one starts from rest. */
  finish(memory: Float64Array, at: number): void {
    this.learner.finish(memory, at + LEARNER);
  }
}

const TARGET = 1;
/** Where the learner lies in a block. */
export const LEARNER = 2;
