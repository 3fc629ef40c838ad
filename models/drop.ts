/**
 * Why a reading did not become a sample. Bad data is a value that flows to a counter; the names are the `reason`
 * label of `tidewatch_samples_dropped_total` and the keys of every answer that counts drops.
 */
export const DROP_REASONS = [
  'kept',
  'late',
  'duplicate',
  'future',
  'malformed',
  'too_large',
  'too_deep',
  'too_many_fields',
  'not_a_number',
  'not_finite',
  'empty',
  'retained',
  'bad_time',
  'bad_name',
  'too_many_series',
  'overflow',
  'bad_quality',
  'too_many_rows',
  'unrouted',
  'redelivered',
] as const;

export type DropReason = Exclude<(typeof DROP_REASONS)[number], 'kept'>;

/** The code of a reason in a batch's `drop` column; 0 means the row is kept. */
export function dropCode(reason: DropReason): number {
  return DROP_REASONS.indexOf(reason);
}
