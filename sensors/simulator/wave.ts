/**
 * A signal as a finite sum of sinusoids: mean + Σ a·sin(2πt/P + φ), in two parts, the daily shape and the wander.
 *
 * Nothing else is needed to simulate a machine without remembering its past, because everything one wants to do to such
 * a sum has a closed form: a first-order lag with time constant τ turns each term by −atan(ωτ) and divides it by
 * √(1 + (ωτ)²); a meter that adds it up is the sum of the integrated terms.
 */
import { uniform } from './hash.ts';

interface Term {
  readonly periodMs: number;
  readonly amplitude: number;
  readonly phase: number;
}

export interface Wave {
  readonly mean: number;
  /** Repeats every season. */
  readonly daily: readonly Term[];
  /** Never repeats: periods that share no multiple with the season. */
  readonly wander: readonly Term[];
}

/**
 * @param dayTime     the time of day to play, epoch ms
 * @param wanderTime  the moment whose wander to play, epoch ms; differs from dayTime only under a fault
 */
export function waveAt(wave: Wave, dayTime: number, wanderTime: number = dayTime): number {
  return wave.mean + sumAt(wave.daily, dayTime) + sumAt(wave.wander, wanderTime);
}

/** ∫ wave dt, in (unit of the wave)·ms, up to a constant: only differences mean something. */
export function integralAt(wave: Wave, time: number): number {
  return wave.mean * time + integratedSum(wave.daily, time) + integratedSum(wave.wander, time);
}

export function scaled(wave: Wave, gain: number, offset: number): Wave {
  const scale = (terms: readonly Term[]): Term[] => terms.map((t) => ({ ...t, amplitude: gain * t.amplitude }));
  return { mean: offset + gain * wave.mean, daily: scale(wave.daily), wander: scale(wave.wander) };
}

/** The same wave behind a first-order lag: later and flatter, short periods most. */
export function lagged(wave: Wave, lagMs: number): Wave {
  const lag = (terms: readonly Term[]): Term[] => terms.map((t) => laggedTerm(t, lagMs));
  return { mean: wave.mean, daily: lag(wave.daily), wander: lag(wave.wander) };
}

/** Peak to peak of the daily shape. */
export function dailyRange(wave: Wave, seasonMs: number): number {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < 288; i++) {
    const y = sumAt(wave.daily, (i / 288) * seasonMs);
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  return high - low;
}

/** One daily harmonic, at its highest at `peakHour` of 24. */
export function harmonic(seasonMs: number, k: number, amplitude: number, peakHour: number): Term {
  return { periodMs: seasonMs / k, amplitude, phase: Math.PI / 2 - (2 * Math.PI * k * peakHour) / 24 };
}

const SHIFT_HARMONICS = 8;

/**
 * A working shift: up by `height` between two hours of the day, mean removed. The Fourier series of the rectangle with
 * Lanczos' sigma factors, which take away the ringing and leave a ramp of about a ninth of the day.
 */
export function shiftPulse(seasonMs: number, height: number, fromHour: number, toHour: number): Term[] {
  const duty = (toHour - fromHour) / 24;
  return Array.from({ length: SHIFT_HARMONICS }, (_, i) => {
    const k = i + 1;
    const x = (Math.PI * k) / (SHIFT_HARMONICS + 1);
    const sigma = Math.sin(x) / x;
    const amplitude = ((2 * height) / (Math.PI * k)) * Math.sin(Math.PI * k * duty) * sigma;
    return harmonic(seasonMs, k, amplitude, (fromHour + toHour) / 2);
  });
}

/** Mean periods of the wander, in hours of the 24-hour season; each seed varies them by a tenth. */
const WANDER_HOURS = [6.7, 17.3, 43.1];

/** Slow wander with the given sd; seed and stream choose periods and phases. */
export function wander(seed: number, stream: number, seasonMs: number, sd: number): Term[] {
  const amplitude = sd * Math.sqrt(2 / WANDER_HOURS.length);
  return WANDER_HOURS.map((hours, i) => ({
    // Whole milliseconds, so that the remainder of an epoch time is exact.
    periodMs: Math.max(1, Math.round((hours / 24) * seasonMs * (0.9 + 0.2 * uniform(seed, stream, 2 * i)))),
    amplitude,
    phase: 2 * Math.PI * uniform(seed, stream, 2 * i + 1),
  }));
}

// The remainder comes first: a sine of 10⁷ turns would lose digits.
function angleAt(term: Term, time: number): number {
  return (2 * Math.PI * (time % term.periodMs)) / term.periodMs + term.phase;
}

function sumAt(terms: readonly Term[], time: number): number {
  let sum = 0;
  for (const term of terms) sum += term.amplitude * Math.sin(angleAt(term, time));
  return sum;
}

function integratedSum(terms: readonly Term[], time: number): number {
  let sum = 0;
  for (const term of terms) sum -= ((term.amplitude * term.periodMs) / (2 * Math.PI)) * Math.cos(angleAt(term, time));
  return sum;
}

function laggedTerm(term: Term, lagMs: number): Term {
  const x = (2 * Math.PI * lagMs) / term.periodMs;
  return { ...term, amplitude: term.amplitude / Math.sqrt(1 + x * x), phase: term.phase - Math.atan(x) };
}
