/** A victim as its parent sees it: when it was ready, what it says, how it ended. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Order } from './order.ts';

const PROGRAM = join(import.meta.dirname, 'victim.ts');
const LOOK_MS = 10;
const SAVED_MS_MAX = 30_000;
/** Whoever is not ready by then never will be. */
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;
const SAID_MAX = 4000;

export class VictimProcess {
  /** From the start of the process until it was ready; NaN: it is not, or never was. */
  readySeconds = Number.NaN;
  /** What it says of the time it needed to come back; NaN as above. */
  recoverySeconds = Number.NaN;
  /** Of a processor, until it was ready; NaN where the system does not tell. */
  cpuSeconds = Number.NaN;
  said = '';
  readonly #url: string;
  readonly #child: ChildProcess;
  readonly #hasWrapper: boolean;
  readonly #ended: Promise<unknown>;
  readonly #looked: Promise<void>;

  /**
   * @param url  where it serves
   * @param wrapper  program and arguments to run it under
   */
  constructor(order: Order, url: string, cache: string, wrapper: readonly string[] = []) {
    const [program, ...args] = [...wrapper, process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM];
    const env = { ...process.env, NODE_COMPILE_CACHE: cache };
    // A group of its own: who is run under a wrapper is ended with it.
    const options: SpawnOptions = { env, stdio: ['ignore', 'ignore', 'pipe'], detached: wrapper.length > 0 };
    const started = performance.now();
    this.#url = url;
    this.#hasWrapper = wrapper.length > 0;
    this.#child = spawn(program, [...args, JSON.stringify(order)], options);
    this.#child.stderr?.on('data', (data: Buffer) => (this.said = (this.said + data.toString()).slice(-SAID_MAX)));
    this.#ended = once(this.#child, 'close');
    process.once('exit', this.#killed);
    this.#looked = this.#look(started);
  }

  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ended by a signal, as it should; not by an error of its own. */
  get wasKilled(): boolean {
    // A wrapper may end with the code a shell has for it.
    return this.#child.signalCode === 'SIGKILL' || this.#child.exitCode === 137;
  }

  get code(): number | null {
    return this.#child.exitCode;
  }

  /** Resolves when it is ready. @throws Error where it never is */
  async ready(): Promise<void> {
    await this.#looked;
    if (Number.isNaN(this.readySeconds)) throw new Error(`a daemon did not become ready:\n${this.said}`);
  }

  /** Resolves when it is ready or gone, or has had its time. */
  looked(): Promise<void> {
    return this.#looked;
  }

  /** @returns whether it ended by itself in that time */
  async ends(withinMs: number): Promise<boolean> {
    await Promise.race([this.#ended, pause(withinMs, undefined, { ref: false })]);
    return this.isGone;
  }

  async kill(): Promise<void> {
    this.#killed();
    await this.#close();
  }

  async stop(): Promise<void> {
    this.terminate();
    if (!(await this.ends(STOP_MS_MAX))) this.#killed();
    await this.#close();
  }

  terminate(): void {
    if (!this.isGone) this.#child.kill('SIGTERM');
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.#url}${path}`)).json()) as T;
  }

  /** Value of a metric without labels, or of one with these. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
  }

  /** Writes a checkpoint now. */
  async checkpoint(): Promise<void> {
    const name = 'tidewatch_checkpoints_total{result="saved"}';
    const before = (await this.metric(name)) || 0;
    this.#child.kill('SIGUSR2');
    const until = performance.now() + SAVED_MS_MAX;
    while (!((await this.metric(name)) > before)) {
      if (performance.now() > until) throw new Error(`no checkpoint was written:\n${this.said}`);
      await pause(LOOK_MS);
    }
  }

  async #look(started: number): Promise<void> {
    while (!this.isGone && performance.now() - started < READY_MS_MAX) {
      try {
        if ((await fetch(`${this.#url}/readyz`)).ok) {
          this.readySeconds = (performance.now() - started) / 1000;
          this.cpuSeconds = cpuSecondsOf(this.#child.pid);
          this.recoverySeconds = await this.metric('tidewatch_recovery_seconds');
          return;
        }
      } catch {} // not yet, or not any more
      await pause(LOOK_MS);
    }
  }

  async #close(): Promise<void> {
    await this.#ended;
    await this.#looked;
    process.removeListener('exit', this.#killed);
  }

  readonly #killed = (): void => {
    const { pid } = this.#child;
    if (this.isGone || pid === undefined) return;
    if (this.#hasWrapper) process.kill(-pid, 'SIGKILL');
    else this.#child.kill('SIGKILL');
  };
}

/** Linux counts in hundredths of a second, fields 14 and 15 of its line; the name before may hold blanks. */
function cpuSecondsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}
