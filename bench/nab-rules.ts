/**
 * Two detectors of a few lines whose benchmark figures are published: Rule A checks the scorer at a fixed threshold,
 * Rule B checks the choice of threshold and is the trivial baseline a detector has to beat.
 */
import { createHash } from 'node:crypto';
import type { NabFile } from './nab-data.ts';
import { countRows, PROFILES, scoreAt, scoreBest } from './nab-score.ts';

/** The step from the value before, relative to both values' sizes: |x − x'| / (1 + |x| + |x'|), 0 for the first row. */
function ruleA(values: Float64Array): Float64Array {
  return values.map((x, t) => {
    const before = values[t - 1] ?? x;
    return Math.abs(x - before) / (1 + Math.abs(x) + Math.abs(before));
  });
}

/**
 * The exponential z-score: the distance from a running mean m in running standard deviations √v, then
 * z/(z + 5), which keeps the order and stays below 1. The rate is 1/(t + 1) down to 1 %, so the first
 * hundred rows are averaged alike; the first ten give no score.
 */
export function ruleB(values: Float64Array): Float64Array {
  let m = values[0];
  let v = 0;
  return values.map((x, t) => {
    const e = x - m;
    const z = Math.abs(e) / Math.sqrt(v + 1e-12 * (1 + m * m)); // the floor keeps a flat line from dividing by 0
    const a = Math.max(0.01, 1 / (t + 1));
    m += a * e;
    v = (1 - a) * (v + a * e * e);
    return t < 10 ? 0 : z / (z + 5);
  });
}

export interface RuleCheck {
  id: string;
  /** How many published figures were compared. */
  figures: number;
  /** One line for each that came out otherwise. */
  differing: string[];
}

/** Published figures are compared at the digits they are printed with, or to one in a million. */
function compare(
  id: string,
  figures: readonly (readonly [what: string, value: number, published: string])[],
): RuleCheck {
  const differing = figures
    .filter(([, value, published]) => {
      const expected = Number(published);
      const digits = published.split('.')[1]?.length ?? 0;
      // A little slack, for a value that lies on the edge of its last printed digit.
      const tolerance = Math.max(0.5 * 10 ** -digits * (1 + 1e-9), 1e-6 * Math.abs(expected));
      return !(Math.abs(value - expected) <= tolerance);
    })
    .map(([what, value, published]) => `${id}, ${what}: published ${published}, here ${value}`);
  return { id, figures: figures.length, differing };
}

/** SHA-256 of the 29 names, sorted, one per line: the figures below hold for these files and no others. */
const PUBLISHED_FILES = 'd99a72ee7f26f1118ab6c803ecdace4c89a79728db8d77c0118ff1da942effac';

export function isPublishedSet(files: readonly NabFile[]): boolean {
  const names = files.map(({ name }) => name).sort();
  return createHash('sha256').update(names.join('\n')).digest('hex') === PUBLISHED_FILES;
}

/** Scores both rules on the published set and compares; a figure that differs means scorer or data is not the published one. */
export function checkRules(files: readonly NabFile[]): RuleCheck[] {
  const a = files.map((file) => ({ ...file, scores: ruleA(file.values) }));
  const rowsA = countRows(a);
  const atHalf = scoreAt(rowsA, 0.5, PROFILES.standard);
  const totalA = (name: string): number =>
    scoreAt(countRows(a.filter((file) => file.name.endsWith(`/${name}.csv`))), 0.5, PROFILES.standard).total;

  const rowsB = countRows(files.map((file) => ({ ...file, scores: ruleB(file.values) })));
  const standard = scoreBest(rowsB, PROFILES.standard);
  const lowFp = scoreBest(rowsB, PROFILES.reward_low_FP_rate);
  const lowFn = scoreBest(rowsB, PROFILES.reward_low_FN_rate);

  return [
    compare('rule_a', [
      ['windows detected', atHalf.windowsDetected, '33'],
      ['false rows', atHalf.falseRows, '11666'],
      ['standard', atHalf.score, '-1051.036'],
      ['reward_low_FP_rate', scoreAt(rowsA, 0.5, PROFILES.reward_low_FP_rate).score, '-2159.460'],
      ['reward_low_FN_rate', scoreAt(rowsA, 0.5, PROFILES.reward_low_FN_rate).score, '-681.048'],
      ['total of grok_asg_anomaly', totalA('grok_asg_anomaly'), '-7.987904'],
      ['total of nyc_taxi', totalA('nyc_taxi'), '-3.160183'],
      ['total of speed_7578', totalA('speed_7578'), '1.645160'],
      ['total of Twitter_volume_AAPL', totalA('Twitter_volume_AAPL'), '-33.532793'],
    ]),
    compare('rule_b', [
      ['standard', standard.score, '39.042'],
      ['reward_low_FP_rate', lowFp.score, '27.290'],
      ['reward_low_FN_rate', lowFn.score, '47.457'],
      ['threshold of standard', standard.threshold, '0.582280'],
      ['threshold of reward_low_FP_rate', lowFp.threshold, '0.714355'],
      ['threshold of reward_low_FN_rate', lowFn.threshold, '0.582280'],
      ['windows detected', standard.windowsDetected, '36'],
      ['false rows', standard.falseRows, '225'],
    ]),
    compare(
      'no_detections',
      Object.entries(PROFILES).map(([name, profile]) => [name, scoreAt(rowsB, Infinity, profile).score, '0']),
    ),
  ];
}
