/** Tells elements when they come into view and leave it. One observer serves all cards. */
const MARGIN = '120px';

export class InView {
  readonly #listeners = new WeakMap<Element, (visible: boolean) => void>();
  readonly #observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) this.#listeners.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: MARGIN },
  );

  /** Returns how to stop. */
  watch(element: Element, listener: (visible: boolean) => void): () => void {
    this.#listeners.set(element, listener);
    this.#observer.observe(element);
    return () => this.#observer.unobserve(element);
  }
}
