/** What a victim is told: where it keeps its state, what it reads, where it ends itself and what is wrong with it. */
import type { Aim } from './aim.ts';

/** Mistakes that a daemon could have, put in on purpose to see that they are noticed. */
export type Plant =
  /** Acknowledged as soon as it is read. */
  | 'early_ack'
  /** What is sent again is taken for new. */
  | 'no_dedup'
  /** The log is trimmed before the checkpoint counts. */
  | 'early_trim'
  /** SIGTERM ends it at once. */
  | 'no_drain';

export interface Order {
  stateDir: string;
  /** Segments of the log go here instead of away. */
  archive: string;
  /** Configuration, YAML. */
  config: string;
  segmentBytes: number;
  /** Between the end of one checkpoint and the next; null: only when told to by SIGUSR2. */
  checkpointMs: number | null;
  aim?: Aim;
  plant?: Plant;
}
