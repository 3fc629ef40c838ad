/** Numbers and times as people read them: few digits, fixed shapes, local time. */
const NONE = '–';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const shortClock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** A measured value: about four significant digits, and the same number of decimals for values of one size. */
export function formatValue(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e9 || size < 1e-3) return minus(value.toExponential(2));
  if (size >= 1000) return minus(whole.format(value));
  return minus(value.toFixed(size >= 100 ? 1 : size >= 1 ? 2 : 3));
}

const LARGE: readonly [size: number, sign: string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
];

/** A value on an axis whose labels lie `step` apart: just the decimals that tell neighbours apart. */
export function formatTick(value: number, step: number): string {
  const size = Math.abs(value);
  if (size >= 1e12 || (size > 0 && size < 1e-3 && step < 1e-3)) return minus(value.toExponential(1).replace('+', ''));
  const [unit, sign] = LARGE.find(([from]) => size >= from) ?? [1, ''];
  const text = (value / unit).toFixed(decimalsOf(step / unit));
  return minus(Number(text) === 0 ? text.replace('-', '') : text) + sign;
}

/** 0 for 5, 1 for 2.5, 2 for 0.25. */
function decimalsOf(step: number): number {
  let decimals = 0;
  for (let scaled = step; decimals < 5 && Math.abs(scaled - Math.round(scaled)) > 1e-6; scaled *= 10) decimals += 1;
  return decimals;
}

/** A typographic minus is as wide as a digit, so a column of numbers stands still. */
function minus(text: string): string {
  return text.replaceAll('-', '−');
}

export function formatCount(count: number): string {
  return whole.format(count);
}

export function formatRate(perSecond: number): string {
  return perSecond < 10 && !Number.isInteger(perSecond) ? perSecond.toFixed(1) : whole.format(perSecond);
}

export function formatPercent(share: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`;
}

/** Two neighbouring units at most: `42 s`, `4 min 07 s`, `2 h 05 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${pad(Math.floor(seconds / 60) % 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor(seconds / 3600) % 24} h`;
}

/** How often something happens, of events a day: `3 a day`, `once in 12 days`, `once in 2 years`. */
export function formatRarity(perDay: number): string {
  if (perDay >= 2 / 3) return `${perDay < 9.5 ? Math.round(perDay) : Math.round(perDay / 5) * 5} a day`;
  const days = 1 / perDay;
  if (days < 45) return `once in ${Math.round(days)} days`;
  if (days < 500) return `once in ${Math.round(days / 30)} months`;
  const years = Math.round(days / 365);
  return years <= 10 ? `once in ${years === 1 ? 'a year' : `${years} years`}` : 'once in decades';
}

/** A short delay, where tenths of a second matter. */
export function formatDelay(ms: number | null): string {
  if (ms === null) return NONE;
  return ms < 59_950 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : formatDuration(ms);
}

/** Local time; the day is said only when it is not today. */
export function formatTime(time: number, now: number): string {
  if (!Number.isFinite(time)) return NONE;
  const today = new Date(time).toDateString() === new Date(now).toDateString();
  return today ? clock.format(time) : `${day.format(time)} ${shortClock.format(time)}`;
}

/** A label of a time axis whose labels lie `step` milliseconds apart. */
export function formatClockTick(time: number, step: number): string {
  return (step < 60_000 ? clock : shortClock).format(time);
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
