/** What a daemon says of itself, as numbers. */
import type { Telemetry } from '../../src/telemetry.ts';

/** Sum over all series of a metric whose labels have this text in them. */
export async function metricOf({ metrics }: Telemetry, name: string, label = ''): Promise<number> {
  const text = await metrics.getSingleMetricAsString(`tidewatch_${name}`);
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
