/**
 * The demo in virtual time: the simulated plant through the daemon's own decoder and pipeline, without sockets.
 *
 * Two hours of history, then some hours with the faults of the schedule or without any. An hour takes about a second.
 */
import { Subject } from 'rxjs';
import type { AlertDocument } from '../models/alert-document.ts';
import { type Batch, createBatch, createTick, pushRow, ROW } from '../models/batch.ts';
import { DEFAULTS, Detector } from '../models/detector.ts';
import { type Model, Registry } from '../models/registry.ts';
import { pipeline } from '../pipelines/pipeline.ts';
import { raise } from '../pipelines/raise.ts';
import { decodeJson } from '../sensors/decode.ts';
import { Plant } from '../sensors/simulator/plant.ts';
import { Schedule } from '../sensors/simulator/schedule.ts';
import { seriesId, sourceOf } from '../sensors/topic.ts';
import type { FaultRecord } from '../src/protocol.ts';
import { Scoreboard } from '../src/scoreboard.ts';

export interface DemoOptions {
  seed: number;
  hours: number;
  /** With the faults of the schedule. */
  faults: boolean;
}

export interface DemoOutcome {
  /** Decided faults. */
  faults: FaultRecord[];
  /** Alerts without a fault, live. */
  falseAlerts: number;
  /** Alerts during the history, when there are no faults at all. */
  historyAlerts: number;
}

const TICK_MS = 1000;
const SEASON_MS = 300_000;
const HISTORY_MS = 2 * 3600_000;
/** Any day will do; a seed starts at a phase of its own. */
const START = Date.UTC(2026, 0, 5);

export function runDemo({ seed, hours, faults }: DemoOptions): DemoOutcome {
  const startedAtMs = START + seed * 777_000;
  const plant = new Plant({ seed, seasonMs: SEASON_MS });
  const schedule = new Schedule({ seed, startedAtMs });
  const scoreboard = new Scoreboard({ seasonMs: SEASON_MS });
  const decided = new Map<number, FaultRecord>();
  let historyAlerts = 0;

  const feed = createFeed((alert) => {
    const time = Date.parse(alert.started_at);
    if (alert.event !== 'open') return;
    if (time < startedAtMs) historyAlerts++;
    else scoreboard.alertOpened({ series: alert.series, startedAtMs: time });
  });
  let next = schedule.next(startedAtMs);
  for (let time = startedAtMs - HISTORY_MS; time < startedAtMs + hours * 3600_000; time += TICK_MS) {
    if (faults && time >= next.at) {
      scoreboard.injected(plant.inject(next.kind, next.source, time, next.durationMs));
      next = schedule.next(time);
    }
    feed(plant, time);
    if (!scoreboard.tick(time)) continue;
    for (const fault of scoreboard.view().faults) if (fault.outcome !== 'active') decided.set(fault.id, fault);
  }
  return { faults: [...decided.values()], falseAlerts: scoreboard.view().false, historyAlerts };
}

/** One second of the plant into a pipeline of its own. */
function createFeed(onAlert: (alert: AlertDocument) => void): (plant: Plant, time: number) => void {
  const registry = new Registry();
  const model: Model = {
    pipeline: 'plant',
    listeningSince: -Infinity,
    detector: new Detector({ ...DEFAULTS, season: SEASON_MS }),
    seed: 1,
  };
  const entries = new Subject<Batch>();
  const options = { journal: { seq: 0 }, unitOf: () => '', learningOf: () => 1, url: () => '' };
  pipeline(entries, registry, () => 0)
    .pipe(raise(registry, options))
    .subscribe(onAlert);
  return (plant, time) => {
    const batch = createBatch(plant.channels.length);
    for (const { topic, payload } of plant.messagesAt(time)) {
      for (const { path, value, onOff } of decodeJson(Buffer.from(payload)).readings) {
        const source = sourceOf(topic, path);
        const track = registry.admit(seriesId(source), source, model);
        if (track !== undefined) pushRow(batch, track.index, time, time, value, onOff ? ROW.onOff : 0);
      }
    }
    entries.next(batch);
    entries.next(createTick(time + TICK_MS / 2));
  };
}
