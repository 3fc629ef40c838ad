/**
 * The NAB score with its best threshold, for streams drawn any number of times.
 *
 * `nab-score.ts` does the counting, one file at a time; here the rows of all files are put in order once, and a walk
 * from the highest score down adds each as often as its file was drawn. It ends where false rows have cost more than
 * all windows together can bring.
 */
import { type CountedRows, countRows, type LabelledScores, type Profile } from '../nab-score.ts';

export class NabFigure {
  readonly #files: readonly CountedRows[];
  /** Rows of all files, highest score first: file, and number within the file. */
  readonly #file: Uint16Array;
  readonly #row: Uint32Array;

  constructor(files: readonly LabelledScores[]) {
    this.#files = files.map((file) => countRows([file]));
    const all = this.#files.flatMap(({ score }, file) => Array.from(score, (value, row) => ({ value, file, row })));
    all.sort((a, b) => b.value - a.value);
    this.#file = Uint16Array.from(all, ({ file }) => file);
    this.#row = Uint32Array.from(all, ({ row }) => row);
  }

  /** @param weights  how often each file counts */
  at({ tp, fn, fp }: Profile, weights: readonly number[]): number {
    const counted = this.#sum(weights, ({ countedWindows }) => countedWindows);
    const labelled = this.#sum(weights, ({ labelledWindows }) => labelledWindows);
    const best = this.#files.map(({ countedWindows }) => new Float64Array(countedWindows).fill(-1));
    let [gain, cost, highest] = [0, 0, 0];
    for (let k = 0; k < this.#row.length && cost <= (tp + fn) * counted; k++) {
      const file = this.#file[k];
      const { score, window, worth } = this.#files[file];
      const row = this.#row[k];
      const at = window[row];
      if (at < 0) cost += weights[file] * fp * worth[row];
      else if (worth[row] > best[file][at]) {
        gain += weights[file] * (best[file][at] < 0 ? fn + tp * worth[row] : tp * (worth[row] - best[file][at]));
        best[file][at] = worth[row];
      }
      // Equal scores are detected together or not at all.
      const equal = k + 1 < this.#row.length && this.#files[this.#file[k + 1]].score[this.#row[k + 1]] === score[row];
      if (!equal && gain - cost > highest) highest = gain - cost;
    }
    return (100 * highest) / (tp * labelled + fn * counted);
  }

  #sum(weights: readonly number[], of: (rows: CountedRows) => number): number {
    return this.#files.reduce((sum, rows, file) => sum + weights[file] * of(rows), 0);
  }
}
