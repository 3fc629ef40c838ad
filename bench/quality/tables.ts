/** The tables of one set: who reaches what, how sure the differences are, and what is found at how many false alarms. */
import { mean } from '../rows.ts';
import type { Table } from '../table.ts';
import { AlarmCurve } from './alarms.ts';
import { drawn, drawStreams, type Interval, intervalOf } from './bootstrap.ts';
import type { Stream } from './data.ts';
import { countedRows } from './figures.ts';
import { type Measured, valueOf } from './measured.ts';
import type { Measure, SetSpec } from './sets.ts';

const DRAWS = 1000;
const DRAW_SEED = 1;
/** Of fewer streams, drawing them anew tells nothing. */
const STREAMS_MIN = 8;

export function overview(set: SetSpec, measured: readonly Measured[], every: readonly number[]): Table {
  const measures = set.measures.filter(({ rowOnly }) => rowOnly !== true);
  const line = (name: string, pick: (measure: Measure) => number | undefined): string[] => [
    name,
    ...measures.map((measure) => cell(pick(measure))),
    '',
    '',
  ];
  return {
    title: `${set.title}${set.wide === true ? ' (all channels as one group)' : ''}`,
    header: ['', ...measures.map(({ id }) => id), 'µs/row', ''],
    rows: [
      ...measured.map((one) => [
        one.method.id,
        ...measures.map((measure) => cell(valueOf(one, measure, every))),
        (one.secondsPerRow * 1e6).toFixed(1),
        one.method.note,
      ]),
      line('bar', ({ bar }) => bar),
      line('stretch', ({ stretch }) => stretch),
    ],
  };
}

function cell(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** Detector minus other, with the interval that drawing the streams anew gives. */
export function differences(set: SetSpec, detector: Measured, others: readonly Measured[], streams: number): Table {
  const measures = set.measures.filter(
    ({ bar, rowOnly, uncompared }) => bar !== undefined && rowOnly !== true && uncompared !== true,
  );
  const draws = drawStreams(streams, streams < STREAMS_MIN ? 0 : DRAWS, DRAW_SEED);
  const how =
    draws.length === 0 ? 'too few streams for an interval' : `90 % interval of ${DRAWS} drawings of the streams`;
  const every = Array.from({ length: streams }, () => 1);
  const own = new Map(measures.map((measure) => [measure, drawn(detector.figures.get(measure) ?? [], draws)]));
  return {
    title: `${set.name}: detector minus other, ${how}`,
    header: ['', ...measures.map(({ id }) => id)],
    rows: others.map((other) => [
      other.method.id,
      ...measures.map((measure) => {
        const figures = other.figures.get(measure);
        if (figures === undefined) return '–';
        const difference = valueOf(detector, measure, every) - valueOf(other, measure, every);
        if (draws.length === 0) return signed(difference);
        return withInterval(difference, intervalOf(own.get(measure)!, drawn(figures, draws)));
      }),
    ]),
  };
}

function withInterval(difference: number, { low, high }: Interval): string {
  const sure = low > 0 || high < 0 ? ' *' : '';
  return `${signed(difference)} [${signed(low)}, ${signed(high)}]${sure}`;
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${cell(value)}`;
}

const FALSE_PER_THOUSAND = [0.1, 0.3, 1, 3];

/** Found against false alarms, by level and by surprise. */
export function tradeOff(set: SetSpec, streams: readonly Stream[], measured: readonly Measured[]): Table {
  const every = streams.map(() => 1);
  const lines = measured.flatMap((one) =>
    (one.method.kind === 'floor' ? (['level'] as const) : (['level', 'surprise'] as const)).map((column) => [
      one.method.kind === 'floor' ? one.method.id : `${one.method.id}, ${column}`,
      ...FALSE_PER_THOUSAND.map((perThousand) => {
        const called = one.scores.map((scores) => {
          const rows = streams.map((stream, s) => countedRows(stream, scores[s][column]));
          return new AlarmCurve(rows, { counted: 'false', perRow: perThousand / 1000 }).at(every);
        });
        const late = called.map(({ delay }) => delay).filter((delay) => !Number.isNaN(delay));
        return `${mean(called.map(({ found }) => found)).toFixed(2)} after ${late.length === 0 ? '–' : mean(late).toFixed(0)}`;
      }),
    ]),
  );
  return {
    title: `${set.name}: share of the stretches found after so many rows, by false alarms per 1,000 rows`,
    header: ['', ...FALSE_PER_THOUSAND.map(String)],
    rows: lines,
  };
}
