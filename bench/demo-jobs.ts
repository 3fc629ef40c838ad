/** The pieces of the demo, spread over threads, the longest first. */
import { Worker } from 'node:worker_threads';
import type { Outcome, Run } from './demo-run.ts';

/** Seconds that are played, times the series in them. */
export function costOf(run: Run): number {
  switch (run.kind) {
    case 'first':
      return 2 * 18;
    case 'lone':
      return 3 * 18;
    case 'turns':
      return (run.hours + 2) * 18;
    case 'clean':
      return (run.days * 24 + 2) * 18;
    case 'noise':
      return run.days * 24;
    case 'constant':
      return run.days * 24 * 0.1;
  }
}

/** @param done  called after each run with the share of the work that is done */
export async function runAll(
  runs: readonly Run[],
  threads: number,
  done: (share: number) => void,
): Promise<Map<Run, Outcome>> {
  const queue = runs.toSorted((a, b) => costOf(b) - costOf(a));
  const total = queue.reduce((sum, run) => sum + costOf(run), 0);
  const outcomes = new Map<Run, Outcome>();
  let finished = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('demo-worker.ts', import.meta.url));
    try {
      for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
        outcomes.set(run, await ask(worker, run));
        finished += costOf(run);
        done(finished / total);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, runs.length) }, work));
  return outcomes;
}

function ask(worker: Worker, run: Run): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (outcome: Outcome) => {
      worker.off('error', reject);
      resolve(outcome);
    });
    worker.postMessage(run, []);
  });
}
