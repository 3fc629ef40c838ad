import { describe, expect, test } from 'vitest';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { cosine } from '../../models/matching.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import {
  clearWindow,
  enterWindow,
  isWindowFull,
  SIGNATURE_SIZE,
  signatureOf,
  standardised,
} from '../../models/signature.ts';
import { expectClose, expectSameBits } from './difference.ts';
import { newWorld, play, type Sample } from './play.ts';

const AT = 3;

/** The signature of a window with these residuals in it. */
function signed(...residuals: number[]): number[] {
  const memory = new Float64Array(AT + SIGNATURE_SIZE);
  for (const residual of residuals) enterWindow(memory, AT, residual);
  return signatureOf(memory, AT);
}

const spike = (size: number) => signed(size, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

function alike(a: number[], b: number[]): number {
  return cosine(Float64Array.from([...a, ...b]), 0, 6, 6);
}

describe('a signature', () => {
  test('is the six numbers of its formula', () => {
    // Σr = 3, Σ|r| = 9, M = 4, Σr² = 27, Σ r_i·r_{i−1} = 4 − 12 − 3
    const wanted = [3 / 9, 9 / 4 / 4, -11 / 27, 1 / 8, 1 / 8, Math.log(5) / 3];
    expectClose('signature', signed(1, 4, -3, 1), wanted, 1e-15);
  });

  test('is the same upside down', () => {
    expectSameBits('mirrored', signed(-9, -7, 2, -1, 0.5), signed(9, 7, -2, 1, -0.5));
  });

  test('hardly knows how large a fault was, and beyond 19 deviations not at all', () => {
    expect(alike(spike(8), spike(16))).toBeGreaterThan(0.97);
    expectClose('large', spike(1000), spike(20), 1e-15);
  });

  test('tells a spike, a step, noise and an oscillation apart', () => {
    const lone = signed(9, -0.5, 1, 0.3, -1.1, 0.4, 0.9, -0.2, -0.7, 1.2, 0.1, -0.6);
    const step = signed(8, 7, 9, 7.5, 8, 6.5, 7, 8.5, 6, 7, 6.5, 7);
    const noise = signed(5, -2, -6, 1, 3, 7, -4, 0.5, -5, -6, 2, 4);
    const oscillation = signed(6, -7, 6, -6, 7, -5, 6, -6, 5, -7, 6, -6);
    const all = [lone, step, noise, oscillation];
    for (const [i, a] of all.entries()) for (const b of all.slice(i + 1)) expect(alike(a, b)).toBeLessThan(0.95);
  });

  test('comes back from JSON as it was', () => {
    for (const residuals of [
      [0, -4, 0, 0],
      [-0, -3, -1e-300, 2, -0],
    ]) {
      const signature = signed(...residuals);
      expectSameBits('read again', JSON.parse(JSON.stringify(signature)) as number[], signature);
    }
  });

  test('is none of less than four residuals, and none of zeros', () => {
    expect(signed()).toEqual([]);
    expect(signed(5, 4, 3)).toEqual([]);
    expect(signed(5, 4, 3, 2)).toHaveLength(6);
    expect(signed(0, 0, 0, 0, 0)).toEqual([]);
  });
});

describe('the window', () => {
  test('is full with the twelfth residual, says so once, and stands from then on', () => {
    const memory = new Float64Array(AT + SIGNATURE_SIZE);
    const told = Array.from({ length: 20 }, (_, i) => enterWindow(memory, AT, i + 1));
    expect(told.map((last, i) => (last ? i + 1 : 0)).filter((n) => n > 0)).toEqual([12]);
    expect(isWindowFull(memory, AT)).toBe(true);
    expectSameBits('standing', Array.from(memory.subarray(AT + 1)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    clearWindow(memory, AT);
    expect([isWindowFull(memory, AT), signatureOf(memory, AT)]).toEqual([false, []]);
  });

  test('leaves out samples without an error', () => {
    expectSameBits('with gaps', signed(3, Number.NaN, 2, Number.NaN, -1, 4), signed(3, 2, -1, 4));
  });
});

test('an error is counted in deviations, finite even where there was none before', () => {
  expect([standardised(3, 4), standardised(-3, 4), standardised(0, 0)]).toEqual([1.5, -1.5, 0]);
  expect([standardised(1e-9, 0), standardised(-1e200, 1e-9)]).toEqual([1000, -1000]);
});

describe('the detector', () => {
  const MINUTE = 60_000;
  const SPIKE = 400;
  const random = createRandom(3);
  const samples: Sample[] = Array.from({ length: 460 }, (_, i) => ({
    id: 'a',
    time: i * MINUTE,
    value: gaussian(random) + (i === SPIKE ? 40 : 0),
  }));
  const options = { ...DEFAULTS, season: 720 * MINUTE, hidden: 3 };
  const played = () => play(newWorld(new Detector(options)), samples);

  test('tells of the signature when it is known, and says it again with the close', () => {
    const changes = played().changes.filter(({ row }) => row >= SPIKE);
    const told = changes.filter(({ event }) => event !== 'update');
    expect(told.map(({ event }) => event)).toEqual(['open', 'signed', 'close']);
    const [open, known, close] = told;
    expect([open.row, open.signature]).toEqual([SPIKE, []]);
    expect(known.row).toBe(SPIKE + 11);
    expect(known.signature).toHaveLength(6);
    expectSameBits('at the close', close.signature, known.signature);
    // A spike: its first residual is the largest, and after it there is next to nothing.
    expect(known.signature[3]).toBe(0.5);
    expect(known.signature[1]).toBeLessThan(0.3);
  });

  test('goes on with half a window after a restart', () => {
    const whole = played();
    for (const cut of [SPIKE, SPIKE + 1, SPIKE + 7, SPIKE + 12]) {
      const first = newWorld(new Detector(options));
      play(first, samples.slice(0, cut));
      const second = newWorld(new Detector(options));
      const from = first.registry.find('a')!;
      const to = second.registry.admit('a', 'a', second.model)!;
      to.memory.set(from.memory.subarray(from.at, from.at + first.model.detector.size), to.at);
      const signatures = play(second, samples.slice(cut)).changes.map(({ signature }) => signature);
      const wanted = whole.changes.filter(({ row }) => row >= cut).map(({ signature }) => signature);
      expectSameBits(`from row ${cut}`, signatures.flat(), wanted.flat());
      expect(signatures.flat().length).toBeGreaterThan(0);
    }
  });
});
