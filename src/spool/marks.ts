/**
 * How far the log has been spooled, so that a replay of it spools nothing twice.
 *
 * After a crash the log is read again from the last checkpoint, and what comes of it is pushed again, in the same order
 * and at the same positions. What is not beyond the mark is there already. Alerts come as their entry is read, samples
 * are gathered for a moment: each is a lane with a mark of its own, or a mark of one would swallow the other.
 */
import type { Mark } from './record.ts';

export const LANE = { alerts: 0, samples: 1 } as const;
const LANES = Object.values(LANE);

const NOTHING: Mark = { position: -1, ordinal: 0 };

export class Marks {
  readonly #stored: Mark[] = LANES.map(() => NOTHING);
  /** What has been pushed since the start, stored or known already. */
  readonly #seen: Mark[] = LANES.map(() => NOTHING);

  of(lane: number): Mark {
    return this.#stored[lane];
  }

  /** Takes over what a record says. */
  raise(lane: number, { position, ordinal }: Mark): void {
    // A lane of a later version says nothing of ours.
    if (lane < LANES.length && isBeyond({ position, ordinal }, this.#stored[lane])) {
      this.#stored[lane] = { position, ordinal };
    }
  }

  /** Counts one more push at a position. @returns its mark; undefined where it is stored already */
  next(lane: number, position: number): Mark | undefined {
    const seen = this.#seen[lane];
    const mark = { position, ordinal: position === seen.position ? seen.ordinal + 1 : 1 };
    this.#seen[lane] = mark;
    if (!isBeyond(mark, this.#stored[lane])) return undefined;
    this.#stored[lane] = mark;
    return mark;
  }

  /** Whether a mark is beyond the end of the log, and so of another log. */
  isBeyond(end: number): boolean {
    return this.#stored.some(({ position }) => position > end);
  }

  /** Reading goes on after `position`: what comes at it is new. */
  goOnAfter(position: number): void {
    for (const lane of LANES) {
      const stored = this.#stored[lane];
      this.#seen[lane] = stored.position === position ? stored : { position, ordinal: 0 };
    }
  }

  reset(position: number): void {
    for (const lane of LANES) this.#stored[lane] = { position, ordinal: 0 };
  }

  toJSON(): [number, number][] {
    return this.#stored.map(({ position, ordinal }) => [position, ordinal]);
  }
}

function isBeyond(a: Mark, b: Mark): boolean {
  return a.position > b.position || (a.position === b.position && a.ordinal > b.ordinal);
}
