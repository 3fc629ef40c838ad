/**
 * The known word closest to a misspelt one, for "did you mean".
 *
 * Distance: optimal string alignment, that is insertions, deletions, substitutions and swaps of neighbours each cost 1
 * (Damerau 1964). Case, '-' and '_' do not count, so that `stateDir` and `state-dir` find `state_dir`.
 */

/** Longer words are not misspelt keys, and the distance costs length times length. */
const LENGTH_MAX = 64;

/** @returns the closest candidate within a third of the word's length (at least 1), the first on a tie; else null. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > LENGTH_MAX) return null;
  const wanted = plain(word);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, '');

export function editDistance(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substituted, above[j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], twoAbove[j - 2] + 1);
    }
    [twoAbove, above] = [above, row];
  }
  return above[b.length];
}
