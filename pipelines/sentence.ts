/** What an alert says to a person, in one sentence. */
import type { AlertReason } from '../models/alert-document.ts';

export interface Facts {
  /** As in `line1/pump/pressure`. */
  source: string;
  unit: string;
  reason: AlertReason;
  value: number;
  lower: number;
  upper: number;
  expected: number;
  /** How long the alert lasts, ms. */
  duration: number;
}

export function sentence(facts: Facts): string {
  const { source, reason, value, expected, lower, upper } = facts;
  const name = nameOf(source);
  const amount = (x: number) => quantity(x, facts.unit);
  const band = Number.isFinite(lower) ? `, expected ${plain(lower)} to ${amount(upper)}` : '';
  switch (reason) {
    case 'silence':
      return `${name} is silent: no reading for longer than it was ever quiet.`;
    case 'stuck':
      return `${name} is stuck at ${amount(value)}: it repeats itself longer than it ever did.`;
    case 'new_extreme':
      return `${name} is ${amount(value)}, ${value > expected ? 'higher' : 'lower'} than ever seen${band}.`;
    case 'lasting_error':
      return `${name} has been off for a while: ${amount(value)} now${band}.`;
    case 'prediction_error':
      return `${name} is ${amount(value)}${band}.`;
  }
}

/** `line1/pump/pressure` → `Line1 pump pressure`. */
function nameOf(source: string): string {
  const words = source.replaceAll('/', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function quantity(x: number, unit: string): string {
  return unit === '' ? plain(x) : `${plain(x)} ${unit}`;
}

/** Four significant digits, without trailing zeros or exponents where they can be avoided. */
function plain(x: number): string {
  if (!Number.isFinite(x)) return 'unknown';
  const rounded = Number(x.toPrecision(4));
  return Math.abs(rounded) >= 1e15 ? rounded.toExponential() : String(rounded);
}
