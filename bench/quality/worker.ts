/** A thread that scores streams: a job in, the rows' scores out. */
import { parentPort } from 'node:worker_threads';
import { type Job, jobScores } from './jobs.ts';
import type { Scores } from './score.ts';

const port = parentPort!;

/** Numbers are handed over, not copied; a floor's scores are all the same. */
function buffersOf({ level, surprise, anomaly, alarm }: Scores): ArrayBuffer[] {
  return [...new Set([level, surprise, anomaly, alarm].map(({ buffer }) => buffer as ArrayBuffer))];
}

port.on('message', (job: Job) => {
  void jobScores(job).then(
    (scores) => port.postMessage({ scores }, buffersOf(scores)),
    (error: unknown) => port.postMessage({ error: error instanceof Error ? error.stack : String(error) }, []),
  );
});
