/** The broker that sections share: the real one, where it is installed. */
import { type Mosquitto, startMosquitto } from '../../test/services/mosquitto.ts';
import { programOf } from '../../test/services/service.ts';
import { type Row, type RowKind, skippedRow } from '../rows.ts';

export const NO_BROKER = 'mosquitto is not installed';

export const hasBroker = (): boolean => programOf('mosquitto') !== undefined;

export function skippedRows(kinds: Readonly<Record<string, RowKind>>, reason: string): Row[] {
  return Object.entries(kinds).map(([id, kind]) => skippedRow(id, reason, kind));
}

export async function withBroker<T>(action: (broker: Mosquitto) => Promise<T>): Promise<T> {
  const broker = await startMosquitto();
  try {
    return await action(broker);
  } finally {
    await broker.stop();
  }
}
