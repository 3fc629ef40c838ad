import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { startInfluxd } from './influxd.ts';
import { startMosquitto } from './mosquitto.ts';
import { serviceOrSkip } from './service.ts';

describe.skipIf(!serviceOrSkip('mosquitto'))('Mosquitto for tests', () => {
  it('keeps what it was given over a restart, behind TLS and a password', async () => {
    const broker = await startMosquitto({
      tls: true,
      persistence: true,
      password: { user: 'ada', password: 'secret' },
    });
    const access = { ca: readFileSync(broker.caFile!), username: 'ada', password: 'secret' };
    const writer = await connectAsync(broker.url, access);
    await writer.publishAsync('a', 'kept', { retain: true, qos: 1 });
    await writer.endAsync();
    await broker.restart();
    const reader = await connectAsync(broker.url, access);
    const heard = new Promise<string>((resolve) =>
      reader.on('message', (_topic, payload) => resolve(payload.toString())),
    );
    await reader.subscribeAsync('a');
    expect(await heard).toBe('kept');
    await reader.endAsync();
    await expect(connectAsync(broker.url, { ...access, password: 'wrong' }, false)).rejects.toThrow(
      /[Nn]ot authorized/,
    );
    await broker.stop();
  });
});

describe.skipIf(!serviceOrSkip('influxd'))('InfluxDB for tests', () => {
  it('answers queries with rows, and keeps its points over a restart', async () => {
    const database = await startInfluxd();
    await database.query('CREATE DATABASE a', '');
    const written = await fetch(`${database.url}/write?db=a&precision=ms`, {
      method: 'POST',
      body: 'm,t=x v=1.5 1700000000000',
    });
    expect(written.status).toBe(204);
    await database.restart();
    expect(await database.query('SELECT * FROM m', 'a')).toEqual([{ time: 1_700_000_000_000, t: 'x', v: 1.5 }]);
    await expect(database.query('SELECT', 'a')).rejects.toThrow('error parsing query');
    await database.stop();
  });
});
