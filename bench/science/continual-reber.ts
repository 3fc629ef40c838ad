/**
 * Embedded Reber strings in one stream that is never reset: where a string ends must be learned too.
 *
 * A string is right when the legal symbols are the most active outputs after each of its symbols. Learned is a stream
 * of which 990 of the last 1000 strings were right. After that, with learning off, some strings hold one violation,
 * and −ln p of the symbol that came is held against that of all symbols of the other strings:
 *
 *   closing   the other one of T and P before the end, which only a memory of the beginning can tell
 *   illegal   a symbol of the inner string that may not stand where it does
 *
 * Source: Gers, Schmidhuber & Cummins 2000.
 */
import { createRandom, type Random } from '../../models/random.ts';
import type { Learner } from '../../models/training/learner.ts';
import type { Loss } from '../../models/training/loss.ts';
import { bit, drawString, enterSymbol, enterTarget, isRight, P, type ReberString, SYMBOLS, T } from './reber.ts';

export type Violation = 'closing' | 'illegal';

const WINDOW = 1000;
const ENOUGH = 990;
/** Share of strings with a violation. */
const SPOILT = 0.1;
/** What stands around the inner string: B, T or P, B before it, E, T or P, E behind it. */
const BEFORE = 3;
const BEHIND = 3;

export class ReberStream {
  readonly learner: Learner;
  readonly memory: Float64Array;
  readonly #loss: Loss;
  /** For the loss, behind the block of the learner. */
  readonly #target: number;
  readonly #random: Random;

  /** @param prepare  instead of the usual initial weights */
  constructor(learner: Learner, loss: Loss, seed: number, prepare?: (memory: Float64Array, random: Random) => void) {
    this.learner = learner;
    this.memory = new Float64Array(learner.size + loss.targets);
    this.#loss = loss;
    this.#target = learner.size;
    this.#random = createRandom(seed);
    learner.initialise(this.memory, 0, this.#random);
    prepare?.(this.memory, this.#random);
  }

  /** Returns the strings it took until 990 of the last 1000 were right; Infinity = the limit was not enough. */
  learnAll(limit: number): number {
    const lately = new Uint8Array(WINDOW);
    let right = 0;
    for (let seen = 1; seen <= limit; seen++) {
      const slot = seen % WINDOW;
      right -= lately[slot];
      lately[slot] = this.learnString() ? 1 : 0;
      right += lately[slot];
      if (right >= ENOUGH) return seen;
    }
    return Infinity;
  }

  /** One string more; true where it was right. */
  learnString(): boolean {
    const { learner, memory } = this;
    const { symbols, legal } = drawString(this.#random);
    let right = true;
    for (let t = 0; t < symbols.length; t++) {
      const y = this.#step(symbols[t]);
      if (!isRight(memory, y, legal[t])) right = false;
      // After the last symbol always comes the B of the next string.
      enterTarget(this.#loss, memory, this.#target, symbols[(t + 1) % symbols.length]);
      this.#loss.gradient(memory, y, this.#target, learner.lossGradient(memory, 0));
      learner.learn(memory, 0);
    }
    return right;
  }

  /** Plays strings without learning; returns the area under the ROC curve of −ln p, which is what softmax gives. */
  violationAuc(kind: Violation, strings: number): number {
    const random = this.#random;
    const found: number[] = [];
    const normal: number[] = [];
    for (let k = 0; k < strings; k++) {
      const string = drawString(random);
      const at = random() < SPOILT ? spoil(string, kind, random) : -1;
      // The B at the start of a string was asked for by the one before.
      let y = this.#step(string.symbols[0]);
      for (let t = 1; t < string.symbols.length; t++) {
        enterTarget(this.#loss, this.memory, this.#target, string.symbols[t]);
        const nats = this.#loss.value(this.memory, y, this.#target);
        if (at < 0) normal.push(nats);
        else if (t === at) found.push(nats);
        y = this.#step(string.symbols[t]);
      }
    }
    return auc(found, normal);
  }

  /** The largest |c| of the memory cells now. */
  largest(): number {
    const { cell } = this.learner;
    const { state, row } = this.learner.newest(this.memory, 0);
    if (cell.watch === undefined) throw new Error(`${cell.name}: expected a memory to watch, got none`);
    return cell.watch(this.memory, state, row).largest;
  }

  #step(symbol: number): number {
    enterSymbol(this.memory, this.learner.nextInput(this.memory, 0), symbol);
    return this.learner.forward(this.memory, 0);
  }
}

/** Puts one wrong symbol into the string; returns where. */
function spoil({ symbols, legal }: ReberString, kind: Violation, random: Random): number {
  if (kind === 'closing') {
    const at = symbols.length - 2;
    symbols[at] = symbols[at] === T ? P : T;
    return at;
  }
  const at = BEFORE + Math.floor(random() * (symbols.length - BEFORE - BEHIND));
  const wrong = Array.from(SYMBOLS, (_, symbol) => symbol).filter((symbol) => (legal[at - 1] & bit(symbol)) === 0);
  symbols[at] = wrong[Math.floor(random() * wrong.length)];
  return at;
}

/** The chance that one of `high` exceeds one of `low`, ties half. */
export function auc(high: readonly number[], low: readonly number[]): number {
  const all = [...high.map((value) => ({ value, high: 1 })), ...low.map((value) => ({ value, high: 0 }))];
  all.sort((a, b) => a.value - b.value);
  let ranks = 0;
  for (let from = 0, to = 0; from < all.length; from = to) {
    let highs = 0;
    for (to = from; to < all.length && all[to].value === all[from].value; to++) highs += all[to].high;
    ranks += (highs * (from + 1 + to)) / 2; // all that are alike have the middle rank
  }
  return (ranks - (high.length * (high.length + 1)) / 2) / (high.length * low.length);
}
