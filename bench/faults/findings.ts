/** What a section of the bench looked at, and where a promise was broken. */
import { measuredRow, type Row, type RowKind } from '../rows.ts';

export interface SectionOptions {
  /** Enough to see that it runs; all that a few minutes allow; everything. */
  size: 'smoke' | 'default' | 'long';
}

export interface Findings {
  points: number;
  violations: number;
  /** The first few, in words. */
  examples: string[];
}

const EXAMPLES_MAX = 5;

export class Ledger implements Findings {
  points = 0;
  violations = 0;
  readonly examples: string[] = [];

  /** @param trouble  in words; undefined where all is well */
  look(where: string, trouble: string | undefined): void {
    this.points++;
    if (trouble === undefined) return;
    this.violations++;
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(`${where}: ${trouble}`);
  }

  add({ points, violations, examples }: Findings): void {
    this.points += points;
    this.violations += violations;
    this.examples.push(...examples.slice(0, EXAMPLES_MAX - this.examples.length));
  }
}

const POINTS: RowKind = { unit: 'states', better: 'higher' };
const NONE: RowKind = { unit: 'states', better: 'lower', bar: 0 };

/** Examples of what is wrong go to stderr: a figure alone helps nobody. */
export function rowsOf(name: string, { points, violations, examples }: Findings): Row[] {
  for (const example of examples) process.stderr.write(`${name}: ${example}\n`);
  return [measuredRow(`${name}_points`, [points], POINTS), countRow(`${name}_violations`, violations)];
}

/** Something that must not happen at all. */
export function countRow(id: string, count: number): Row {
  return measuredRow(id, [count], NONE);
}
