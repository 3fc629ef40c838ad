/**
 * State folders of every format that was released: a daemon comes back from each of them bit for bit. Released formats
 * stay readable for ever; a new format gets a new folder beside them (scripts/state-fixture.ts).
 *
 * And what a later version wrote, of any kind, ends the start and is left as it is.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { load } from '../../src/config/load.ts';
import { createDaemon } from '../../src/daemon.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { systemPorts } from '../../src/ports/system.ts';
import { seal } from '../../src/sealed.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { type Known, known } from '../sim/state-life.ts';
import { Lines } from '../sim/watch.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const FORMATS = readdirSync(FIXTURES).filter((name) => /^state-\d+$/.test(name));
const NEWEST = FORMATS.toSorted((a, b) => Number(a.slice(6)) - Number(b.slice(6))).at(-1)!;
const MAIN = join(import.meta.dirname, '../../src/main.ts');

function copyOf(fixture: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidewatch-fixture-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(FIXTURES, fixture), folder, { recursive: true });
  return folder;
}

describe.each(FORMATS)('the state folder %s', (fixture) => {
  it('is read bit for bit: what was learned, alerts, messages that came, and what waits to be sent', async () => {
    const expected = JSON.parse(readFileSync(join(FIXTURES, `${fixture}.json`), 'utf8')) as Known;
    expect(await known(copyOf(fixture))).toEqual(expected);
  });
});

/** Makes a file say that it is of a version which nobody knows yet. */
const LATER: Record<string, (folder: string) => void | Promise<void>> = {
  CHECKPOINT_VERSION: (folder) => {
    const pointer = { format: 99, partitions: 256, generation: 2, before: 1 };
    writeFileSync(join(folder, 'checkpoint/manifest.json'), seal(pointer));
  },
  SNAPSHOT_VERSION: async (folder) => {
    const store = new FileCheckpointStore(new FileStorage(new SystemDisk(folder)));
    const kept = (await store.load())!;
    for (const { bytes } of kept.shards) bytes[4] = 99;
    await store.save(kept);
  },
  LOG_VERSION: (folder) => renumber(join(folder, 'log'), 16),
  SPOOL_VERSION: (folder) => renumber(join(folder, 'spool/webhook-hook'), 8),
};

/** @param sealed  bytes that its checksum covers, which stands behind them */
function renumber(folder: string, sealed: number): void {
  const path = join(folder, readdirSync(folder)[0]);
  const bytes = readFileSync(path);
  bytes.writeUInt32LE(99, 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, sealed)), sealed);
  writeFileSync(path, bytes);
}

/** Everything but the lock, which is nobody's state. */
function filesOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'lock')
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((path) => [path, readFileSync(path, 'latin1')] as const));
}

const CONFIG = `version: 1
http: {listen: "127.0.0.1:0"}
sources: {mqtt: {type: http}}
pipelines: {main: {inputs: [mqtt]}}
outputs: {hook: {type: webhook, url: "http://127.0.0.1:9/"}}
`;

describe.each(Object.entries(LATER))('a state folder in which something is of a later version, %s', (code, change) => {
  it('ends the start of a daemon, and nothing in it is changed', async () => {
    const folder = copyOf(NEWEST);
    await change(folder);
    const before = filesOf(folder);
    const loaded = load(CONFIG, { file: 'c.yaml', env: {} });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    for (const acceptStateLoss of [false, true]) {
      const telemetry = new Telemetry({ level: 'warn', destination: new Lines() });
      const daemon = createDaemon(systemPorts(folder), { telemetry, acceptStateLoss });
      await expect(daemon.start(loaded.config)).rejects.toMatchObject({ code });
      await daemon.stop();
    }
    expect(filesOf(folder)).toEqual(before);
  });

  it('ends the command line with 1, and says why', async () => {
    const folder = copyOf(NEWEST);
    await change(folder);
    const before = filesOf(folder);
    const config = join(mkdtempSync(join(tmpdir(), 'tidewatch-fixture-')), 'c.yaml');
    onTestFinished(() => rmSync(join(config, '..'), { recursive: true }));
    writeFileSync(config, CONFIG);
    const run = () =>
      execFileSync(process.execPath, [MAIN, 'run', '--config', config, '--state-dir', folder], { stdio: 'pipe' });
    expect(run).toThrow(
      expect.objectContaining({ status: 1, stderr: expect.toSatisfy((text) => String(text).includes(code)) as Buffer }),
    );
    expect(filesOf(folder)).toEqual(before);
  });
});
