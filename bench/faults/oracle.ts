/**
 * What should have come of a log, by an engine that never fell, held against what daemons that were killed left.
 *
 *   archive of the log ──▶ rows counted by series and time  ──▶ lost, doubled
 *                      └─▶ fresh engine ──▶ blocks, alerts  ──▶ held against the last checkpoint and what was told
 */
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { Batch } from '../../models/batch.ts';
import { sampleCountOf } from '../../models/order.ts';
import { decodeSnapshot } from '../../models/snapshot.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { Engine } from '../../src/engine.ts';
import { readEntry } from '../../src/log/entry.ts';
import { recordsOf, segmentsOf } from '../../src/log/segments.ts';
import { Reader } from '../../src/log/writer.ts';
import { MemoryLog } from '../../src/ports/memory-log.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { Telemetry } from '../../src/telemetry.ts';
import type { Sent } from './sent.ts';

export interface Verdict {
  /** Samples that were acknowledged. */
  sent: number;
  /** Of these, not in the log. */
  lost: number;
  /** Times a sample is in the log beyond the first, or is none that was sent. */
  doubled: number;
  /** Entries of the log that are gone. */
  missing: number;
  /** Series whose own count of samples is not that of the log. */
  miscounted: number;
  tracks: number;
  /** Tracks whose numbers are not, bit for bit, those of the engine that never fell. */
  differing: number;
  /** Alert events that there should be. */
  alerts: number;
  untold: number;
  /** Told with another number or other words than they should have. */
  mistold: number;
  /** Told once more, as they were. */
  retold: number;
}

/** What must be 0. */
export function violations({ lost, doubled, missing, miscounted, differing, mistold }: Verdict): number {
  return lost + doubled + missing + miscounted + differing + mistold;
}

export interface Evidence {
  stateDir: string;
  /** Its segments of the log are joined with those of `stateDir`. */
  archive: string;
  sent: Sent;
  /** Base of the links in alerts. */
  url: string;
  told: readonly AlertDocument[];
}

const TEXT = { decode: (bytes: Uint8Array) => Buffer.from(bytes).toString() };

export async function judge({ stateDir, archive, sent, url, told }: Evidence): Promise<Verdict> {
  joinLogs(stateDir, archive);
  const counts = new Counts(sent);
  const { engine, alerts, missing } = await relive(archive, url, counts);
  const kept = await blocksOf(stateDir);
  const ids = new Set([...kept.keys(), ...Array.from(engine.registry, ({ id }) => id)]);
  let differing = 0;
  let miscounted = 0;
  for (const id of ids) {
    const track = engine.registry.find(id);
    const block = kept.get(id);
    const own = track?.memory.subarray(track.at, track.at + track.model.detector.size);
    if (track === undefined || own === undefined || block === undefined || !sameBits(own, block)) differing++;
    if (track === undefined || track.members.length > 0 || block === undefined) continue;
    if (sampleCountOf(block, track.model.detector.layout.order) !== counts.of(track.source)) miscounted++;
  }
  return {
    ...counts.verdict(),
    missing,
    miscounted,
    tracks: ids.size,
    differing,
    alerts: alerts.length,
    ...compare(alerts, told),
  };
}

/** Into the archive's `log`, as a disk has it. */
function joinLogs(stateDir: string, archive: string): void {
  const live = join(stateDir, 'log');
  if (!existsSync(live)) return;
  for (const name of readdirSync(live)) copyFileSync(join(live, name), join(archive, name));
}

/** An engine that reads the whole log as if it came in now. */
async function relive(archive: string, url: string, counts: Counts) {
  const log = new MemoryLog();
  const engine = new Engine({
    clock: systemClock,
    log,
    store: { save: () => Promise.reject(new Error('nothing is saved')), load: () => Promise.resolve(undefined) },
    ownership: { owns: () => true },
    telemetry: new Telemetry({ level: 'silent' }),
    unitOf: () => '',
    url: () => url,
  });
  const alerts: AlertDocument[] = [];
  engine.alerts.subscribe((alert) => alerts.push(alert));
  const numbers = {
    numberAt: (index: number) => engine.registry.tracks[index]?.number ?? -1,
    indexOf: (number: number) => engine.registry.numbered(number)?.index ?? -1,
  };
  const disk = new SystemDisk(join(archive, '..'));
  let missing = 0;
  for (const first of segmentsOf(disk)) {
    for (const { position, payload } of recordsOf(disk, first, () => {})) {
      if (position <= log.position) continue;
      missing += position - log.position - 1;
      log.position = position - 1;
      const entry = readEntry(new Reader(payload), numbers);
      if (entry.kind === 'batch') counts.add(entry.batch, (index) => engine.registry.tracks[index]?.source);
      log.append(entry);
      log.readNow();
    }
  }
  await log.close();
  return { engine, alerts, missing };
}

/** How often each sample is in the log. */
class Counts {
  readonly #sent: Sent;
  readonly #roundAt: ReadonlyMap<number, number>;
  readonly #bySource: ReadonlyMap<string, Uint8Array>;
  #foreign = 0;

  constructor(sent: Sent) {
    this.#sent = sent;
    this.#roundAt = new Map(sent.rounds.map((time, round) => [time, round]));
    this.#bySource = new Map(sent.sources.map((source) => [source, new Uint8Array(sent.rounds.length)]));
  }

  add(batch: Batch, sourceOf: (index: number) => string | undefined): void {
    for (let row = 0; row < batch.length; row++) {
      const counts = this.#bySource.get(sourceOf(batch.series[row]) ?? '');
      const round = this.#roundAt.get(batch.time[row]);
      if (counts === undefined || round === undefined) this.#foreign++;
      else counts[round]++;
    }
  }

  /** Different samples of a series. */
  of(source: string): number {
    return this.#bySource.get(source)?.reduce((sum, count) => sum + Math.min(count, 1), 0) ?? 0;
  }

  verdict(): Pick<Verdict, 'sent' | 'lost' | 'doubled'> {
    const { acknowledged, sources } = this.#sent;
    let lost = 0;
    let doubled = this.#foreign;
    for (const counts of this.#bySource.values()) {
      for (const [round, count] of counts.entries()) {
        if (count === 0 && acknowledged[round]) lost++;
        doubled += Math.max(0, count - 1);
      }
    }
    return { sent: acknowledged.filter(Boolean).length * sources.length, lost, doubled };
  }
}

async function blocksOf(stateDir: string): Promise<Map<string, Float64Array>> {
  const kept = await new FileCheckpointStore(new FileStorage(new SystemDisk(stateDir))).load();
  const blocks = new Map<string, Float64Array>();
  for (const { bytes } of kept?.shards ?? []) {
    for (const { id, block } of decodeSnapshot(bytes, TEXT).tracks) blocks.set(id, block);
  }
  return blocks;
}

function sameBits(a: Float64Array, b: Float64Array): boolean {
  return (
    Buffer.from(a.buffer, a.byteOffset, a.byteLength).compare(Buffer.from(b.buffer, b.byteOffset, b.byteLength)) === 0
  );
}

function compare(alerts: readonly AlertDocument[], told: readonly AlertDocument[]) {
  const times = new Map(alerts.map((alert) => [JSON.stringify(alert), 0]));
  let mistold = 0;
  let retold = 0;
  for (const alert of told) {
    const text = JSON.stringify(alert);
    const count = times.get(text);
    if (count === undefined) mistold++;
    else {
      times.set(text, count + 1);
      if (count > 0) retold++;
    }
  }
  return { untold: [...times.values()].filter((count) => count === 0).length, mistold, retold };
}
