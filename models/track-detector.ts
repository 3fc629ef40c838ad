/** What steps a track, be it one series or a group of them. One object serves every track of its shape. */
import type { Batch } from './batch.ts';
import type { StateWatch } from './cells/cell.ts';
import type { DetectorLayout } from './layout.ts';
import type { Rules } from './rules.ts';
import type { CellName } from './training/create-learner.ts';

/** What tracks of one family have in common where they share what they learn; see models/pool.ts. */
export interface SharedWeights {
  /** Numbers of it. */
  readonly size: number;
  initialise(memory: Float64Array, at: number, seed: number): void;
}

export interface TrackDetector {
  readonly options: {
    readonly cell: CellName;
    /** Length of the season, ms. */
    readonly season: number;
    readonly budgetPerDay: number;
    readonly rules: Rules;
  };
  readonly layout: Pick<DetectorLayout, 'order' | 'cadence' | 'alert'>;
  /** Tracks that share the budget. */
  series: number;
  /** Numbers in a block. */
  readonly size: number;
  /** Blocks of the same shape mean the same, number for number. */
  readonly shape: string;
  /** Absent where each track has weights of its own, in its block. */
  readonly sharedWeights?: SharedWeights | undefined;

  /** Makes the block at memory[at..] that of a track nothing is known of. */
  initialise(memory: Float64Array, at: number, seed: number): void;
  /** Fills time, gap, cadence and drop of the row. */
  order(memory: Float64Array, at: number, batch: Batch, row: number): void;
  /**
   * Scores the row, then learns from it.
   * @param localOffset what to add to the time to get local time, ms
   * @param weights where the shared weights lie, for a detector that has such
   */
  step(memory: Float64Array, at: number, batch: Batch, row: number, localOffset: number, weights?: number): void;
  /** T at which an alert fires. */
  threshold(memory: Float64Array, at: number): number;
  /** How often the track comes to a score, events a day. */
  ratePerDay(memory: Float64Array, at: number, score: number): number;
  /** How long it has been silent at `now`, ms; 0 while that is usual for it. */
  silence(memory: Float64Array, at: number, now: number, since: number): number;
  /** Its own time now. */
  ownTime(memory: Float64Array, at: number, now: number): number;
  /** The new normal; false, and nothing happens, when no alert is open. */
  acceptRegime(memory: Float64Array, at: number): boolean;
  /** How far the memory of the cell has gone; undefined for a cell without one. */
  watch(memory: Float64Array, at: number): StateWatch | undefined;
}
