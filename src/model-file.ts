/**
 * What a series learned, as a safetensors file: the network under the names PyTorch gives, everything a training needs to
 * go on, and beside it what the detector learned of the values (scale, range, profile, calibration) as `detector.*`.
 *
 * Alerts, clocks and cadence are of the stream and not of the model: they stay where they are.
 *
 * The network's weights and moments are given apart, for series may share them; the end of the block is where they lie
 * else.
 */
import type { DetectorLayout } from '../models/layout.ts';
import type { Detector } from '../models/detector.ts';
import { exportAll, importAll } from '../models/exchange/resume.ts';
import type { TensorFile } from '../models/exchange/safetensors.ts';
import { importWeights } from '../models/exchange/weights.ts';
import { CodedError } from '../models/errors.ts';
import { meanOf, scaleOf } from '../models/frame.ts';
import { type Learner, learnedSize } from '../models/training/learner.ts';
import { Sharing } from '../models/training/sharing.ts';

const PREFIX = 'detector.';
/** What the forecaster of a season ahead learned. */
const AHEAD = 'ahead_weights';

/** @param facts  of the series, for whoever reads the file later */
export function exportModel(
  detector: Detector,
  block: Float64Array,
  weights: Float64Array,
  facts: Record<string, string>,
): TensorFile {
  const { layout, options, shape } = detector;
  const metadata = new Map([
    ...Object.entries(facts),
    ['shape', shape],
    ['lags', String(options.lags)],
    ['season_ms', String(options.season)],
    ['scale.mean', String(meanOf(block, layout.frame))],
    ['scale.sd', String(scaleOf(block, layout.frame))],
  ]);
  const file = exportAll(
    learnerOf(detector),
    options.training.optimizer,
    networkOf(detector, block, weights),
    0,
    metadata,
  );
  for (const { name, numbers } of learnedParts(detector, block, weights)) {
    file.tensors.set(PREFIX + name, { shape: [numbers.length], values: numbers.slice() });
  }
  return file;
}

/**
 * Takes over the weights alone, or with `resume` everything in the file. All is unchanged where it throws.
 * @returns warnings  @throws CodedError where the file does not fit
 */
export function importModel(
  detector: Detector,
  block: Float64Array,
  weights: Float64Array,
  file: TensorFile,
  resume: boolean,
): string[] {
  const { options } = detector;
  const fast = learnerOf(detector);
  const own = [...file.tensors].filter(([name]) => name.startsWith(PREFIX));
  const learner = { ...file, tensors: new Map([...file.tensors].filter(([name]) => !name.startsWith(PREFIX))) };
  const network = networkOf(detector, block, weights);
  if (!resume) {
    const warnings = importWeights(fast, learner, network, 0);
    takeNetwork(detector, block, weights, network);
    return warnings;
  }
  const parts = learnedParts(detector, block, weights);
  const found = new Map(own);
  for (const { name, numbers } of parts) {
    const got = found.get(PREFIX + name)?.values.length ?? 0;
    const size = numbers.length;
    if (got !== size) throw new CodedError('WEIGHTS_SHAPE', `${PREFIX}${name}: expected ${size} numbers, got ${got}`);
  }
  const warnings = importAll(fast, options.training.optimizer, learner, network, 0);
  takeNetwork(detector, block, weights, network);
  for (const { name, numbers } of parts) numbers.set(found.get(PREFIX + name)!.values);
  return warnings;
}

/** The fast learner, without what it keeps for sharing: the same file fits those who share and those who do not. */
function learnerOf({ fast }: Detector): Learner {
  return fast instanceof Sharing ? fast.learner : fast;
}

/** A copy of the fast learner in one piece: what it learned, then its own part. */
function networkOf(detector: Detector, block: Float64Array, weights: Float64Array): Float64Array {
  const learner = learnerOf(detector);
  const learned = learnedSize(learner);
  const { size } = learner;
  const network = new Float64Array(size);
  const own = detector.layout.fast;
  network.set(weights.subarray(0, learned));
  network.set(block.subarray(own, own + size - learned), learned);
  return network;
}

function takeNetwork(detector: Detector, block: Float64Array, weights: Float64Array, from: Float64Array): void {
  const { layout } = detector;
  const learned = learnedSize(learnerOf(detector));
  weights.set(from.subarray(0, learned));
  block.set(from.subarray(learned), layout.fast);
}

/** What was learned beside the fast network, as it lies there. */
function learnedParts(
  { layout, fast, ahead }: Detector,
  block: Float64Array,
  weights: Float64Array,
): { name: string; numbers: Float64Array }[] {
  const offsets = Object.entries(layout) as [keyof DetectorLayout, number][];
  const starts = offsets
    .filter(([name, at]) => name !== 'learned' && at >= layout.learned && at < layout.fast)
    .sort(([, a], [, b]) => a - b);
  const parts: { name: string; numbers: Float64Array }[] = starts.map(([name, at], i) => {
    return { name, numbers: block.subarray(at, starts[i + 1]?.[1] ?? layout.fast) };
  });
  return [...parts, { name: AHEAD, numbers: weights.subarray(learnedSize(fast)).subarray(0, ahead.learnedSize) }];
}
