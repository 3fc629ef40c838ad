/**
 * A daemon that ends itself where it is told to, as a process of its own; its order is the first argument, as JSON.
 *
 * It is the one that `tidewatch run` makes, with a disk that counts calls, checkpoints one after the other, and, where
 * one is planted, a mistake.
 */
import { flushCompileCache } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import type { CheckpointStore } from '../../models/ports.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { load } from '../../src/config/load.ts';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import { DurableLog } from '../../src/log/durable-log.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { type DaemonPorts, systemPorts } from '../../src/ports/system.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { AimedDisk, Trigger } from './aim.ts';
import type { Order } from './order.ts';

/** Never: the order says when. */
const CHECKPOINT_MS = 1e12;

const order = JSON.parse(process.argv[2]) as Order;
const trigger = new Trigger(order.aim, () => void process.kill(process.pid, 'SIGKILL'));

function portsOf({ stateDir, archive, segmentBytes, plant }: Order): DaemonPorts {
  const system = systemPorts(stateDir);
  const disk = new AimedDisk(system.disk, stateDir, archive, trigger);
  const storage = new FileStorage(disk);
  const log = new DurableLog({ disk, clock: system.clock, fsync: 'interval', segmentBytes });
  const replay = log.replay.bind(log);
  log.replay = (from, replayer) => {
    return replay(from, {
      before: (position) => replayer.before(position),
      read: (entry, position) => trigger.around('entry', 'log', () => replayer.read(entry, position)),
    });
  };
  const store: CheckpointStore = new FileCheckpointStore(storage);
  if (plant === 'early_trim') {
    const save = store.save.bind(store);
    store.save = (checkpoint) => {
      log.trim(checkpoint.position);
      return save(checkpoint);
    };
  }
  return { ...system, disk, storage, log, store };
}

function breakOne({ engine }: Daemon, { plant }: Order): void {
  if (plant === 'early_ack') engine.kept = () => Promise.resolve();
  if (plant !== 'no_dedup') return;
  const receive = engine.receive.bind(engine);
  engine.receive = (source, topic, payload, arrival, facts) => {
    return receive(source, topic, payload, arrival, { retained: false, ...facts, again: false });
  };
}

async function saveAgainAndAgain({ engine }: Daemon, everyMs: number): Promise<void> {
  while (trigger.phase === 'run') {
    await engine.checkpoint().catch(() => {}); // logged where it failed
    await pause(everyMs);
  }
}

const loaded = load(order.config, { file: 'victim.yaml', env: {} });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
const telemetry = new Telemetry({ level: 'warn' });
const daemon = createDaemon(portsOf(order), { telemetry, checkpointMs: CHECKPOINT_MS });
breakOne(daemon, order);
process.on('SIGUSR2', () => void daemon.engine.checkpoint());
process.once('SIGTERM', () => {
  trigger.phase = 'stop';
  if (order.plant === 'no_drain') process.exit(0);
  void daemon.stop().then(() => process.exit(0));
});
await daemon.start(loaded.config);
// Who is killed writes none at its end.
flushCompileCache();
if (trigger.phase === 'start') trigger.phase = 'run';
if (order.checkpointMs !== null) void saveAgainAndAgain(daemon, order.checkpointMs);
