/** Value, expectation and band of one series over time, with its alerts behind them. */
import uPlot from 'uplot';

import type { AlertDocument } from '../../../models/alert-document.ts';
import type { ChartColumns } from './columns.ts';
import { alertShading } from './alert-shading.ts';
import { palette } from './palette.ts';
import { makePlot, show, timeAxis, valueAxis } from './plot.ts';
import type { Span } from './span.ts';
import { valueRange } from './value-range.ts';

export interface ValueChartOptions {
  height: number;
  /** Two states with steps between them, in place of a line. */
  onOff: boolean;
  /** Called with the index into the drawn columns under the pointer, null when it left. Absent: no cursor. */
  onPoint?: (index: number | null) => void;
}

/** Below this many samples in view, each gets a dot: a line alone would hide how few they are. */
const DOTS_MAX = 40;
const READING_CURSOR: uPlot.Cursor = {
  y: false,
  drag: { x: false, y: false, setScale: false },
  points: { size: 7, width: 0 },
};
const ON_OFF_RANGE: [number, number] = [-0.2, 1.2];

export class ValueChart {
  readonly #plot: uPlot;
  readonly #onOff: boolean;
  readonly destroy: () => void;
  #alerts: readonly AlertDocument[] = [];

  constructor(host: HTMLElement, options: ValueChartOptions) {
    this.#onOff = options.onOff;
    const { plot, destroy } = makePlot(host, {
      height: options.height,
      series: seriesOf(options.onOff),
      bands: [{ series: [2, 1], fill: () => palette().band }],
      axes: [timeAxis(), options.onOff ? onOffAxis() : valueAxis()],
      plugins: [alertShading(() => this.#alerts), ...(options.onPoint ? [pointerReport(options.onPoint)] : [])],
      ...(options.onPoint ? { cursor: READING_CURSOR } : {}),
    });
    this.#plot = plot;
    this.destroy = destroy;
  }

  draw(columns: ChartColumns, span: Span, alerts: readonly AlertDocument[]): void {
    this.#alerts = alerts;
    const range = this.#onOff ? ON_OFF_RANGE : valueRange(columns);
    const { t, lo, hi, e, y } = columns;
    show(this.#plot, [t, lo, hi, y, e], [span.from, span.to], range);
  }
}

function seriesOf(onOff: boolean): uPlot.Series[] {
  const stepped = uPlot.paths.stepped;
  const paths = onOff && stepped ? { paths: stepped({ align: 1 }) } : {};
  const edge: uPlot.Series = { ...paths, stroke: 'transparent', width: 0, points: { show: false } };
  const expectation: uPlot.Series = {
    ...paths,
    stroke: () => palette().expectation,
    width: 1,
    dash: [4, 3],
    points: { show: false },
  };
  const value: uPlot.Series = {
    ...paths,
    stroke: () => palette().line,
    width: 1.75,
    points: {
      show: (_plot, _series, first, last) => !onOff && last - first < DOTS_MAX,
      size: 4,
      width: 0,
      fill: () => palette().line,
    },
  };
  // The expectation on top: under a noisy line it would not be seen.
  return [edge, { ...edge }, value, expectation];
}

function onOffAxis(): uPlot.Axis {
  return { ...valueAxis((splits) => splits.map((value) => (value === 1 ? 'on' : 'off'))), splits: () => [0, 1] };
}

function pointerReport(onPoint: (index: number | null) => void): uPlot.Plugin {
  return { hooks: { setCursor: (plot) => onPoint(plot.cursor.idx ?? null) } };
}
