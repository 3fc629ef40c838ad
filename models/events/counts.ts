/**
 * How often each symbol occurs in a session, against the sessions before: what a forecast of the next event cannot say
 * of a symbol that never came, or came once too often after many others.
 *
 *   p(at least n) = (sessions with at least n + ½)/(sessions + 1), and so for at most n
 *   score         = −log10 min(1, symbols·p), the highest of all symbols
 *
 * The factor is for having looked at so many (Bonferroni). As an event comes, its symbol is judged by "at least", when
 * the session ends every symbol by "at most". Sixteen and more are alike. Score first, then enter; half of everything is
 * forgotten whenever there are 8192 sessions.
 *
 * Memory, K classes: sessions, of this session its events [K], sessions with 1, 2, … 16 and more events of it [K, 16].
 * How many had none follows from that, so a new symbol needs no beginning.
 */
import { END } from './alphabet.ts';

const BINS = 16;
const SESSIONS_MAX = 8192;
const OWN = 1;

export function countsSize(classes: number): number {
  return 1 + classes + classes * BINS;
}

/** Counts an event. Returns the score of its symbol having come so often. @param known  classes in use */
export function countEvent(memory: Float64Array, at: number, classes: number, known: number, k: number): number {
  const own = at + OWN + k;
  memory[own] += 1;
  return scoreOf(known, memory[at], atLeast(memory, at, classes, k, memory[own]));
}

/** Ends the session. Returns the highest score of a symbol having come no more often. */
export function endCounts(memory: Float64Array, at: number, classes: number, known: number): number {
  let highest = 0;
  for (let k = 0; k < known; k++) {
    const n = memory[at + OWN + k];
    if (k === END || n >= BINS) continue; // sixteen and more are the most there is
    const atMost = memory[at] - atLeast(memory, at, classes, k, n + 1);
    highest = Math.max(highest, scoreOf(known, memory[at], atMost));
  }
  enterSession(memory, at, classes, known);
  return highest;
}

/** Sessions with at least n events of the class; 16 and more are alike. */
function atLeast(memory: Float64Array, at: number, classes: number, k: number, n: number): number {
  const bins = at + OWN + classes + k * BINS;
  let sum = 0;
  for (let bin = Math.min(n, BINS) - 1; bin < BINS; bin++) sum += memory[bins + bin];
  return sum;
}

function scoreOf(looks: number, sessions: number, asFar: number): number {
  const p = (looks * (asFar + 0.5)) / (sessions + 1);
  return p < 1 ? -Math.log10(p) : 0;
}

function enterSession(memory: Float64Array, at: number, classes: number, known: number): void {
  for (let k = 0; k < known; k++) {
    const n = memory[at + OWN + k];
    if (n > 0) memory[at + OWN + classes + k * BINS + Math.min(n, BINS) - 1] += 1;
  }
  memory.fill(0, at + OWN, at + OWN + classes);
  memory[at] += 1;
  if (memory[at] < SESSIONS_MAX) return;
  memory[at] /= 2;
  for (let i = at + OWN + classes; i < at + countsSize(classes); i++) memory[i] /= 2;
}
