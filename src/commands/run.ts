/**
 * `run` and `demo`: the daemon from start to stop.
 *
 * SIGTERM and SIGINT end it in order, with a checkpoint; a second signal at once. SIGHUP and a saved configuration
 * file are read anew; a wrong one changes nothing.
 */
import { watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { CodedError } from '../../models/errors.ts';
import { capacityOf } from '../capacity.ts';
import type { CommandLine } from '../cli.ts';
import { createDaemon, type Daemon, type StartReport } from '../daemon.ts';
import { lineFormat } from '../line-format.ts';
import { systemPorts } from '../ports/system.ts';
import { Telemetry } from '../telemetry.ts';
import { readConfiguration } from './configuration.ts';

const STOP_MS_MAX = 5000;
const SETTLE_MS = 200;
const RETRY_MS = 10_000;

export async function run(line: CommandLine): Promise<number> {
  const { config, file } = await readConfiguration(line);
  const telemetry = new Telemetry({
    level: line.options['log-level'] ?? 'info',
    ...(process.stderr.isTTY ? { destination: lineFormat(process.stderr) } : {}),
  });
  const daemon = createDaemon(systemPorts(resolve(config.stateDir), config.fsync), {
    telemetry,
    capacity: capacityOf(config.maxSeries),
    acceptStateLoss: line.options['accept-state-loss'] === true,
  });
  const stopped = untilSignal(daemon, telemetry);
  // Before the start, which takes a while: what is saved meanwhile has its turn after it.
  const reloader = new Reloader(line, daemon, telemetry);
  if (file !== null) watchFile(file, () => reloader.request());
  process.on('SIGHUP', () => reloader.request());
  const report = await daemon.start(config).catch((error: unknown) => {
    if (error instanceof CodedError && error.code === 'STOPPING') return undefined;
    throw error;
  });
  if (report === undefined) {
    await stopped;
    return 0;
  }
  process.stdout.write(line.options.json === true ? `${JSON.stringify(report)}\n` : banner(report, file));
  await stopped;
  return 0;
}

/** Resolves once the daemon has stopped because it was told to. */
function untilSignal(daemon: Daemon, telemetry: Telemetry): Promise<void> {
  return new Promise((resolve, reject) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1);
      asked = true;
      telemetry.log.info({ signal }, 'stopping');
      const late = setTimeout(() => {
        telemetry.log.error('could not stop in time');
        process.exit(1);
      }, STOP_MS_MAX);
      daemon
        .stop()
        .then(() => {
          clearTimeout(late);
          telemetry.log.info('stopped');
          resolve();
        })
        .catch(reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

/**
 * Reads the configuration again and applies it. What cannot be applied changes nothing; a broker that does not answer
 * is tried again until it does or the file says something else.
 */
class Reloader {
  readonly #line: CommandLine;
  readonly #daemon: Daemon;
  readonly #telemetry: Telemetry;
  #retry: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(line: CommandLine, daemon: Daemon, telemetry: Telemetry) {
    this.#line = line;
    this.#daemon = daemon;
    this.#telemetry = telemetry;
  }

  /** One at a time, in the order they were asked for. */
  request(): void {
    clearTimeout(this.#retry);
    this.#running = this.#running.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    try {
      const { config } = await readConfiguration(this.#line);
      await this.#daemon.reload(config);
    } catch (error) {
      this.#telemetry.reloaded(false);
      const message = error instanceof CodedError ? error.message : String(error);
      this.#telemetry.log.error(`the configuration stays as it was: ${message}`);
      if (error instanceof CodedError && error.code === 'SOURCE_UNREACHABLE') {
        this.#retry = setTimeout(() => this.request(), RETRY_MS).unref();
      }
    }
  }
}

/** Editors write a file in several steps or replace it: the folder is watched, and a moment waited for. */
function watchFile(file: string, changed: () => void): void {
  const name = basename(file);
  let pending: NodeJS.Timeout | undefined;
  watch(dirname(resolve(file)), { persistent: false }, (_, which) => {
    if (which !== name) return;
    clearTimeout(pending);
    pending = setTimeout(changed, SETTLE_MS);
  });
}

function banner({ url, broker, series, restored, history }: StartReport, file: string | null): string {
  const past = history === null ? '' : `, ${history.samples} samples of history in ${history.seconds.toFixed(1)} s`;
  const lines: [string, string][] = [
    ['config', file ?? 'embedded defaults'],
    ...(broker === null ? [] : [['broker', `embedded MQTT on ${broker}`] as [string, string]]),
    ['models', `${series} series${restored > 0 ? ` (${restored} restored)` : ''}${past}`],
    ['open', url],
    ...(history === null
      ? []
      : [['tip', 'press a fault button, or: npm run inject -- stuck line1/pump/pressure'] as [string, string]]),
  ];
  return `${lines.map(([name, text]) => `  ${name.padEnd(8)} ${text}`).join('\n')}\n`;
}
