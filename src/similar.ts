/**
 * Past alerts by what they looked like: which of them is most like this one.
 *
 *   similar = cosine(signature, signature of the past) ≥ 0.95, the three nearest, of the last 500 alerts that are over
 *
 * Only alerts that were over before this one began: not itself, nor another series in the same incident. Of any series:
 * signatures know neither units nor levels. The bound is measured (`npm run bench:signatures`): four fifths of what it
 * lets through is of the right kind, and it lets four fifths through.
 *
 * When they are named: a signature is final with the twelfth sample of an alert, or with its close. Before that an event
 * has neither. With the twelfth sample there is an `update`, but only where it has something similar to name; every
 * event after that looks again, and finds the same unless it has been pushed out.
 *
 * Part of the alert log, and so of every checkpoint.
 */
import type { AlertDocument, SimilarAlert } from '../models/alert-document.ts';
import { cosine } from '../models/matching.ts';

const PAST_MAX = 500;
const SIMILAR_MAX = 3;
export const COSINE_MIN = 0.95;
/** Numbers in a signature. */
const SIZE = 6;

/** What is remembered of an alert that is over. */
export type PastAlert = Pick<AlertDocument, 'id' | 'series' | 'started_at' | 'signature'> & { ended_at: string };

export class SimilarAlerts {
  /** Oldest first. */
  #past: PastAlert[] = [];
  /** Two signatures, to be compared. */
  readonly #pair = new Float64Array(2 * SIZE);

  /** @param alert one that is over; without a signature nothing can be like it */
  remember({ id, series, started_at, ended_at, signature }: AlertDocument): void {
    if (ended_at === null || signature.length !== SIZE) return;
    this.#past.push({ id, series, started_at, ended_at, signature });
    if (this.#past.length > PAST_MAX) this.#past.shift();
  }

  /** The past alerts most like this one, the nearest first, the newer of two that are as near. */
  find({ started_at, signature }: Pick<AlertDocument, 'started_at' | 'signature'>): SimilarAlert[] {
    if (signature.length !== SIZE) return [];
    const pair = this.#pair;
    pair.set(signature);
    const found: SimilarAlert[] = [];
    for (const past of this.#past.toReversed()) {
      if (past.ended_at > started_at) continue;
      pair.set(past.signature, SIZE);
      const near = cosine(pair, 0, SIZE, SIZE);
      if (!(near >= COSINE_MIN)) continue;
      found.push({ id: past.id, series: past.series, started_at: past.started_at, cosine: near });
    }
    return found.sort((a, b) => b.cosine - a.cosine).slice(0, SIMILAR_MAX);
  }

  toJSON(): PastAlert[] {
    return [...this.#past];
  }

  restore(past: PastAlert[]): void {
    this.#past = past;
  }
}
