/** First in, first out, in constant time at both ends; what was taken can go back to where it was. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #begin = 0;

  get length(): number {
    return this.#items.length - this.#begin;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    return this.take(1)[0];
  }

  /** The oldest `count`, or as many as there are. */
  take(count: number): T[] {
    const end = Math.min(this.#items.length, this.#begin + Math.max(0, count));
    const taken = this.#items.slice(this.#begin, end) as T[];
    // What was taken must not be held until the array is cut.
    this.#items.fill(undefined, this.#begin, end);
    this.#begin = end;
    if (this.#begin > 64 && this.#begin * 2 > this.#items.length) this.#cut();
    return taken;
  }

  /** Before everything else, in the order given. */
  putBack(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#begin)];
    this.#begin = 0;
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#begin);
    this.#begin = 0;
  }
}
