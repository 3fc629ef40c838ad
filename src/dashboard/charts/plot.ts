/** What the charts of this page share: a plot without title, legend or own zoom, with quiet axes. */
import uPlot from 'uplot';

import { formatClockTick, formatTick } from '../format.ts';
import { palette } from './palette.ts';

const Y_AXIS_WIDTH = 50;
const X_AXIS_HEIGHT = 22;

const quietAxis: Partial<uPlot.Axis> = {
  stroke: () => palette().label,
  ticks: { show: false },
  gap: 4,
};

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Steps between time labels that people count in; uPlot's own jump from one minute to five. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12, 24].map((n) => n * HOUR),
];

/** 1, 2, 5, 10 … but no finer than labels of five digits can tell apart: a meter reads 119 245, not 119 245.25. */
function valueSteps(min: number, max: number): number[] {
  const finest = Math.floor(Math.log10(Math.max(Math.abs(min), Math.abs(max), 1e-12))) - 5;
  const decades = Array.from({ length: 8 }, (_, i) => finest + i);
  // Powers by their decimal text: 10 ** -5 is not the double nearest to 0.00001.
  return decades.flatMap((decade) => [1, 2, 5].map((n) => Number(`${n}e${decade}`)));
}

export function timeAxis(): uPlot.Axis {
  return {
    ...quietAxis,
    font: palette().font,
    size: X_AXIS_HEIGHT,
    space: 56,
    incrs: TIME_STEPS,
    grid: { show: false },
    values: (_plot, splits, _axis, _space, step) => splits.map((time) => formatClockTick(time, step)),
  };
}

export function valueAxis(values?: (splits: number[]) => string[]): uPlot.Axis {
  return {
    ...quietAxis,
    font: palette().font,
    size: Y_AXIS_WIDTH,
    space: 28,
    incrs: (_plot, _axis, min, max) => valueSteps(min, max),
    grid: { stroke: () => palette().grid, width: 1 },
    values: (plot, splits, _axis, _space, step) => {
      // A scale without samples would be a made-up one.
      if (plot.data[0].length === 0) return splits.map(() => '');
      return values?.(splits) ?? splits.map((value) => formatTick(value, step));
    },
  };
}

export interface PlotParts {
  height: number;
  series: uPlot.Series[];
  axes: uPlot.Axis[];
  bands?: uPlot.Band[];
  plugins?: uPlot.Plugin[];
  cursor?: uPlot.Cursor;
}

/** An empty plot as wide as its host, and following it. Call `destroy` when done. */
export function makePlot(host: HTMLElement, parts: PlotParts): { plot: uPlot; destroy: () => void } {
  const { series, ...rest } = parts;
  const options: uPlot.Options = {
    ...rest,
    width: host.clientWidth,
    ms: 1,
    series: [{}, ...series],
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    legend: { show: false },
    cursor: parts.cursor ?? { show: false },
    padding: [6, 16, 0, 0],
  };
  const plot = new uPlot(options, [[], ...series.map(() => [])], host);
  const observer = new ResizeObserver(() => {
    const width = host.clientWidth;
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: parts.height });
  });
  observer.observe(host);
  const destroy = () => {
    observer.disconnect();
    plot.destroy();
  };
  return { plot, destroy };
}

export function show(plot: uPlot, data: uPlot.AlignedData, x: [number, number], y: [number, number]): void {
  plot.batch(() => {
    plot.setData(data, false);
    plot.setScale('x', { min: x[0], max: x[1] });
    plot.setScale('y', { min: y[0], max: y[1] });
  });
}
