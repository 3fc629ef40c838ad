/**
 * What a series learned, as a safetensors file: the network under the names PyTorch gives, everything a training needs to
 * go on, and beside it what the detector learned of the values (scale, range, profile, calibration) as `detector.*`.
 *
 * Alerts, clocks and cadence are of the stream and not of the model: they stay where they are.
 */
import type { DetectorLayout } from '../models/layout.ts';
import type { Detector } from '../models/detector.ts';
import { exportAll, importAll } from '../models/exchange/resume.ts';
import type { TensorFile } from '../models/exchange/safetensors.ts';
import { importWeights } from '../models/exchange/weights.ts';
import { CodedError } from '../models/errors.ts';
import { meanOf, scaleOf } from '../models/frame.ts';

const PREFIX = 'detector.';

/** @param facts  of the series, for whoever reads the file later */
export function exportModel(detector: Detector, block: Float64Array, facts: Record<string, string>): TensorFile {
  const { layout, fast, options, shape } = detector;
  const metadata = new Map([
    ...Object.entries(facts),
    ['shape', shape],
    ['lags', String(options.lags)],
    ['season_ms', String(options.season)],
    ['scale.mean', String(meanOf(block, layout.frame))],
    ['scale.sd', String(scaleOf(block, layout.frame))],
  ]);
  const file = exportAll(fast, options.training.optimizer, block, layout.fast, metadata);
  for (const { name, at, size } of learnedParts(layout)) {
    file.tensors.set(PREFIX + name, { shape: [size], values: block.slice(at, at + size) });
  }
  return file;
}

/**
 * Takes over the weights alone, or with `resume` everything in the file. The block is unchanged where it throws.
 * @returns warnings  @throws CodedError where the file does not fit
 */
export function importModel(detector: Detector, block: Float64Array, file: TensorFile, resume: boolean): string[] {
  const { layout, fast, options } = detector;
  const own = [...file.tensors].filter(([name]) => name.startsWith(PREFIX));
  const learner = { ...file, tensors: new Map([...file.tensors].filter(([name]) => !name.startsWith(PREFIX))) };
  if (!resume) return importWeights(fast, learner, block, layout.fast);
  const parts = learnedParts(layout);
  const found = new Map(own);
  for (const { name, size } of parts) {
    const got = found.get(PREFIX + name)?.values.length ?? 0;
    if (got !== size) throw new CodedError('WEIGHTS_SHAPE', `${PREFIX}${name}: expected ${size} numbers, got ${got}`);
  }
  const warnings = importAll(fast, options.training.optimizer, learner, block, layout.fast);
  for (const { name, at } of parts) block.set(found.get(PREFIX + name)!.values, at);
  return warnings;
}

/** What was learned beside the network, which is the last part of the block. */
function learnedParts({ learned, fast, ...offsets }: DetectorLayout): { name: string; at: number; size: number }[] {
  const parts = Object.entries(offsets)
    .filter(([, at]) => at >= learned && at < fast)
    .sort(([, a], [, b]) => a - b);
  return parts.map(([name, at], i) => ({ name, at, size: (parts[i + 1]?.[1] ?? fast) - at }));
}
