/** A thread that runs pieces of the demo: a run in, its outcome out. */
import { parentPort } from 'node:worker_threads';
import { type Run, runDemo } from './demo-run.ts';

const port = parentPort!;

port.on('message', (run: Run) => port.postMessage(runDemo(run), []));
