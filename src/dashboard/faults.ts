/** The faults of the demo plant in words, and how one is ordered. */
import type { FaultKind, FaultRecord } from '../protocol.ts';
import { formatDelay } from './format.ts';

interface FaultWords {
  label: string;
  hint: string;
  /** True for what looks odd and is not: it must raise no alert. */
  quiet: boolean;
}

export const FAULT_WORDS: Record<FaultKind, FaultWords> = {
  spike: { label: 'Spike', hint: 'A few samples far outside', quiet: false },
  shift: { label: 'Shift', hint: 'The level jumps and stays', quiet: false },
  drift: { label: 'Drift', hint: 'The level creeps away', quiet: false },
  noise: { label: 'Noise', hint: 'The sensor becomes restless', quiet: false },
  stuck: { label: 'Stuck', hint: 'The same value again and again', quiet: false },
  silence: { label: 'Silence', hint: 'No samples at all', quiet: false },
  correlation: { label: 'Correlation', hint: 'Normal alone, wrong together with its neighbours', quiet: false },
  time: { label: 'Wrong time', hint: 'A normal pattern at the wrong time of day', quiet: false },
  counter_reset: { label: 'Counter reset', hint: 'The meter starts again at zero', quiet: true },
  planned_stop: { label: 'Planned stop', hint: 'A maintenance window', quiet: true },
};

const OUTCOME_WORDS: Record<FaultRecord['outcome'], string> = {
  active: 'running',
  caught: 'caught',
  missed: 'missed',
  kept_quiet: 'stayed quiet',
  disturbed: 'false alert',
};

export function outcomeText(fault: FaultRecord): string {
  const words = OUTCOME_WORDS[fault.outcome] ?? fault.outcome;
  if (fault.outcome !== 'caught' || fault.caught_at === null) return words;
  return `${words} in ${formatDelay(fault.caught_at - fault.started_at)}`;
}

export type Verdict = 'open' | 'good' | 'bad';

export function verdict(fault: FaultRecord): Verdict {
  if (fault.outcome === 'active') return 'open';
  return fault.outcome === 'caught' || fault.outcome === 'kept_quiet' ? 'good' : 'bad';
}

/** Null when the plant took the order, otherwise why it did not. */
export async function injectFault(kind: FaultKind, series: string, request = fetch): Promise<string | null> {
  try {
    const response = await request('api/v1/cmd/inject', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind, series, for: '30s' }),
    });
    return response.ok ? null : await problemOf(response);
  } catch {
    return 'The server does not answer.';
  }
}

async function problemOf(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: unknown; title?: unknown };
    for (const text of [problem.detail, problem.title]) if (typeof text === 'string' && text !== '') return text;
  } catch {
    // Not problem+json: the status alone has to say it.
  }
  return `The server answered ${response.status}.`;
}
