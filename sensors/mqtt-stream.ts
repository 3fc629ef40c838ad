/** The bytes to and from a broker, over TCP or a WebSocket, looked at by a guard before anybody reads them. */
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocket } from 'ws';
import type { Net } from '../models/ports.ts';
import { type FrameViolation, GuardedStream } from './frame-guard.ts';
import { peerOf } from './peer.ts';
import type { TlsTexts } from './secret-files.ts';

export interface StreamOptions {
  /** mqtt, mqtts, ws or wss. */
  url: string;
  tls: TlsTexts;
  packetBytesMax: number;
  onViolation: (violation: FrameViolation) => void;
}

export function openStream({ onViolation, ...options }: StreamOptions, net: Net<Duplex>): GuardedStream {
  const limits = { from: 'broker', packetBytesMax: options.packetBytesMax } as const;
  return new GuardedStream(connect(options, net), limits, onViolation);
}

function connect({ url, tls, packetBytesMax }: Omit<StreamOptions, 'onViolation'>, net: Net<Duplex>): Duplex {
  const { protocol } = new URL(url);
  if (protocol === 'mqtt:' || protocol === 'mqtts:') {
    const { host, port } = peerOf(url, 'broker');
    return net.connect({ host, port, secure: protocol === 'mqtts:', tls });
  }
  const socket = new WebSocket(url, ['mqtt'], {
    ...tls,
    maxPayload: 2 * packetBytesMax, // a frame may hold several packets
    perMessageDeflate: false,
  });
  const stream = createWebSocketStream(socket);
  // It would stay half open after the other end is gone, and nobody would notice until the next keep-alive.
  stream.once('end', () => stream.destroy());
  return stream;
}
