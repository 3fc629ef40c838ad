/**
 * The embedded Reber grammar: B, T or P, a string of the Reber grammar, the same T or P, E. What the last but one
 * symbol must be was said at the beginning, and nothing in between tells.
 *
 * The Reber grammar goes from B at node 0 to E at node 5:
 *
 *   0: T→1 P→2   1: S→1 X→3   2: T→2 V→4   3: X→2 S→5   4: P→3 V→5
 *
 * Each legal way on is as likely as the other. Sources: Reber 1967; embedded: Cleeremans et al. 1989, Hochreiter &
 * Schmidhuber 1997.
 */
import type { Random } from '../../models/random.ts';
import type { Loss } from '../../models/training/loss.ts';

export const SYMBOLS = 'BTPSXVE';
export const [B, T, P, S, X, V, E] = [0, 1, 2, 3, 4, 5, 6];

/** [symbol, next node] out of each node. */
const WAYS: readonly (readonly (readonly [number, number])[])[] = [
  [
    [T, 1],
    [P, 2],
  ],
  [
    [S, 1],
    [X, 3],
  ],
  [
    [T, 2],
    [V, 4],
  ],
  [
    [X, 2],
    [S, 5],
  ],
  [
    [P, 3],
    [V, 5],
  ],
];
const END = 5;
/** Symbols of the longest string; a longer one, which is next to never, is drawn again. */
export const LONGEST = 200;

export interface ReberString {
  symbols: number[];
  /** The symbols that may follow symbols[t], as bits; what follows the last is the next string's B. */
  legal: number[];
}

export function drawString(random: Random): ReberString {
  for (;;) {
    const string = drawAny(random);
    if (string.symbols.length <= LONGEST) return string;
  }
}

function drawAny(random: Random): ReberString {
  const closing = random() < 0.5 ? T : P;
  const symbols = [B, closing, B];
  const legal = [bit(T) | bit(P), bit(B)];
  let node = 0;
  while (node !== END) {
    legal.push(WAYS[node].reduce((bits, [symbol]) => bits | bit(symbol), 0));
    const [symbol, next] = WAYS[node][random() < 0.5 ? 0 : 1];
    symbols.push(symbol);
    node = next;
  }
  symbols.push(E, closing, E);
  legal.push(bit(E), bit(closing), bit(E), bit(B));
  return { symbols, legal };
}

export function drawStrings(count: number, random: Random): ReberString[] {
  return Array.from({ length: count }, () => drawString(random));
}

/** One of the symbols, as a set. */
export const bit = (symbol: number): number => 1 << symbol;

/** The legal symbols are the most active of the outputs at memory[y..]. */
export function isRight(memory: Float64Array, y: number, legal: number): boolean {
  let lowestLegal = Infinity;
  let highestOther = -Infinity;
  for (let k = 0; k < SYMBOLS.length; k++) {
    if ((legal & bit(k)) === 0) highestOther = Math.max(highestOther, memory[y + k]);
    else lowestLegal = Math.min(lowestLegal, memory[y + k]);
  }
  return lowestLegal > highestOther;
}

/** Writes the symbol as seven numbers, one of them 1. */
export function enterSymbol(memory: Float64Array, at: number, symbol: number): void {
  memory.fill(0, at, at + SYMBOLS.length);
  memory[at + symbol] = 1;
}

/** What the loss has to know of the symbol that came: its number, or one number for each that could have come. */
export function enterTarget(loss: Loss, memory: Float64Array, target: number, symbol: number): void {
  if (loss.targets === 1) memory[target] = symbol;
  else enterSymbol(memory, target, symbol);
}
