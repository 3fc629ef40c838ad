/** The ports of a real machine. */
import type { Duplex } from 'node:stream';
import type { CheckpointStore, Clock, Disk, Net, Ownership, Rng, SampleLog, Storage } from '../../models/ports.ts';
import { FileCheckpointStore } from '../checkpoint.ts';
import { DurableLog, type FsyncPolicy } from '../log/durable-log.ts';
import { systemClock } from './clock.ts';
import { SystemDisk } from './disk.ts';
import { lockFolder } from './lock.ts';
import { systemNet } from './net.ts';
import { systemRng } from './rng.ts';
import { FileStorage } from './storage.ts';

/** What a daemon needs of the world. */
export interface DaemonPorts {
  clock: Clock;
  rng: Rng;
  net: Net<Duplex>;
  disk: Disk;
  storage: Storage;
  log: SampleLog;
  store: CheckpointStore;
  ownership: Ownership;
  /** Takes what is kept for itself, or throws CodedError STATE_LOCKED; what it returns lets go of it. */
  lock(): () => void;
}

/** @param stateDir  folder for everything that is kept */
export function systemPorts(stateDir: string, fsync: FsyncPolicy = 'interval'): DaemonPorts {
  const disk = new SystemDisk(stateDir);
  const storage = new FileStorage(disk);
  return {
    clock: systemClock,
    rng: systemRng,
    net: systemNet,
    disk,
    storage,
    log: new DurableLog({ disk, clock: systemClock, fsync }),
    store: new FileCheckpointStore(storage),
    ownership: { owns: () => true },
    lock: () => lockFolder(stateDir),
  };
}
