/** What an alert says to a person, in one sentence: what was seen at its worst, and once it is over, for how long. */
import type { Evidence } from '../models/alert.ts';
import type { AlertReason } from '../models/alert-document.ts';
import { type Limits, NO_LIMITS } from '../models/limits.ts';

export interface Facts {
  /** As in `line1/pump/pressure`. */
  source: string;
  unit: string;
  reason: AlertReason;
  worst: Evidence;
  /** What is physically possible. */
  limits?: Limits;
  /** How long the alert lasted, ms; null while it is open. */
  lasted: number | null;
}

export function sentence(facts: Facts): string {
  const { source, unit, lasted, worst } = facts;
  const name = nameOf(source);
  const is = lasted === null ? 'is' : 'was';
  const number = formatFor(worst);
  const suffix = unit === '' ? '' : ` ${unit}`;
  const amount = `${number(worst.value)}${suffix}`;
  const known = Number.isFinite(worst.lower);
  const band = known ? `, expected ${number(worst.lower)} to ${number(worst.upper)}${suffix}` : '';
  const end = lasted === null ? '.' : `; it lasted ${duration(lasted)}.`;
  return `${name} ${claim(facts, is, amount, band, suffix)}${end}`;
}

function claim(facts: Facts, is: string, amount: string, band: string, unit: string): string {
  const { reason, worst, limits = NO_LIMITS } = facts;
  switch (reason) {
    case 'silence':
      return `${is} silent for longer than it is ever quiet`;
    case 'stuck':
      return `${is} stuck at ${amount}, repeating itself longer than it ever did`;
    case 'new_extreme':
      return `${is} ${amount}, ${novelty(worst)}${band}`;
    case 'lasting_error':
      return `${is} off for a while: ${amount}${band}`;
    case 'unseasonal':
      return `${is} not what it was a season ago: ${amount}${band}`;
    case 'prediction_error':
      // Several samples together can be what no one of them is.
      if (worst.lower <= worst.value && worst.value <= worst.upper) return `${is} on the move: ${amount}${band}`;
      return `${is} ${amount}${band}`;
    case 'limit':
      return `${is} ${amount}, ${bound(worst.value, limits, unit)}`;
    case 'rate':
      return `${is} ${amount}, changing faster than its limit${speed(limits, unit)}`;
    case 'type_change':
      return `${is} sending another type of value than before`;
    case 'unlike_peers':
      return `${is} not doing what its siblings do: ${amount}${band}`;
    case 'unusual_together':
      return `${is} unlike itself: its channels do not go together as they did`;
    case 'unexpected_event':
      return 'had an event that hardly ever follows those before it';
    case 'clock_skew':
      return `${is} sending times that are further from our clock than usual`;
  }
}

function speed({ rate }: Limits, unit: string): string {
  return Number.isFinite(rate) ? ` of ${rate}${unit} a second` : '';
}

/** The limits may have been changed since. */
function bound(value: number, { min, max }: Limits, unit: string): string {
  if (value > max) return `above its limit of ${max}${unit}`;
  return value < min ? `below its limit of ${min}${unit}` : 'outside its limits';
}

/** A series that never moved has no expectation to be above or below. */
function novelty({ value, expected }: Evidence): string {
  if (value < expected) return 'lower than ever seen';
  return value > expected ? 'higher than ever seen' : 'never seen before';
}

/** `line1/pump/pressure` → `line1 pump pressure`, beginning with a capital. */
/** A group is called as what it is a group of. */
function nameOf(source: string): string {
  const words = source.replace(/\/\*+$/, '').replaceAll('/', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Digits enough to tell the ends of the band apart, or four where there is no band. */
function formatFor({ value, lower, upper }: Evidence): (x: number) => string {
  const step = upper > lower ? (upper - lower) / 100 : Math.abs(value) / 1000;
  const decimals = step > 0 ? Math.min(9, Math.max(0, Math.ceil(-Math.log10(step)))) : 0;
  return (x) => {
    if (!Number.isFinite(x)) return 'unknown';
    return Math.abs(x) >= 1e15 ? x.toExponential(3) : String(Number(x.toFixed(decimals)));
  };
}

/** 8 s, 12 min, 3 h: two digits are enough to judge by. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
