/**
 * Entries of the log as bytes and back, bit for bit.
 *
 *   tick      1  time f64
 *   command   2  time f64  command as JSON
 *   samples   3  rows  arrival f64 of the first  rows …  deliveries
 *   row       form u8  flags u8  number of the series, against that of the row before  arrival  time  value
 *   delivery  session u32  packet id  checksum u32
 *
 * The form of a row says how its numbers are written: arrival as before, so many ms later, or in full; time equal to
 * the arrival, so many ms off it, or in full; value as a whole number with so many decimals, or in full.
 */
import { type Batch, createBatch, createTick, pushRow } from '../../models/batch.ts';
import type { Command, Delivery, LogEntry, SeriesNumbers } from '../../models/ports.ts';
import { decimalsOf, type Reader, valueOf, wholeOf, type Writer } from './writer.ts';

const TICK = 1;
const COMMAND = 2;
const SAMPLES = 3;

/** Parts of the form of a row. */
const SAME = 0;
const OFF = 1;
const FULL = 2;
const ARRIVAL = 1;
const TIME = 4;
const VALUE = 16;
const VALUE_FULL = 15;
/** Twice as much is still a whole number like any other. */
const OFF_MAX = 2 ** 51;

export function writeEntry(to: Writer, entry: LogEntry, numbers: SeriesNumbers): void {
  if (entry.kind === 'command') {
    to.u8(COMMAND);
    to.f64(entry.time);
    to.text(JSON.stringify(entry.command));
  } else if (!Number.isNaN(entry.batch.tick)) {
    to.u8(TICK);
    to.f64(entry.batch.tick);
  } else {
    to.u8(SAMPLES);
    writeRows(to, entry.batch, numbers);
    writeDeliveries(to, entry.deliveries ?? []);
  }
}

/** @throws RangeError or SyntaxError for bytes that `writeEntry` did not write */
export function readEntry(from: Reader, numbers: SeriesNumbers): LogEntry {
  const kind = from.u8();
  if (kind === COMMAND) {
    const time = from.f64();
    return { kind: 'command', time, command: JSON.parse(from.text()) as Command };
  }
  if (kind === TICK) return { kind: 'batch', batch: createTick(from.f64()) };
  if (kind !== SAMPLES) throw new RangeError(`an entry of the log: expected kind 1 to 3, got ${kind}`);
  const batch = readRows(from, numbers);
  const deliveries = readDeliveries(from);
  return deliveries.length === 0 ? { kind: 'batch', batch } : { kind: 'batch', batch, deliveries };
}

function writeRows(to: Writer, batch: Batch, numbers: SeriesNumbers): void {
  to.unsigned(batch.length);
  if (batch.length === 0) return;
  let before = batch.arrival[0];
  let numberBefore = -1;
  to.f64(before);
  for (let row = 0; row < batch.length; row++) {
    const arrival = batch.arrival[row];
    const time = batch.time[row];
    const value = batch.value[row];
    const decimals = decimalsOf(value);
    const arrivalForm = formOf(arrival, before);
    const timeForm = formOf(time, arrival);
    to.u8(ARRIVAL * arrivalForm + TIME * timeForm + VALUE * (decimals < 0 ? VALUE_FULL : decimals));
    to.u8(batch.flags[row]);
    const number = numbers.numberAt(batch.series[row]);
    to.signed(number - numberBefore - 1);
    writeNumber(to, arrivalForm, arrival, before);
    writeNumber(to, timeForm, time, arrival);
    if (decimals < 0) to.f64(value);
    else to.signed(wholeOf(value, decimals));
    before = arrival;
    numberBefore = number;
  }
}

function readRows(from: Reader, numbers: SeriesNumbers): Batch {
  const length = from.unsigned();
  const batch = createBatch(length);
  if (length === 0) return batch;
  let before = from.f64();
  let numberBefore = -1;
  for (let row = 0; row < length; row++) {
    const form = from.u8();
    const flags = from.u8();
    const number = numberBefore + 1 + from.signed();
    const arrival = readNumber(from, form & 3, before);
    const time = readNumber(from, (form >> 2) & 3, arrival);
    const decimals = form >> 4;
    const value = decimals === VALUE_FULL ? from.f64() : valueOf(from.signed(), decimals);
    pushRow(batch, numbers.indexOf(number), time, arrival, value, flags);
    before = arrival;
    numberBefore = number;
  }
  return batch;
}

function formOf(value: number, base: number): number {
  if (Object.is(value, base)) return SAME;
  if (Object.is(value, -0)) return FULL;
  const off = value - base;
  return Number.isInteger(off) && Math.abs(off) < OFF_MAX && base + off === value ? OFF : FULL;
}

function writeNumber(to: Writer, form: number, value: number, base: number): void {
  if (form === OFF) to.signed(value - base);
  else if (form === FULL) to.f64(value);
}

function readNumber(from: Reader, form: number, base: number): number {
  if (form === SAME) return base;
  return form === OFF ? base + from.signed() : from.f64();
}

function writeDeliveries(to: Writer, deliveries: readonly Delivery[]): void {
  to.unsigned(deliveries.length);
  for (const { session, packetId, checksum } of deliveries) {
    to.u32(session);
    to.unsigned(packetId);
    to.u32(checksum);
  }
}

function readDeliveries(from: Reader): Delivery[] {
  return Array.from({ length: from.unsigned() }, () => {
    const session = from.u32();
    return { session, packetId: from.unsigned(), checksum: from.u32() };
  });
}
