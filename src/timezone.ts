/**
 * Local time by time zone, daylight saving included, without asking Intl for every sample.
 *
 * Offsets change only at full quarter hours, so one answer serves a quarter hour of UTC.
 */
const QUARTER_MS = 15 * 60_000;
const KEPT_MAX = 4096;

/** A function from epoch ms to what must be added for local time, ms. @throws RangeError for an unknown zone */
export function localOffsetOf(timezone: string): (time: number) => number {
  if (timezone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const known = new Map<number, number>();
  return (time) => {
    const quarter = Math.floor(time / QUARTER_MS);
    let offset = known.get(quarter);
    if (offset === undefined) {
      offset = offsetAt(format, quarter * QUARTER_MS);
      if (known.size >= KEPT_MAX) known.clear();
      known.set(quarter, offset);
    }
    return offset;
  };
}

function offsetAt(format: Intl.DateTimeFormat, time: number): number {
  const part = new Map<string, number>();
  for (const { type, value } of format.formatToParts(time)) part.set(type, Number(value));
  const of = (type: string) => part.get(type) ?? 0;
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) - time;
}
