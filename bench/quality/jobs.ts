/** The work of the bench, cut up by stream and spread over threads, the longest first. */
import { Worker } from 'node:worker_threads';
import { readOne } from './data.ts';
import { methodOf } from './methods.ts';
import { type Scores, scoreStream } from './score.ts';

export interface Job {
  folder: string;
  set: string;
  stream: string;
  method: string;
  seed: number;
  channels?: readonly string[];
  /** The other channels are inputs. */
  context?: boolean;
  /** About how long it takes, in any unit. */
  cost: number;
}

export async function jobScores({ folder, set, stream, method, seed, channels, context }: Job): Promise<Scores> {
  return scoreStream(readOne(folder, set, stream), methodOf(method), seed, channels, context);
}

type Answer = { scores: Scores } | { error: string };

/** @param done  called after each job with the share of the work that is done */
export async function runJobs(
  jobs: readonly Job[],
  threads: number,
  done: (share: number, job: Job) => void,
): Promise<Map<Job, Scores>> {
  const queue = jobs.toSorted((a, b) => b.cost - a.cost);
  const total = queue.reduce((sum, { cost }) => sum + cost, 0);
  const results = new Map<Job, Scores>();
  let finished = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    try {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        results.set(job, await ask(worker, job));
        finished += job.cost;
        done(finished / total, job);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work));
  return results;
}

function ask(worker: Worker, job: Job): Promise<Scores> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(new Error(`${job.set}/${job.stream}, ${job.method}: ${String(error)}`));
    worker.once('error', fail);
    worker.once('message', (answer: Answer) => {
      worker.off('error', fail);
      if ('scores' in answer) resolve(answer.scores);
      else fail(answer.error);
    });
    worker.postMessage(job, []);
  });
}
