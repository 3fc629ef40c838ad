/** Starts the built program as a process of its own, on free ports and in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../dist/src/main.js');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Program {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #exited: Promise<unknown>;

  constructor(args: readonly string[], cwd: string) {
    this.process = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#exited = once(this.process, 'close');
  }

  /** The first match in what was printed to stdout. */
  async printed(pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      if (this.process.exitCode !== null || performance.now() > deadline) {
        throw new Error(`expected ${String(pattern)} on stdout, got:\n${this.stdout}\n${this.stderr}`);
      }
      await once(this.process.stdout!, 'data', { signal: AbortSignal.timeout(withinMs) }).catch(() => {});
    }
  }

  /** Waits for a text in the log. */
  async logged(text: string, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!this.stderr.includes(text)) {
      if (performance.now() > deadline) throw new Error(`expected ${text} on stderr, got:\n${this.stderr}`);
      await once(this.process.stderr!, 'data', { signal: AbortSignal.timeout(withinMs) }).catch(() => {});
    }
  }

  /** Address of the page, once it is served. */
  async url(withinMs = 15_000): Promise<string> {
    return (await this.printed(/open\s+(http:\S+)/, withinMs))[1];
  }

  async ended(): Promise<Outcome> {
    await this.#exited;
    return { code: this.process.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    if (this.process.exitCode === null) this.process.kill(signal);
    return this.ended();
  }
}

/** A folder of its own for one test, gone at its end. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tidewatch-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The shipped demo on free ports. */
export const DEMO = 'version: 1\ndemo: true\nbroker: {listen: "127.0.0.1:0"}\nhttp: {listen: "127.0.0.1:0"}\n';

export function writeConfig(folder: string, text: string): void {
  writeFileSync(join(folder, 'pipelines.yaml'), text);
}
