/**
 * Symbols → classes of the softmax head: first come, first served, and never more than were reserved.
 *
 *   class 0   every symbol without a class of its own: not met before, or come after the classes ran out
 *   class 1   the end of a session
 *   class 2…  symbols, in the order in which they came
 *
 * Ask `classOf` first and score with the answer, which makes class 0 learn how likely something new is, and `admit` the
 * symbol then. Classes are never taken back: the weights of the head would mean something else.
 *
 * Memory: symbols known, symbols [classes − 2].
 */
export const UNSEEN = 0;
export const END = 1;
/** The class of the first symbol. */
export const FIRST = 2;

export function alphabetSize(classes: number): number {
  return 1 + classes - FIRST;
}

/** Symbols that have a class of their own. */
export function symbolsKnown(memory: Float64Array, at: number): number {
  return memory[at];
}

export function classOf(memory: Float64Array, at: number, symbol: number): number {
  const known = memory[at];
  for (let i = 0; i < known; i++) if (memory[at + 1 + i] === symbol) return FIRST + i;
  return UNSEEN;
}

/** Gives a symbol that has none a class of its own, while there is one left. */
export function admit(memory: Float64Array, at: number, classes: number, symbol: number): void {
  const known = memory[at];
  if (known >= classes - FIRST) return;
  memory[at + 1 + known] = symbol;
  memory[at] = known + 1;
}
