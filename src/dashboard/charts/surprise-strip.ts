/** The surprise of each sample, −log10 p, under an enlarged chart: how far from usual, on one scale for all series. */
import type uPlot from 'uplot';

import type { ChartColumns } from './columns.ts';
import { palette } from './palette.ts';
import { makePlot, show, timeAxis, valueAxis } from './plot.ts';
import type { Span } from './span.ts';

/** 4 is one sample in ten thousand: a quiet series then stays low in the strip instead of filling it. */
const TOP_MIN = 4;

export class SurpriseStrip {
  readonly #plot: uPlot;
  readonly destroy: () => void;

  constructor(host: HTMLElement, height: number) {
    const { plot, destroy } = makePlot(host, {
      height,
      series: [
        {
          stroke: () => palette().surprise,
          fill: () => palette().surpriseFill,
          width: 1,
          points: { show: false },
        },
      ],
      axes: [timeAxis(), valueAxis()],
    });
    this.#plot = plot;
    this.destroy = destroy;
  }

  draw(columns: ChartColumns, span: Span): void {
    const top = columns.z.reduce<number>((max, z) => Math.max(max, z ?? 0), TOP_MIN);
    show(this.#plot, [columns.t, columns.z], [span.from, span.to], [0, top * 1.05]);
  }
}
