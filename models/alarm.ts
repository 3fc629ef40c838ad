/**
 * When a high score is the start of something: one alarm an event, not one a row.
 *
 * Fires when T ≥ θ and one of: more than R since the last alarm; more than 0.2 R since T was last ≥ θ (the event
 * before is over); T more than 2 above what it was at the last alarm (this is worse).
 *
 * Memory: time of the last alarm, time T was last ≥ θ, T at the last alarm.
 */
export const ALARM_SIZE = 3;

export function initialiseAlarm(memory: Float64Array, at: number): void {
  memory[at] = -Infinity;
  memory[at + 1] = -Infinity;
  memory[at + 2] = 0;
}

/** From now on the present score counts as told: only a worse one, or one after a pause, starts an alarm. */
export function calmAlarm(memory: Float64Array, at: number, time: number, score: number): void {
  memory[at] = time;
  memory[at + 1] = time;
  memory[at + 2] = score;
}

/** True when an alarm starts at this sample. @param quiet R, ms */
export function alarmStep(
  memory: Float64Array,
  at: number,
  time: number,
  score: number,
  threshold: number,
  quiet: number,
): boolean {
  if (!(score >= threshold)) return false;
  const fires = time - memory[at] > quiet || time - memory[at + 1] > 0.2 * quiet || score > memory[at + 2] + 2;
  memory[at + 1] = time;
  if (fires) {
    memory[at] = time;
    memory[at + 2] = score;
  }
  return fires;
}
