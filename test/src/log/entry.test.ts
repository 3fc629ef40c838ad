import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batch, createBatch, createTick, pushRow } from '../../../models/batch.ts';
import type { LogEntry } from '../../../models/ports.ts';
import { readEntry, writeEntry } from '../../../src/log/entry.ts';
import { RECORD_HEAD } from '../../../src/log/frame.ts';
import { Reader, Writer } from '../../../src/log/writer.ts';

const SAME = { numberAt: (index: number) => index, indexOf: (number: number) => number };
const writer = new Writer();

function bytesOf(entry: LogEntry): Uint8Array {
  writer.begin();
  writeEntry(writer, entry, SAME);
  return writer.record.slice(RECORD_HEAD);
}

const again = (entry: LogEntry): LogEntry => readEntry(new Reader(bytesOf(entry)), SAME);

type Row = [series: number, time: number, arrival: number, value: number, flags: number];

function batchOf(rows: readonly Row[]): Batch {
  const batch = createBatch(rows.length);
  for (const row of rows) pushRow(batch, ...row);
  return batch;
}

const rowsOf = ({ length, series, time, arrival, value, flags }: Batch): Row[] =>
  Array.from({ length }, (_, i) => [series[i], time[i], arrival[i], value[i], flags[i]]);

const number = fc.oneof(
  fc.double(),
  fc.integer({ min: -100_000, max: 100_000 }).map((whole) => whole / 100),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2),
);
const time = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.double({ min: 1.7e12, max: 1.8e12, noNaN: true }),
  number,
);
const row = fc.tuple(fc.integer({ min: -1, max: 100_000 }), time, time, number, fc.integer({ min: 0, max: 255 }));

describe('an entry of the log', () => {
  it('of samples comes back bit for bit, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 50 }), (rows) => {
        const entry = again({ kind: 'batch', batch: batchOf(rows) });
        if (entry.kind !== 'batch') throw new Error('expected samples');
        const got = rowsOf(entry.batch);
        // toEqual tells −0 from 0 and takes NaN for NaN.
        expect(got).toEqual(rows);
      }),
      { numRuns: 2000 },
    );
  });

  it('of samples carries the messages they came in', () => {
    const deliveries = [
      { session: 0xff_ff_ff_ff, packetId: 65_535, checksum: 0xff_ff_ff_ff },
      { session: 0, packetId: 1, checksum: 0 },
    ];
    expect(again({ kind: 'batch', batch: batchOf([[1, 2, 3, 4, 5]]), deliveries })).toMatchObject({ deliveries });
    expect(again({ kind: 'batch', batch: batchOf([[1, 2, 3, 4, 5]]) })).not.toHaveProperty('deliveries');
  });

  it('of a sensor that reports decimals takes few bytes', () => {
    const rows = Array.from({ length: 100 }, (_, i): Row => [i, 1_763_640_000_000, 1_763_640_000_003, 21.37, 0]);
    expect(bytesOf({ kind: 'batch', batch: batchOf(rows) }).length / 100).toBeLessThan(7);
  });

  it('of the clock and of a person come back as they were', () => {
    const tick = again({ kind: 'batch', batch: createTick(1_763_640_000_000.5) });
    expect(tick).toMatchObject({ kind: 'batch', batch: { tick: 1_763_640_000_000.5, length: 0 } });
    const command = { kind: 'command', time: 7, command: { verb: 'ack', series: 'a\n"\u0000"' } } as const;
    expect(again(command)).toEqual(command);
  });

  it('of an unknown kind is refused', () => {
    expect(() => readEntry(new Reader(Uint8Array.of(9)), SAME)).toThrow('expected kind 1 to 3, got 9');
  });
});
