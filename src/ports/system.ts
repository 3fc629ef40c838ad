/** The ports of a real machine. */
import type { Duplex } from 'node:stream';
import type { CheckpointStore, Clock, Disk, Net, Ownership, Rng, SampleLog, Storage } from '../../models/ports.ts';
import { FileCheckpointStore } from '../checkpoint.ts';
import { systemClock } from './clock.ts';
import { SystemDisk } from './disk.ts';
import { MemoryLog } from './memory-log.ts';
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
}

/** @param stateDir  folder for everything that is kept */
export function systemPorts(stateDir: string): DaemonPorts {
  const disk = new SystemDisk(stateDir);
  const storage = new FileStorage(disk);
  return {
    clock: systemClock,
    rng: systemRng,
    net: systemNet,
    disk,
    storage,
    log: new MemoryLog(),
    store: new FileCheckpointStore(storage),
    ownership: { owns: () => true },
  };
}
