/**
 * The score of the Numenta Anomaly Benchmark: an early detection in a labelled window earns, a missed window costs,
 * and a false row costs less while it still lies close behind a window.
 *
 *   S(p) = 2/(1 + e^(5p)) − 1, and −1 for p > 3                    S falls from S(−1) = 0.987 through S(0) = 0 to −1
 *   row i in the window of rows l..r, w = r − l + 1:  worth = S(−(r − i + 1)/w) / S(−1)                        in 0..1
 *   row i outside every window, r and w of the last one before:  worth = −S((i − r)/(w − 1)); 1 before any     in 0..1
 *   total = Σ windows (tp · best worth of its detections, or −fn without one) − fp · Σ worth of the false rows
 *   score = 100 (total + fn K)/(tp W + fn K),  W labelled windows, K of them not wholly in uncounted rows
 *
 * One threshold serves all files. The rows are sorted by score once; lowering the threshold then only adds
 * detections, so every threshold of a profile is tried in one walk, O(n log n) in all.
 * Source: Lavin & Ahmad 2015; Ahmad, Lavin, Purdy, Agha 2017.
 */
export interface Profile {
  tp: number;
  fn: number;
  fp: number;
}

export const PROFILES = {
  standard: { tp: 1, fn: 1, fp: 0.11 },
  reward_low_FP_rate: { tp: 1, fn: 1, fp: 0.22 },
  reward_low_FN_rate: { tp: 1, fn: 2, fp: 0.11 },
} as const satisfies Record<string, Profile>;

export interface LabelledScores {
  /** For messages. */
  name: string;
  timestamps: readonly string[];
  /** First and last timestamp of each window, both inside it, spelled as in `timestamps`; in time order. */
  windows: readonly (readonly [first: string, last: string])[];
  /** One per row; large is anomalous. */
  scores: ArrayLike<number>;
}

/** The rows that count, of all files together, highest score first. */
export interface CountedRows {
  score: Float64Array;
  /** Number of the window the row lies in (0..K−1), or −1 outside. */
  window: Int32Array;
  /** What the row is worth, or costs, before the profile's weights: 0..1. */
  worth: Float64Array;
  /** K. */
  countedWindows: number;
  /** W. */
  labelledWindows: number;
}

export interface Outcome {
  /** A row is a detection at or above it; Infinity is no detection at all. */
  threshold: number;
  /** Not normalised: comparable within one set of files only. */
  total: number;
  /** 0 without detections, 100 for the first row of every window and nothing else; NaN where nothing is labelled. */
  score: number;
  windowsDetected: number;
  falseRows: number;
}

const sigmoid = (p: number): number => (p > 3 ? -1 : 2 / (1 + Math.exp(5 * p)) - 1);

/** The detector may find its feet for 15 % of a file, at most 750 rows. */
const uncountedRows = (rows: number): number => Math.min(Math.floor(0.15 * rows), 750);

interface Span {
  first: number;
  last: number;
  width: number;
}

/** A repeated timestamp stands for the first row that carries it. */
function spansOf({ name, timestamps, windows }: LabelledScores): Span[] {
  return windows.map(([from, to]) => {
    const [first, last] = [timestamps.indexOf(from), timestamps.indexOf(to)];
    if (first < 0 || last < first)
      throw new RangeError(`${name}: window ${from} to ${to}: expected the times of two rows`);
    return { first, last, width: last - first + 1 };
  });
}

function worthInside(row: number, { last, width }: Span): number {
  return sigmoid(-(last - row + 1) / width) / sigmoid(-1);
}

/** A window of one row has no length to forgive along: (i − r)/0 is beyond 3, so the cost is full. */
function worthOutside(row: number, previous: Span | undefined): number {
  return previous === undefined ? 1 : -sigmoid((row - previous.last) / (previous.width - 1));
}

/** @throws RangeError when scores and rows differ in number, a score is NaN, or a window names no row */
export function countRows(files: readonly LabelledScores[]): CountedRows {
  const [score, window, worth]: [number[], number[], number[]] = [[], [], []];
  let countedWindows = 0;
  let labelledWindows = 0;
  for (const file of files) {
    const rows = file.timestamps.length;
    if (file.scores.length !== rows)
      throw new RangeError(`${file.name}: expected ${rows} scores, got ${file.scores.length}`);
    const uncounted = uncountedRows(rows);
    const spans = spansOf(file);
    labelledWindows += spans.length;
    let next = 0; // the window the row is in, or the first one still ahead
    for (let row = 0; row < rows; row++) {
      while (next < spans.length && row > spans[next].last) {
        if (spans[next].last >= uncounted) countedWindows++;
        next++;
      }
      if (row < uncounted) continue;
      if (Number.isNaN(file.scores[row])) throw new RangeError(`${file.name}: row ${row}: expected a score, got NaN`);
      const inside = next < spans.length && row >= spans[next].first;
      score.push(file.scores[row]);
      window.push(inside ? countedWindows : -1);
      worth.push(inside ? worthInside(row, spans[next]) : worthOutside(row, spans[next - 1]));
    }
    if (next < spans.length) countedWindows++; // the last window ends with the file
  }
  const order = Uint32Array.from(score, (_, k) => k).sort((a, b) => score[b] - score[a]);
  return {
    score: Float64Array.from(order, (k) => score[k]),
    window: Int32Array.from(order, (k) => window[k]),
    worth: Float64Array.from(order, (k) => worth[k]),
    countedWindows,
    labelledWindows,
  };
}

/** The running total while detections are added, in any order. */
class Tally {
  total: number;
  windowsDetected = 0;
  falseRows = 0;
  readonly #best: Float64Array; // per window, −1 while undetected
  readonly #rows: CountedRows;
  readonly #profile: Profile;

  constructor(rows: CountedRows, profile: Profile) {
    this.#rows = rows;
    this.#profile = profile;
    this.#best = new Float64Array(rows.countedWindows).fill(-1);
    this.total = -profile.fn * rows.countedWindows;
  }

  add(k: number): void {
    const window = this.#rows.window[k];
    const worth = this.#rows.worth[k];
    if (window < 0) {
      this.falseRows++;
      this.total -= this.#profile.fp * worth;
      return;
    }
    const best = this.#best[window];
    if (worth <= best) return;
    this.#best[window] = worth;
    if (best < 0) {
      this.windowsDetected++;
      this.total += this.#profile.fn + this.#profile.tp * worth;
    } else {
      this.total += this.#profile.tp * (worth - best);
    }
  }
}

export function scoreAt(rows: CountedRows, threshold: number, profile: Profile): Outcome {
  const tally = new Tally(rows, profile);
  for (let k = 0; k < rows.score.length && rows.score[k] >= threshold; k++) tally.add(k);
  const { total, windowsDetected, falseRows } = tally;
  const missed = profile.fn * rows.countedWindows;
  const score = (100 * (total + missed)) / (profile.tp * rows.labelledWindows + missed);
  return { threshold, total, score, windowsDetected, falseRows };
}

/** The threshold with the highest total, among the scores of counted rows and none at all; of equals the highest. */
export function scoreBest(rows: CountedRows, profile: Profile): Outcome {
  const tally = new Tally(rows, profile);
  let threshold = Infinity;
  let highest = tally.total;
  for (let k = 0; k < rows.score.length; k++) {
    tally.add(k);
    // Equal scores are detected together or not at all.
    if (rows.score[k + 1] === rows.score[k] || tally.total <= highest) continue;
    highest = tally.total;
    threshold = rows.score[k];
  }
  return scoreAt(rows, threshold, profile);
}
