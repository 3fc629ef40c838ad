/**
 * Looks at the frame of every MQTT packet before a parser does, and cuts the connection where it is not well formed.
 *
 *   byte 1       type (4 bits), flags (4 bits)
 *   bytes 2…5    remaining length, 7 bits a byte, the last one below 128
 *   then         PUBLISH: length of the topic, topic, packet id where QoS > 0; acks and subscriptions: packet id
 *
 * A parser that trusts these numbers reads past the end of a packet, or gathers what a length promised until memory is
 * gone. Payloads are counted and never kept, so the state is a few numbers, however large a packet says it is.
 *
 * Source: MQTT 3.1.1 and MQTT 5.0, section 2.
 */
import { Duplex } from 'node:stream';

export type FrameViolation =
  | 'packet_too_large'
  | 'packet_too_short'
  | 'packet_id_zero'
  | 'reserved_type'
  | 'reserved_flags'
  | 'length_malformed'
  /** A packet that only the other side may send, or one before the connection was asked for or granted. */
  | 'unexpected_type';

export interface FrameLimits {
  /** Whose packets these are. */
  from: 'broker' | 'client';
  packetBytesMax: number;
}

/** Of a client of our own broker, which keeps what it is told to retain. */
export const PACKET_BYTES_MAX = 256 * 1024;
/**
 * Of somebody else's broker. A payload no decoder takes still has to pass: a retained one would come again with every
 * connection, and 3.1.1 knows no way to ask for it to be left out.
 */
export const REMOTE_PACKET_BYTES_MAX = 16 * 1024 * 1024;

const TYPE = { connect: 1, connack: 2, publish: 3, subscribe: 8, suback: 9, unsubscribe: 10, unsuback: 11 } as const;
/** Types by number, 1…15; 0 is reserved. */
const BY_BROKER = new Set([TYPE.connack, TYPE.publish, 4, 5, 6, 7, TYPE.suback, TYPE.unsuback, 13, 14, 15]);
const BY_CLIENT = new Set([TYPE.connect, TYPE.publish, 4, 5, 6, 7, TYPE.subscribe, TYPE.unsubscribe, 12, 14, 15]);
/** PUBACK, PUBREC, PUBREL, PUBCOMP, and what subscribes. */
const WITH_ID = new Set([4, 5, 6, 7, TYPE.subscribe, TYPE.suback, TYPE.unsubscribe, TYPE.unsuback]);
/** Flags of all types but PUBLISH: PUBREL, SUBSCRIBE and UNSUBSCRIBE have one. */
const flagsOf = (type: number): number => (type === 6 || type === TYPE.subscribe || type === TYPE.unsubscribe ? 2 : 0);
const LENGTH_BYTES_MAX = 4;

/** What the next byte is; `rest` is any byte that does not matter. */
type Place = 'type' | 'length' | 'topicHigh' | 'topicLow' | 'topic' | 'idHigh' | 'idLow' | 'rest';

export class FrameGuard {
  /** Once set, nothing more is to be read. */
  violation: FrameViolation | undefined;

  readonly #limits: FrameLimits;
  readonly #expected: ReadonlySet<number>;
  readonly #first: number;
  #opened = false;
  #place: Place = 'type';
  #type = 0;
  #withId = false;
  #lengthBytes = 0;
  /** Bytes of this packet still to come; while the length is read, its value so far. */
  #left = 0;
  /** Bytes of the topic still to come. */
  #topic = 0;
  #id = 0;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
    this.#expected = limits.from === 'broker' ? BY_BROKER : BY_CLIENT;
    this.#first = limits.from === 'broker' ? TYPE.connack : TYPE.connect;
  }

  /**
   * Looks at a chunk; packets may be cut anywhere.
   *
   * @returns where the packet at `from` ends in this chunk; its length where it does not
   */
  scan(chunk: Uint8Array, from: number): number {
    let at = from;
    do {
      if (this.#place === 'topic' || this.#place === 'rest') at += this.#skip(chunk.length - at);
      else this.#take(chunk[at++]);
    } while (at < chunk.length && this.violation === undefined && this.#place !== 'type');
    return at;
  }

  #skip(available: number): number {
    const inTopic = this.#place === 'topic';
    const skipped = Math.min(available, inTopic ? this.#topic : this.#left);
    this.#left -= skipped;
    if (!inTopic) {
      if (this.#left === 0) this.#place = 'type';
    } else if ((this.#topic -= skipped) === 0) this.#afterTopic();
    return skipped;
  }

  #take(byte: number): void {
    switch (this.#place) {
      case 'type':
        return this.#takeType(byte);
      case 'length':
        return this.#takeLength(byte);
      case 'topicHigh':
        this.#topic = byte << 8;
        this.#place = 'topicLow';
        break;
      case 'topicLow':
        this.#topic |= byte;
        this.#left--;
        this.#takeTopicLength();
        return;
      case 'idHigh':
        this.#id = byte << 8;
        this.#place = 'idLow';
        break;
      case 'idLow':
        if ((this.#id | byte) === 0) this.violation = 'packet_id_zero';
        this.#left--;
        this.#goOn();
        return;
      case 'topic':
      case 'rest':
        break;
    }
    this.#left--;
  }

  #takeType(byte: number): void {
    this.#type = byte >> 4;
    const publish = this.#type === TYPE.publish;
    const qos = publish ? (byte >> 1) & 3 : 0;
    if (this.#type === 0) this.violation = 'reserved_type';
    else if (!this.#expected.has(this.#type)) this.violation = 'unexpected_type';
    else if (!this.#opened && this.#type !== this.#first) this.violation = 'unexpected_type';
    else if (this.#opened && this.#type === this.#first) this.violation = 'unexpected_type';
    else if (publish ? qos === 3 : (byte & 15) !== flagsOf(this.#type)) this.violation = 'reserved_flags';
    this.#opened = true;
    this.#withId = qos > 0 || WITH_ID.has(this.#type);
    this.#place = 'length';
    this.#left = 0;
    this.#lengthBytes = 0;
  }

  #takeLength(byte: number): void {
    this.#left += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes++;
    if (byte < 0x80) this.#beginBody();
    else if (this.#lengthBytes === LENGTH_BYTES_MAX) this.violation = 'length_malformed';
  }

  #beginBody(): void {
    const publish = this.#type === TYPE.publish;
    const least = (publish ? 2 : 0) + (this.#withId ? 2 : 0) + (this.#type === TYPE.connack ? 2 : 0);
    if (1 + this.#lengthBytes + this.#left > this.#limits.packetBytesMax) this.violation = 'packet_too_large';
    else if (this.#left < least) this.violation = 'packet_too_short';
    else if (publish) this.#place = 'topicHigh';
    else if (this.#withId) this.#place = 'idHigh';
    else this.#goOn();
  }

  #takeTopicLength(): void {
    if (this.#topic + (this.#withId ? 2 : 0) > this.#left) this.violation = 'packet_too_short';
    else if (this.#topic > 0) this.#place = 'topic';
    else this.#afterTopic();
  }

  #afterTopic(): void {
    if (this.#withId) this.#place = 'idHigh';
    else this.#goOn();
  }

  #goOn(): void {
    this.#place = this.#left === 0 ? 'type' : 'rest';
  }
}

/**
 * A connection behind a guard: what comes in was looked at, what goes out passes as it is. At the first violation the
 * connection is destroyed, without an error event.
 *
 * No chunk goes beyond the end of a packet, because a parser that finds fault with the inside of one throws away its
 * chunk and begins anew with the next, which then has to begin where a packet begins.
 */
export class GuardedStream extends Duplex {
  readonly #inner: Duplex;
  #held = false;
  #wanted = false;

  constructor(inner: Duplex, limits: FrameLimits, onViolation: (violation: FrameViolation) => void) {
    super();
    this.#inner = inner;
    const guard = new FrameGuard(limits);
    inner.pause();
    inner.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length && !this.destroyed;) {
        const end = guard.scan(chunk, at);
        if (guard.violation !== undefined) {
          this.destroy();
          onViolation(guard.violation);
          return;
        }
        this.#wanted = this.push(chunk.subarray(at, end));
        at = end;
      }
      if (!this.#wanted) inner.pause();
    });
    inner.on('end', () => this.push(null));
    inner.on('error', (error) => this.destroy(error));
    inner.on('close', () => {
      // What came before an orderly end is still to be read.
      if (inner.readableEnded && !this.readableEnded) this.once('end', () => this.destroy());
      else this.destroy();
    });
  }

  /** Reads nothing more from the connection, so that the peer waits. */
  hold(): void {
    this.#held = true;
    this.#inner.pause();
  }

  release(): void {
    this.#held = false;
    if (this.#wanted) this.#inner.resume();
  }

  override _read(): void {
    this.#wanted = true;
    if (!this.#held) this.#inner.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, encoding, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#inner.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
