import type { Scoreboard } from '../protocol.ts';
import type { Store } from './store.ts';

/** Asks for the present scoreboard. Failing is harmless: the next change is pushed anyway. */
export async function fetchScoreboard(store: Store): Promise<void> {
  try {
    const response = await fetch('api/v1/demo/scoreboard');
    if (!response.ok) return;
    const scoreboard = (await response.json()) as Scoreboard;
    // What was pushed meanwhile is newer.
    if (store.scoreboard.peek() === null) store.apply({ type: 'scoreboard', scoreboard });
  } catch {
    // The line is down; the connection shows it.
  }
}
