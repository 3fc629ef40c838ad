/** Alerts on a chart: a wash from start to end, a bar on top, a line where it began. */
import type uPlot from 'uplot';

import type { AlertDocument } from '../../../models/alert-document.ts';
import { palette } from './palette.ts';

const BAR_HEIGHT = 3;
/** A one-sample alert must still be seen. */
const WIDTH_MIN = 3;

/** `alerts` is asked at each draw; an open alert reaches up to the right edge. */
export function alertShading(alerts: () => readonly AlertDocument[]): uPlot.Plugin {
  return { hooks: { drawAxes: (plot) => shade(plot, alerts()) } };
}

function shade(plot: uPlot, alerts: readonly AlertDocument[]): void {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales['x'];
  if (min === undefined || max === undefined || alerts.length === 0) return;
  const ratio = devicePixelRatio;
  const { alertFill, alertEdge } = palette();
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const alert of alerts) {
    const start = Date.parse(alert.started_at);
    const end = alert.ended_at === null ? max : Date.parse(alert.ended_at);
    if (end < min || start > max) continue;
    const left = Math.round(plot.valToPos(start, 'x', true));
    const right = Math.round(plot.valToPos(end, 'x', true));
    const width = Math.max(WIDTH_MIN * ratio, right - left);
    ctx.fillStyle = alertFill[alert.severity];
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.fillStyle = alertEdge[alert.severity];
    ctx.fillRect(left, bbox.top, width, BAR_HEIGHT * ratio);
    ctx.fillRect(left, bbox.top, Math.max(1, Math.round(ratio)), bbox.height);
  }
  ctx.restore();
}
