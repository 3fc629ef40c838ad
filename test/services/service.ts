/**
 * Real servers for tests: on the loopback, at a free port, with a temporary folder of their own, ended by process id.
 *
 * A test that needs one is skipped where it is not installed and says so; with REQUIRE_SERVICES=1 that is a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export type ServiceName = 'mosquitto' | 'influxd';

const READY_MS_MAX = 15_000;
const END_MS_MAX = 5000;

/** Path of the server's program; undefined where it is not installed. */
export function programOf(name: ServiceName): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** Whether tests with this server can run here. @throws where it cannot, and REQUIRE_SERVICES=1 */
export function serviceOrSkip(name: ServiceName): boolean {
  if (programOf(name) !== undefined) return true;
  const reason = `${name} is not installed`;
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`${reason}, and REQUIRE_SERVICES=1 asks for it`);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface ServiceOptions {
  name: ServiceName;
  port: number;
  /** @param folder  temporary, for everything of this server */
  arguments(folder: string): string[];
}

/** A server that can go away and come back as it was. */
export class Service {
  readonly folder: string;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #said = '';

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), `tidewatch-${options.name}-`));
  }

  /** Resolves when the port answers. */
  async start(): Promise<void> {
    const { name, port } = this.#options;
    const program = programOf(name);
    if (program === undefined) throw new Error(`${name} is not installed`);
    this.#said = '';
    const child = spawn(program, this.#options.arguments(this.folder), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const hear = (data: Buffer): void => void (this.#said = (this.#said + data.toString()).slice(-4000));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    process.once('exit', this.#kill);
    const until = Date.now() + READY_MS_MAX;
    while (!(await answers(port))) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} did not start:\n${this.#said}`);
      await pause(20);
    }
  }

  /** Ends the process; what it keeps in its folder stays. */
  async halt(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    process.removeListener('exit', this.#kill);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    await ended;
    clearTimeout(force);
  }

  async restart(): Promise<void> {
    await this.halt();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  readonly #kill = (): void => void this.#child?.kill('SIGKILL');
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
