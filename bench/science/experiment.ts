/** One figure of the science bench: how it is measured, and what it is held against. */
import { figure, measuredRow, type Row } from '../rows.ts';

export interface Experiment {
  id: string;
  /** The task and its settings, in words. */
  setting: string;
  unit: string;
  better: 'higher' | 'lower';
  /** Absent: shown, not judged. */
  bar?: number;
  /** The figures it is held against, as they are quoted. */
  reference: string;
  /** Runs by default. */
  seeds: number;
  /** Only with --long, or when asked for by its name. */
  long?: boolean;
  /**
   * Trainings stop at so many sequences, strings or cycles. One that had not learned by then has the value Infinity and
   * counts as twice the limit in the mean.
   */
  limit?: number;
  run(seed: number): number | Outcome;
}

export interface Outcome {
  value: number;
  /** More than the value has to say. */
  text: string;
}

export interface Measured {
  row: Row;
  /** One text for each run. */
  got: string[];
  seconds: number;
}

/** @param now  a clock in ms */
export function measure(experiment: Experiment, seeds: number, now: () => number): Measured {
  const { id, unit, better, bar, limit } = experiment;
  const start = now();
  const outcomes = Array.from({ length: seeds }, (_, k) => {
    const outcome = experiment.run(k + 1);
    return typeof outcome === 'number' ? { value: outcome, text: textOf(outcome, limit) } : outcome;
  });
  const values = outcomes.map(({ value }) => (value === Infinity && limit !== undefined ? 2 * limit : value));
  return {
    row: measuredRow(id, values, { unit, better, ...(bar === undefined ? {} : { bar }) }),
    got: outcomes.map(({ text }) => text),
    seconds: (now() - start) / 1000,
  };
}

function textOf(value: number, limit: number | undefined): string {
  return value === Infinity && limit !== undefined ? `not in ${limit}` : figure(value);
}
