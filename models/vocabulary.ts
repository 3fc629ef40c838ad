/**
 * Event symbols → classes of a softmax head: first come, first served, and never more than were reserved.
 *
 * Class 0 is every symbol without a class of its own: one not met before, and all that come after the classes ran out.
 * So ask `classOf` first and score with the answer, which makes class 0 learn how likely something new is, and `admit`
 * the symbol then. Classes are never taken back: the weights of the head would mean something else.
 *
 * Symbols are attacker's text. What is kept of one is bounded; a longer symbol is known by its beginning, its end and
 * its length, and two that agree in all three share a class.
 */
const LENGTH_MAX = 128;
const HEAD = 64;
const TAIL = 48;

export class Vocabulary {
  /** Class 0 included: the outputs of the head. */
  readonly classes: number;
  readonly #byKey = new Map<string, number>();

  /** @throws RangeError unless classes ≥ 1 */
  constructor(classes: number) {
    if (!(Number.isSafeInteger(classes) && classes >= 1)) {
      throw new RangeError(`vocabulary: expected at least one class, got ${classes}`);
    }
    this.classes = classes;
  }

  /** From what `toJSON` gave; throws RangeError on anything else. */
  static fromJSON(classes: number, kept: unknown): Vocabulary {
    const vocabulary = new Vocabulary(classes);
    const symbols: readonly unknown[] = Array.isArray(kept) ? kept : [undefined];
    for (const symbol of symbols) {
      if (typeof symbol !== 'string' || symbol.length > LENGTH_MAX || vocabulary.classOf(symbol) !== 0) {
        throw new RangeError(`vocabulary: expected distinct strings of at most ${LENGTH_MAX} characters`);
      }
      if (vocabulary.admit(symbol) === 0) throw new RangeError(`vocabulary: more than ${classes - 1} symbols`);
    }
    return vocabulary;
  }

  classOf(symbol: string): number {
    return this.#byKey.get(keyOf(symbol)) ?? 0;
  }

  /** Gives the symbol a class of its own while there is one left. Returns its class, 0 where there is none. */
  admit(symbol: string): number {
    const key = keyOf(symbol);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const next = this.#byKey.size + 1;
    if (next >= this.classes) return 0;
    this.#byKey.set(copyOf(key), next);
    return next;
  }

  /** Symbols with a class of their own, in the order of their classes: 1, 2, … */
  toJSON(): string[] {
    return [...this.#byKey.keys()];
  }
}

/** Costs the same however long the symbol is. */
function keyOf(symbol: string): string {
  if (symbol.length <= LENGTH_MAX) return symbol;
  return `${symbol.slice(0, HEAD)}…${symbol.slice(-TAIL)}…${symbol.length}`;
}

/** A text of its own: a slice of a message would keep the whole message in memory. */
function copyOf(text: string): string {
  return String.fromCharCode(...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)));
}
