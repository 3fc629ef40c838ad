/** Bytes that grow: numbers in the fewest bytes that give them back bit for bit. */
import { RECORD_HEAD } from './frame.ts';

const DECIMALS_MAX = 4;
const TENS = [1, 10, 100, 1000, 10_000];
/** Beyond it a whole number may stand for its neighbours. */
const WHOLE_MAX = 2 ** 47;

export class Writer {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = RECORD_HEAD;

  /** Begins a record; there is room for its head. */
  begin(): void {
    this.#length = RECORD_HEAD;
  }

  /** The record so far; good until the next `begin`. */
  get record(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  f64(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** A whole number from 0 to 2⁵³, seven bits a byte. */
  unsigned(value: number): void {
    this.#room(8);
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }

  /** A whole number, small ones of either sign in few bytes. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    this.unsigned(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#at++);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  f64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  unsigned(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.u8();
      value += (byte % 0x80) * unit;
      if (byte < 0x80) return value;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  text(): string {
    const length = this.unsigned();
    this.#at += length;
    return Buffer.from(this.#bytes.subarray(this.#at - length, this.#at)).toString();
  }
}

/** Decimals with which a value can be written as a whole number and read back bit for bit; −1: with none. */
export function decimalsOf(value: number): number {
  if (Object.is(value, -0)) return -1;
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals++) {
    const whole = Math.round(value * TENS[decimals]);
    if (Math.abs(whole) > WHOLE_MAX) return -1;
    if (whole / TENS[decimals] === value) return whole === 0 && decimals > 0 ? -1 : decimals;
  }
  return -1;
}

export function wholeOf(value: number, decimals: number): number {
  return Math.round(value * TENS[decimals]);
}

export function valueOf(whole: number, decimals: number): number {
  return whole / TENS[decimals];
}
