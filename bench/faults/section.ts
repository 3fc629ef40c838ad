/** What a section of the faults bench is: a module whose `run` measures and gives its rows. */
import type { Row } from '../rows.ts';

export type Size = 'smoke' | 'default' | 'long';

export interface FaultOptions {
  size: Size;
  progress: (text: string) => void;
}

export interface Section {
  name: string;
  run(options: FaultOptions): Promise<Row[]>;
}

/** What is measured of each size. */
export type BySize<T> = Readonly<Record<Size, T>>;
