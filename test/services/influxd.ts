/** InfluxDB 1.x with nothing but its HTTP door, and what is in it as plain rows. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, Service } from './service.ts';

export interface Influxd {
  url: string;
  port: number;
  /** Rows of the first statement, tags of a group among the columns; times are epoch ms. */
  query<T>(q: string, db: string): Promise<T[]>;
  /** Ends it for good. */
  stop(): Promise<void>;
  /** Ends it until `restart`. */
  halt(): Promise<void>;
  /** The same database at the same port. */
  restart(): Promise<void>;
}

interface Answer {
  results: {
    error?: string;
    series?: { name: string; tags?: Record<string, string>; columns: string[]; values?: unknown[][] }[];
  }[];
  error?: string;
}

export async function startInfluxd(): Promise<Influxd> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = new Service({
    name: 'influxd',
    port,
    arguments: (at) => ['run', '-config', join(at, 'influxdb.conf')],
  });
  writeFileSync(join(service.folder, 'influxdb.conf'), configuration(service.folder, port));
  await service.start();
  return {
    url,
    port,
    query: async <T>(q: string, db: string) => {
      const response = await fetch(`${url}/query?${new URLSearchParams({ q, db, epoch: 'ms' }).toString()}`, {
        method: 'POST',
      });
      return rowsOf(q, (await response.json()) as Answer) as T[];
    },
    stop: () => service.stop(),
    halt: () => service.halt(),
    restart: () => service.restart(),
  };
}

function configuration(folder: string, port: number): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
[logging]
  level = "warn"
`;
}

function rowsOf(q: string, { results, error }: Answer): object[] {
  const first = results?.[0];
  const trouble = error ?? first?.error;
  if (trouble !== undefined) throw new Error(`${q}: ${trouble}`);
  return (first?.series ?? []).flatMap(({ tags, columns, values = [] }) =>
    values.map((row) => ({ ...tags, ...Object.fromEntries(columns.map((column, i) => [column, row[i]])) })),
  );
}
