/** What the bench of an outage and its child process say to each other. */

export interface OutageOrder {
  series: number;
  /** Virtual seconds before the servers go away, and while they are. */
  before: number;
  away: number;
  /** Where samples and alerts go to. */
  database: string;
  hook: string;
  /** Where the samples of a twin go to that is never cut off; null: no twin. */
  twin: string | null;
}

/** The child asks for the servers to go or to come back, and goes on once that is done. */
export type OutageQuestion = { ask: 'go' | 'come back' } | { result: OutageResult };

export interface OutageResult {
  /** Of the samples that each series brought, epoch ms. */
  times: number[];
  /** Alert events for the hook, in the order they were raised. */
  alerts: string[];
  /** Most memory while the servers were away, beyond the most before it, each after garbage was collected, MB. */
  rssGrowthMb: number;
  /** Slow seconds against those of the twin, by stretches of the time away. */
  ingestRatios: number[];
  /** Virtual seconds until something was sent again. */
  reconnectSeconds: number;
  /** Real seconds from then on until nothing waited but what had just come. */
  drainSeconds: number;
  /** Things that waited on disk when the servers came back, and their bytes. */
  waiting: number;
  waitingBytes: number;
}
