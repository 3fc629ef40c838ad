import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlertDocument } from '../../../models/alert-document.ts';
import { WebhookSink, type WebhookSinkOptions } from '../../../src/sinks/webhook.ts';
import { makeCertificates } from '../../services/mosquitto.ts';
import { SimulatedClock } from '../../sim/clock.ts';
import { RecordingContext } from './context.ts';
import { eventually, events, sinkContract } from './contract.ts';
import { HttpPeer } from './http-peer.ts';

const OPTIONS: Omit<WebhookSinkOptions, 'url'> = {
  type: 'webhook',
  tokenFile: null,
  caFile: null,
  events: ['open', 'update', 'ack', 'close'],
  timeoutMs: 2000,
  retryMsFirst: 5,
  retryMsMax: 20,
};

const alertOf = ({ body }: { body: string }): AlertDocument => JSON.parse(body) as AlertDocument;

sinkContract('the webhook sink', async () => {
  const peer = new HttpPeer();
  await peer.start();
  return {
    open: (context, queueMax) => new WebhookSink({ ...OPTIONS, url: peer.url, queueMax }, context),
    arrived: () => peer.heard.map((heard) => alertOf(heard).id),
    leave: () => peer.stop(),
    comeBack: () => peer.start(),
    close: () => peer.stop(),
    harmless: () => {
      for (const { headers, path } of peer.heard) {
        expect(path).toBe('/');
        expect(Object.keys(headers).sort()).toEqual([
          'ce-id',
          'ce-source',
          'ce-specversion',
          'ce-subject',
          'ce-time',
          'ce-type',
          'connection',
          'content-length',
          'content-type',
          'host',
          'user-agent',
        ]);
        expect(headers['ce-subject']).toMatch(/^[!-~]*$/);
      }
    },
  };
});

async function begin(more: Partial<WebhookSinkOptions> = {}) {
  const peer = new HttpPeer();
  await peer.start();
  const context = new RecordingContext();
  const sink = new WebhookSink({ ...OPTIONS, url: `${peer.url}/hook?a=1`, ...more }, context);
  onTestFinished(async () => {
    await sink.stop(0);
    await peer.stop();
  });
  sink.start();
  return { peer, context, sink };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidewatch-webhook-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the webhook sink', () => {
  it('posts the document, says who it is, and brings the attributes of a CloudEvent', async () => {
    const tokenFile = join(temporaryFolder(), 'token');
    writeFileSync(tokenFile, 'secret\n');
    const { peer, sink } = await begin({ tokenFile });
    const [alert] = events(7, 1, { series: 'température "x"', pipeline: 'a b' });
    sink.deliver(alert);
    await eventually(() => expect(peer.heard).toHaveLength(1));
    expect(peer.heard[0].path).toBe('/hook?a=1');
    expect(alertOf(peer.heard[0])).toEqual(alert);
    expect(peer.heard[0].headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'tidewatch/9.9.9',
      authorization: 'Bearer secret',
      'ce-specversion': '1.0',
      'ce-id': 'alert-7-7',
      'ce-source': '/tidewatch/a%20b',
      'ce-type': 'tidewatch.alert.open',
      'ce-subject': 'temp%C3%A9rature%20%22x%22',
      'ce-time': alert.updated_at,
    });
  });

  it('posts the kinds of event that were asked for', async () => {
    const { peer, sink } = await begin({ events: ['open', 'close'] });
    const all = (['open', 'update', 'ack', 'close'] as const).map((event, i) => events(i, 1, { event })[0]);
    for (const alert of all) sink.deliver(alert);
    await eventually(() => expect(peer.heard.map((heard) => alertOf(heard).event)).toEqual(['open', 'close']));
  });

  it.each([429, 500, 502, 503])('tries again after %d, in order', async (status) => {
    const { peer, context, sink } = await begin();
    peer.answer = () => ({ status: peer.heard.length <= 2 ? status : 200, body: 'come\nback' });
    for (const alert of events(0, 2)) sink.deliver(alert);
    await eventually(() => expect(context.counts.sent).toBe(2));
    expect(peer.heard.map((heard) => alertOf(heard).id)).toEqual(['alert-0', 'alert-0', 'alert-0', 'alert-1']);
    expect(context.counts).toEqual({ sent: 2, retried: 2, dropped: 0 });
    expect(context.states.find(({ connected }) => !connected)?.detail).toBe(`HTTP ${status} come back`);
  });

  it.each([301, 400, 401, 404, 413])('does not try again after %d', async (status) => {
    const { peer, context, sink } = await begin();
    peer.answer = () => ({ status, headers: { location: `${peer.url}/elsewhere` }, body: 'no' });
    for (const alert of events(0, 2)) sink.deliver(alert);
    await eventually(() => expect(context.counts.dropped).toBe(2));
    expect(peer.heard).toHaveLength(2);
    expect(context.details.at(-1)).toBe(`dropped: HTTP ${status} no`);
  });

  it('gives up an event that the receiver itself fails on, so that the others get through', async () => {
    const { peer, context, sink } = await begin({ attemptsMax: 3 });
    peer.answer = (heard) => ({ status: alertOf(heard).id === 'alert-0' ? 500 : 200 });
    for (const alert of events(0, 2)) sink.deliver(alert);
    await eventually(() => expect(context.counts).toEqual({ sent: 1, retried: 2, dropped: 1 }));
  });

  it('stays away for as long as the receiver asks', async () => {
    const clock = new SimulatedClock();
    const { peer, context, sink } = await begin({ clock });
    peer.answer = () =>
      peer.heard.length === 1 ? { status: 503, headers: { 'retry-after': '120' } } : { status: 200 };
    sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(clock.pending).toBe(1));
    clock.advance(119_999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await eventually(() => expect(context.counts.sent).toBe(1));
  });

  it('gives up waiting for an answer', async () => {
    const { peer, context, sink } = await begin({ timeoutMs: 50 });
    peer.answer = () => (peer.heard.length === 1 ? undefined : { status: 200 });
    sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(context.counts).toMatchObject({ sent: 1, retried: 1 }));
    expect(context.states.find(({ connected }) => !connected)?.detail).toBe('no answer within 50 ms');
  });

  it('waits for its token file, and tells nobody what is in it', async () => {
    const tokenFile = join(temporaryFolder(), 'token');
    const { peer, context, sink } = await begin({ tokenFile });
    sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(context.states.at(-1)?.detail).toContain(tokenFile));
    writeFileSync(tokenFile, 'line one\nline two');
    await eventually(() => expect(context.states.at(-1)?.detail).toContain('header'));
    writeFileSync(tokenFile, 'good');
    await eventually(() => expect(peer.heard[0]?.headers.authorization).toBe('Bearer good'));
    expect(JSON.stringify([context.states, context.details])).not.toContain('line two');
  });

  it('trusts the authority it was given, and no other', async () => {
    const folder = temporaryFolder();
    makeCertificates(folder);
    const bodies: string[] = [];
    const server = createServer(
      { cert: readFileSync(join(folder, 'server.crt')), key: readFileSync(join(folder, 'server.key')) },
      (request, response) => {
        request.on('data', (piece: Buffer) => bodies.push(piece.toString()));
        request.on('end', () => response.end());
      },
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stranger = await begin({ url });
    stranger.sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(stranger.context.states.at(-1)?.detail).toContain('certificate is not trusted'));
    expect(bodies).toEqual([]);
    const friend = await begin({ url, caFile: join(folder, 'ca.crt') });
    friend.sink.deliver(events(1, 1)[0]);
    await eventually(() => expect(bodies.map((body) => alertOf({ body }).id)).toEqual(['alert-1']));
  });
});
