/** MQTT packets as they should be, and what becomes of them when bytes are flipped, cut, repeated and mixed. */
import type { Random } from '../../models/random.ts';

const text = (s: string): number[] => [0, s.length, ...Buffer.from(s)];

export const CONNACK = {
  4: [0x20, 2, 0, 0], // remaining length, no session, accepted
  5: [0x20, 3, 0, 0, 0], // … and no properties
};

const CONNACK_PROPERTIES = [
  [0x21, 0, 20], // receive maximum
  [0x27, 0, 4, 0, 0], // maximum packet size
  [0x22, 0, 10], // topic alias maximum
  [0x13, 0, 60], // server keep alive
  [0x12, ...text('assigned')], // client id
  [0x26, ...text('k'), ...text('v')], // user property
].flat();

/** What a broker sends, by protocol version. */
export function brokerPackets(version: 4 | 5): number[][] {
  const none = version === 5 ? [0] : []; // no properties
  const code = version === 5 ? [0] : []; // reason code
  const topic = text('plant/a');
  const packets = [
    CONNACK[version],
    framed(0x30, [...topic, ...none, 0x31]), // PUBLISH QoS 0
    framed(0x31, [...topic, ...none]), // … retained, empty
    framed(0x32, [...topic, 0, 10, ...none, 0x31, 0x32]), // PUBLISH QoS 1, packet id
    framed(0x3a, [...topic, 0, 10, ...none, 0x31, 0x32]), // … repeated
    framed(0x34, [...topic, 0, 11, ...none, 0x7b, 0x7d]), // PUBLISH QoS 2
    framed(0x40, [0, 1, ...code]), // PUBACK
    framed(0x50, [0, 1, ...code]), // PUBREC
    framed(0x62, [0, 11, ...code]), // PUBREL
    framed(0x70, [0, 1, ...code]), // PUBCOMP
    framed(0x90, [0, 1, ...none, 1]), // SUBACK
    framed(0xb0, [0, 2, ...none, ...code]), // UNSUBACK
    [0xd0, 0], // PINGRESP
  ];
  if (version === 4) return packets;
  return [
    ...packets,
    framed(0x20, [0, 0, CONNACK_PROPERTIES.length, ...CONNACK_PROPERTIES]),
    framed(0x30, [...topic, 8, 0x23, 0, 1, 0x02, 0, 0, 0, 9, 0x31]), // topic alias, message expiry
    framed(0x30, [...topic, 11, 0x0b, 0x81, 0x01, 0x08, ...text('re'), 0x01, 1, 0x31]), // subscription id, response
    framed(0xe0, [0x8e, 0]), // DISCONNECT: session taken over
    framed(0xf0, [0x18, 7, 0x15, ...text('SCRM')]), // AUTH
  ];
}

/** What a client sends, in 3.1.1; the first is its CONNECT. */
export function clientPackets(): number[][] {
  const topic = text('plant/a');
  return [
    framed(0x10, [...text('MQTT'), 4, 2, 0, 60, ...text('fuzz')]), // version, clean, keep alive, client id
    framed(0x10, [
      ...text('MQTT'),
      4,
      0xee,
      0,
      60,
      ...text('fuzz'),
      ...text('w'),
      ...text('x'),
      ...text('u'),
      ...text('p'),
    ]),
    framed(0x30, [...topic, 0x31]),
    framed(0x33, [...topic, 0, 1, 0x31]), // retained
    framed(0x34, [...topic, 0, 2, 0x31]),
    framed(0x40, [0, 1]),
    framed(0x50, [0, 1]),
    framed(0x62, [0, 2]),
    framed(0x70, [0, 1]),
    framed(0x82, [0, 3, ...text('plant/#'), 1]), // SUBSCRIBE
    framed(0x82, [0, 4, ...text('__proto__'), 0, ...text('+/+'), 2]),
    framed(0xa2, [0, 5, ...text('plant/#')]), // UNSUBSCRIBE
    [0xc0, 0], // PINGREQ
    [0xe0, 0], // DISCONNECT
  ];
}

function framed(first: number, body: number[]): number[] {
  return [first, body.length, ...body];
}

const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff];

/** One packet with zero to three accidents. */
export function mutated(packets: readonly number[][], random: Random): Buffer {
  const pick = (n: number): number => Math.floor(random() * n);
  const bytes = [...packets[pick(packets.length)]];
  for (let accidents = pick(4); accidents > 0 && bytes.length > 0; accidents--) {
    const at = pick(bytes.length);
    switch (pick(7)) {
      case 0:
        bytes[at] ^= 1 << pick(8);
        break;
      case 1:
        bytes[at] = pick(256);
        break;
      case 2:
        bytes[at] = EDGES[pick(EDGES.length)];
        break;
      case 3: // cut, with a length that fits
        bytes.length = Math.max(2, at);
        bytes[1] = bytes.length - 2;
        break;
      case 4: // cut
        bytes.length = at;
        break;
      case 5: // a piece twice, with a length that fits
        bytes.splice(at, 0, ...bytes.slice(at, at + 1 + pick(8)));
        if (bytes.length < 130) bytes[1] = bytes.length - 2;
        break;
      case 6: // another kind of packet with this body
        bytes[0] = packets[pick(packets.length)][0];
        break;
    }
  }
  return Buffer.from(bytes);
}

/** Cuts bytes into chunks anywhere. */
export function chunked(bytes: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(random() * random() * 64);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
