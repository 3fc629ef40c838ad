import { duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../models/random.ts';
import { FrameGuard, type FrameViolation, GuardedStream, PACKET_BYTES_MAX } from '../../sensors/frame-guard.ts';
import { shield } from '../../sensors/mqtt-shield.ts';
import { brokerPackets, chunked, clientPackets, CONNACK, mutated } from './mqtt-mutator.ts';

const FROM_BROKER = { from: 'broker', packetBytesMax: PACKET_BYTES_MAX } as const;
const FROM_CLIENT = { from: 'client', packetBytesMax: PACKET_BYTES_MAX } as const;

/** Looks at all of the bytes, or up to a violation. */
function accepts(guard: FrameGuard, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length && guard.violation === undefined;) at = guard.scan(bytes, at);
  return guard.violation === undefined;
}

function violationOf(bytes: readonly number[], limits: typeof FROM_BROKER | typeof FROM_CLIENT = FROM_BROKER) {
  const guard = new FrameGuard(limits);
  const opening = limits.from === 'broker' ? CONNACK[4] : clientPackets()[0];
  expect(accepts(guard, Buffer.from(opening))).toBe(true);
  accepts(guard, Buffer.from(bytes));
  return guard.violation;
}

describe('the frame guard', () => {
  it.each([4, 5] as const)('lets everything pass that a broker of version %d may send', (version) => {
    const [connack, ...others] = brokerPackets(version);
    const rest = others.filter(([first]) => first !== 0x20);
    const guard = new FrameGuard(FROM_BROKER);
    expect(accepts(guard, Buffer.from([...connack, ...rest.flat(), ...rest.flat()]))).toBe(true);
  });

  it('lets everything pass that a client may send', () => {
    const [connect, , ...rest] = clientPackets();
    const guard = new FrameGuard(FROM_CLIENT);
    expect(accepts(guard, Buffer.from([...connect, ...rest.flat(), ...rest.flat()]))).toBe(true);
  });

  it.each<[FrameViolation, string, number[]]>([
    ['packet_too_short', 'an acknowledgement without packet id', [0x40, 1, 0]],
    ['packet_too_short', 'an empty acknowledgement', [0x70, 0]],
    ['packet_too_short', 'a message with half a packet id', [0x32, 4, 0, 1, 0x61, 0]],
    ['packet_too_short', 'a topic longer than its packet', [0x30, 3, 0, 9, 0x61]],
    ['packet_too_short', 'a message without a topic', [0x30, 1, 0]],
    ['packet_id_zero', 'a message with packet id 0', [0x32, 5, 0, 1, 0x61, 0, 0]],
    ['packet_id_zero', 'an acknowledgement of packet id 0', [0x90, 3, 0, 0, 1]],
    ['reserved_type', 'type 0', [0x00, 0]],
    ['reserved_flags', 'QoS 3', [0x36, 5, 0, 1, 0x61, 0, 1]],
    ['reserved_flags', 'an acknowledgement with flags', [0x42, 2, 0, 1]],
    ['unexpected_type', 'a packet only clients send', [0x82, 2, 0, 1]],
    ['unexpected_type', 'a second CONNACK', [0x20, 2, 0, 0]],
    ['length_malformed', 'a length of five bytes', [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['packet_too_large', 'a length above the limit', [0x30, 0x80, 0x80, 0x10]],
  ])('finds %s: %s', (violation, _what, bytes) => {
    expect(violationOf(bytes)).toBe(violation);
  });

  it('wants a greeting first', () => {
    const guard = new FrameGuard(FROM_BROKER);
    expect(accepts(guard, Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).toBe(false);
    expect(guard.violation).toBe('unexpected_type');
  });

  it('counts the whole packet against the limit, to the byte', () => {
    const limits = { from: 'broker', packetBytesMax: 132 } as const;
    for (const [length, accepted] of [
      [129, true],
      [130, false],
    ] as const) {
      const guard = new FrameGuard(limits);
      expect(accepts(guard, Buffer.from([...CONNACK[4], 0x30, 0x80 | (length & 0x7f), length >> 7]))).toBe(accepted);
    }
  });

  it('says the same whatever the chunks', () => {
    const random = createRandom(1);
    for (let i = 0; i < 2000; i++) {
      const packets = brokerPackets(i % 2 === 0 ? 4 : 5);
      const bytes = Buffer.concat([
        Buffer.from(CONNACK[4]),
        ...Array.from({ length: 5 }, () => mutated(packets, random)),
      ]);
      const whole = new FrameGuard(FROM_BROKER);
      accepts(whole, bytes);
      const parts = new FrameGuard(FROM_BROKER);
      for (const chunk of chunked(bytes, random)) accepts(parts, chunk);
      expect(parts.violation).toBe(whole.violation);
    }
  });
});

describe('a guarded stream', () => {
  it('passes bytes both ways, waits while it is held, and ends with its connection', async () => {
    const [near, far] = duplexPair();
    const stream = new GuardedStream(near, FROM_BROKER, () => expect.unreachable());
    const heard: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => heard.push(chunk));
    stream.cork();
    stream.write('a');
    stream.write('b');
    stream.uncork();
    far.write(Buffer.from(CONNACK[4]));
    await turn();
    expect(Buffer.concat(heard)).toEqual(Buffer.from(CONNACK[4]));
    expect(String(far.read())).toBe('ab');
    stream.hold();
    far.write(Buffer.from([0xd0, 0]));
    for (let i = 0; i < 5; i++) await turn();
    expect(heard).toHaveLength(1);
    stream.release();
    await turn();
    expect(heard).toHaveLength(2);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    near.destroy();
    await closed;
  });

  it('destroys the connection at a violation, hands the chunk on to nobody, and says why', async () => {
    const [near, far] = duplexPair();
    const violations: string[] = [];
    const stream = new GuardedStream(near, FROM_BROKER, (violation) => violations.push(violation));
    stream.on('data', () => expect.unreachable());
    stream.on('error', () => expect.unreachable());
    far.write(Buffer.from([0x40, 0]));
    await new Promise((resolve) => stream.once('close', resolve));
    expect(violations).toEqual(['unexpected_type']);
    expect(near.destroyed).toBe(true);
  });
});

describe('a shielded client', () => {
  it('takes no harm from a keep-alive of the server that comes twice', async () => {
    const properties = [0x13, 0, 60, 0x13, 0, 60];
    const [near, far] = duplexPair();
    far.resume();
    const client = new MqttClient(() => new GuardedStream(near, FROM_BROKER, () => expect.unreachable()), {
      protocolVersion: 5,
      reconnectPeriod: 0,
    });
    shield(client);
    const connected = new Promise((resolve) => client.once('connect', resolve));
    far.write(Buffer.from([0x20, 3 + properties.length, 0, 0, properties.length, ...properties]));
    await connected;
    client.end(true);
  });
});

describe('a hostile broker', () => {
  const uncaught: unknown[] = [];
  const keep = (error: unknown): void => void uncaught.push(error);
  beforeEach(() => void process.on('uncaughtException', keep));
  afterEach(() => void process.off('uncaughtException', keep));

  it.each([
    [4, 11],
    [5, 12],
  ] as const)(
    'cannot end the process: mutated packets to MQTT %d, seed %d',
    { timeout: 30_000 },
    async (version, seed) => {
      const random = createRandom(seed + SEED);
      const packets = brokerPackets(version);
      const counts = { packets: 0, connections: 0, errors: 0, violations: new Map<string, number>() };
      const until = PACKETS;
      while (counts.packets < until) {
        counts.connections++;
        counts.packets += await assault(version, packets, random, counts);
      }
      await turn();
      expect(uncaught).toEqual([]);
      expect(counts.violations.size).toBeGreaterThanOrEqual(5);
      process.stderr.write(`${JSON.stringify({ ...counts, violations: Object.fromEntries(counts.violations) })}\n`);
    },
  );
});

const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 12_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 0);

/** One connection, until it is cut or has had enough. @returns packets sent */
async function assault(
  version: 4 | 5,
  packets: readonly number[][],
  random: () => number,
  counts: { errors: number; violations: Map<string, number> },
): Promise<number> {
  const [near, far] = duplexPair();
  far.resume().on('error', () => {});
  const client = new MqttClient(
    () =>
      new GuardedStream(near, FROM_BROKER, (violation) =>
        counts.violations.set(violation, (counts.violations.get(violation) ?? 0) + 1),
      ),
    {
      protocolVersion: version,
      clientId: 'fuzz',
      reconnectPeriod: 0,
      ...(version === 5 ? { properties: { maximumPacketSize: PACKET_BYTES_MAX } } : {}),
    },
  );
  shield(client);
  client.on('error', () => counts.errors++);
  client.subscribe('plant/#', { qos: 1 }, () => {});
  if (random() < 0.9) far.write(Buffer.from(CONNACK[version]));
  let sent = 0;
  while (!near.destroyed && sent < 60) {
    for (const chunk of chunked(mutated(packets, random), random)) if (!far.destroyed) far.write(chunk);
    sent++;
    await turn();
  }
  client.end(true);
  near.destroy();
  far.destroy();
  return sent;
}
