/** The ports of a real machine. */
import type { DaemonPorts } from '../daemon.ts';
import { FileCheckpointStore } from '../checkpoint.ts';
import { systemClock } from './clock.ts';
import { MemoryLog } from './memory-log.ts';
import { systemNet } from './net.ts';
import { systemRng } from './rng.ts';
import { FileStorage } from './storage.ts';

/** @param stateDir  folder for everything that is kept */
export function systemPorts(stateDir: string): DaemonPorts {
  const storage = new FileStorage(stateDir);
  return {
    clock: systemClock,
    rng: systemRng,
    net: systemNet,
    storage,
    log: new MemoryLog(),
    store: new FileCheckpointStore(storage),
    ownership: { owns: () => true },
  };
}
