/** Where everything of one event detector lies in its flat block: one list for making, stepping and saving. */
import { alphabetSize } from './alphabet.ts';
import { countsSize } from './counts.ts';

export interface EventLayout {
  /** Events scored. */
  events: number;
  /** Events since the session began. */
  since: number;
  level: number;
  alphabet: number;
  counts: number;
  next: number;
  /** Numbers in the block. */
  size: number;
}

export function eventLayoutOf(classes: number, nextSize: number): EventLayout {
  let end = 0;
  const take = (size: number) => {
    const at = end;
    end += size;
    return at;
  };
  return {
    events: take(1),
    since: take(1),
    level: take(1),
    alphabet: take(alphabetSize(classes)),
    counts: take(countsSize(classes)),
    next: take(nextSize),
    size: end,
  };
}
