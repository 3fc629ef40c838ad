/**
 * Four series with a fault now and then, and what the detector makes of each fault.
 *
 *   level + noise   6·sin over the season   two sines   a value that drifts back (AR .9)      one sample a minute
 *
 *   spike        8–16 σ, one sample               shift        6–12 σ, 20–60 samples
 *   drift        to 8–16 σ in 12–24 samples       noise        4–8 σ more of it, 20–60
 *   oscillation  ± 4–8 σ in turn, 20–60           stuck        the last value again and again, 20–60
 *
 * Either way up, in an order drawn by chance, at least 800 samples apart.
 */
import { createBatch, pushRow } from '../models/batch.ts';
import { DEFAULTS, Detector } from '../models/detector.ts';
import { meanOf, scaleOf } from '../models/frame.ts';
import { createRandom, gaussian, type Random } from '../models/random.ts';
import { clearWindow, enterWindow, SIGNATURE_SIZE, signatureOf, standardised } from '../models/signature.ts';

export const SIGNATURE_FAULTS = ['spike', 'shift', 'drift', 'noise', 'oscillation', 'stuck'] as const;
type Kind = (typeof SIGNATURE_FAULTS)[number];

interface Fault {
  kind: Kind;
  /** Samples start ≤ i < end. */
  start: number;
  end: number;
  /** In σ, with its sign. */
  size: number;
}

export interface Incident {
  kind: Kind;
  start: number;
  /** Of the twelve residuals from the first sample of the fault on. */
  atOnset: number[];
  /** Of the alert that opened while the fault lasted or two samples later; none where there was none. */
  ofAlert: number[];
}

const MINUTE = 60_000;
const SEASON = 720; // samples
/** Before the first fault: three seasons. */
const BEFORE = 3 * SEASON;
const APART = 1000;
const JITTER = 200;
const ROUNDS = 3;
const LATE = 2;
/** Faults come more often than in any real plant, a little less than one a day. */
const BUDGET_A_DAY = 2;
const SIZES: Record<Kind, readonly [least: number, most: number]> = {
  spike: [8, 16],
  shift: [6, 12],
  drift: [8, 16],
  noise: [4, 8],
  oscillation: [4, 8],
  stuck: [0, 0],
};

/** The incidents of the four series of a seed, in the order of their starts. */
export function watch(seed: number): Incident[] {
  return [0, 1, 2, 3].flatMap((shape) => watchOne(seed, shape)).sort((a, b) => a.start - b.start);
}

function drawFaults(random: Random): Fault[] {
  const faults: Fault[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const kinds = SIGNATURE_FAULTS.map((kind) => ({ kind, order: random() })).toSorted((a, b) => a.order - b.order);
    for (const { kind } of kinds) {
      const start = BEFORE + faults.length * APART + Math.floor(random() * JITTER);
      const [least, most] = SIZES[kind];
      const size = (least + (most - least) * random()) * (random() < 0.5 ? -1 : 1);
      faults.push({ kind, start, end: start + lengthOf(kind, random), size });
    }
  }
  return faults;
}

function lengthOf(kind: Kind, random: Random): number {
  if (kind === 'spike') return 1;
  return kind === 'drift' ? 12 + Math.floor(random() * 13) : 20 + Math.floor(random() * 41);
}

/** The values of a healthy series, and their σ. */
function healthySeries(shape: number, random: Random): { sigma: number; next: (i: number) => number } {
  const phase = 2 * Math.PI * random();
  const wave = (i: number, period: number) => Math.sin((2 * Math.PI * i) / period + phase);
  if (shape === 0) return { sigma: 1, next: () => gaussian(random) };
  if (shape === 1) return { sigma: 1, next: (i) => 6 * wave(i, SEASON) + gaussian(random) };
  if (shape === 2) return { sigma: 1, next: (i) => 3 * wave(i, 60) + 5 * wave(i, SEASON) + gaussian(random) };
  let slow = 0;
  const next = () => (slow = 0.9 * slow + 1.3 * gaussian(random)) + 0.3 * gaussian(random);
  return { sigma: 1.3, next };
}

/** What is put on top of a healthy value in the k-th sample of a fault. */
function excessOf({ kind, start, end, size }: Fault, k: number, random: Random): number {
  if (kind === 'drift') return (size * (k + 1)) / (end - start);
  if (kind === 'noise') return Math.abs(size) * gaussian(random);
  if (kind === 'oscillation') return k % 2 === 0 ? size : -size;
  return size;
}

/** Every sample of a series, with the faults in it. */
function valuesOf(faults: readonly Fault[], shape: number, random: Random): number[] {
  const { sigma, next } = healthySeries(shape, random);
  let held = 0;
  return Array.from({ length: BEFORE + faults.length * APART }, (_, i) => {
    const fault = faults.find(({ start, end }) => i >= start && i < end);
    let value = next(i);
    if (fault === undefined) held = value;
    else value = fault.kind === 'stuck' ? held : value + sigma * excessOf(fault, i - fault.start, random);
    return Math.round(100 * value) / 100;
  });
}

function watchOne(seed: number, shape: number): Incident[] {
  const random = createRandom(17 * seed + 1000 * shape);
  const faults = drawFaults(random);
  const detector = new Detector({ ...DEFAULTS, season: SEASON * MINUTE, budgetPerDay: BUDGET_A_DAY });
  const memory = new Float64Array(detector.size);
  detector.initialise(memory, 0, seed);
  const window = new Float64Array(SIGNATURE_SIZE);
  const batch = createBatch(1);
  const incidents: Incident[] = faults.map(({ kind, start }) => ({ kind, start, atOnset: [], ofAlert: [] }));
  const opened = new Map<number, Incident>();
  for (const [i, value] of valuesOf(faults, shape, random).entries()) {
    const current = faults.findLastIndex(({ start }) => start <= i);
    batch.length = 0;
    batch.changes.length = 0;
    pushRow(batch, 0, i * MINUTE, i * MINUTE, value, 0);
    detector.order(memory, 0, batch, 0);
    const residual = residualOf(detector, memory, value);
    detector.step(memory, 0, batch, 0, 0);
    if (current < 0) continue;
    const incident = incidents[current];
    if (incident.start === i) clearWindow(window, 0);
    if (enterWindow(window, 0, residual)) incident.atOnset = signatureOf(window, 0);
    for (const { event, openedAt, signature } of batch.changes) {
      if (event === 'open' && i < faults[current].end + LATE) opened.set(openedAt, incident);
      const owner = opened.get(openedAt);
      if (owner !== undefined && owner.ofAlert.length === 0) owner.ofAlert = signature;
    }
  }
  return incidents;
}

/** What the detector is about to find of a value. */
function residualOf({ layout }: Detector, memory: Float64Array, value: number): number {
  const z = (value - meanOf(memory, layout.frame)) / scaleOf(memory, layout.frame);
  return standardised(z - memory[layout.forecast], memory[layout.errorSquare]);
}
