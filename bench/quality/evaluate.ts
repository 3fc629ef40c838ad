/** From the scores of one set to its rows and tables. */
import { measuredRow, type Row, type RowKind, skippedRow } from '../rows.ts';
import type { Table } from '../table.ts';
import { halvesOf } from './bootstrap.ts';
import { type Measured, measureMethod, type ScoresOf, type SetRuns, valueOf, valuesOf } from './measured.ts';
import type { Measure, SetSpec } from './sets.ts';
import { differences, overview, tradeOff } from './tables.ts';

export function evaluate(runs: SetRuns, scoresOf: ScoresOf): { rows: Row[]; tables: Table[] } {
  const { set, streams } = runs;
  const measured = runs.methods.map((method) => measureMethod(runs, method, scoresOf));
  const every = streams.map(() => 1);
  const detector = measured.find(({ method }) => method.kind === 'detector');
  const others = measured.filter((one) => one !== detector);
  const tables = [overview(set, measured, every)];
  if (detector !== undefined) {
    if (others.length > 0) tables.push(differences(set, detector, others, streams.length));
    if (set.wide !== true) tables.push(tradeOff(set, streams, [detector, ...others]));
  }
  return {
    rows: [
      ...ownRows(set, detector, every),
      ...(detector === undefined ? [] : comparedRows(set, detector, others, streams.length)),
      ...otherRows(set, others, every),
    ],
    tables,
  };
}

const idOf = (set: SetSpec, measure: Measure): string => `${set.name}_${measure.id}`;

const kindOf = ({ unit, better, bar }: Measure): RowKind => ({ unit, better, ...(bar === undefined ? {} : { bar }) });

/** The detector's own figures, against the bars. */
function ownRows(set: SetSpec, detector: Measured | undefined, every: readonly number[]): Row[] {
  return set.measures.flatMap((measure) => {
    const id = idOf(set, measure);
    if (set.unavailable !== undefined) return [skippedRow(id, set.unavailable, kindOf(measure))];
    const values = valuesOf(detector, measure, every);
    if (values.every(Number.isFinite)) return [measuredRow(id, values, kindOf(measure))];
    return measure.bar === undefined ? [] : [skippedRow(id, 'no figure', kindOf(measure))];
  });
}

/** What others reach where there is a bar; they have none themselves. */
function otherRows(set: SetSpec, others: readonly Measured[], every: readonly number[]): Row[] {
  const barred = set.measures.filter(({ bar, rowOnly }) => bar !== undefined && rowOnly !== true);
  return barred.flatMap((measure) =>
    others.flatMap((other) => {
      const values = valuesOf(other, measure, every);
      if (values.length === 0 || values.some((value) => !Number.isFinite(value))) return [];
      const { unit, better } = measure;
      return [measuredRow(`${idOf(set, measure)}.${other.method.id}`, values, { unit, better })];
    }),
  );
}

const HALVINGS = 5;
const DRAW_SEED = 1;
const ERROR_MARGIN = 0.96;

/** Bars that are set by others: the best control, and the z-score on every half of the streams. */
function comparedRows(set: SetSpec, detector: Measured, others: readonly Measured[], streams: number): Row[] {
  const rows: Row[] = [];
  const every = Array.from({ length: streams }, () => 1);
  const z = others.find(({ method }) => method.id === 'z');
  for (const measure of set.measures) {
    if (measure.overZ === true && z !== undefined) {
      const margins = halvesOf(streams, HALVINGS, DRAW_SEED).map(
        (half) => valueOf(detector, measure, half) - valueOf(z, measure, half),
      );
      const kind = { unit: 'least of all halves', better: 'higher', bar: 0 } as const;
      rows.push(measuredRow(`${idOf(set, measure)}_over_z`, [Math.min(...margins)], kind));
    }
    const controls = others.filter(({ method }) => method.kind === 'control');
    if (measure.overControls === true && controls.length > 0) {
      const best = Math.min(...controls.map((control) => valueOf(control, measure, every)));
      const kind = { unit: '× best control', better: 'lower', bar: ERROR_MARGIN } as const;
      rows.push(measuredRow(`${idOf(set, measure)}_of_best`, [valueOf(detector, measure, every) / best], kind));
    }
  }
  return rows;
}
