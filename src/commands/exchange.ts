/** `export` and `import`: what a series learned, to a safetensors file and from one. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Detector } from '../../models/detector.ts';
import { CodedError } from '../../models/errors.ts';
import { decodeSafetensors, encodeSafetensors, type TensorFile } from '../../models/exchange/safetensors.ts';
import type { TrackState } from '../../models/snapshot.ts';
import { type CommandLine, usage } from '../cli.ts';
import type { Config } from '../config/config.ts';
import { expand } from '../config/expand.ts';
import { detectorOptions } from '../detector-options.ts';
import { KeptState } from '../kept-state.ts';
import { exportModel, importModel } from '../model-file.ts';
import { lockFolder } from '../ports/lock.ts';
import { VERSION } from '../version.ts';
import { readConfiguration } from './configuration.ts';

const TEXT = {
  encode: (text: string) => Buffer.from(text),
  // Whoever wrote the file may not have written UTF-8.
  decode: (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
};

export async function exportCommand(line: CommandLine): Promise<number> {
  const [series, ...rest] = line.positionals;
  if (series === undefined || rest.length > 0) throw usage('export: expected one SERIES');
  const { config } = await readConfiguration(line);
  const state = await KeptState.open(resolve(config.stateDir));
  const track = state.find(series);
  const facts = { version: VERSION, series: track.id, source: track.source, pipeline: track.pipeline };
  const detector = detectorFor(track, config);
  const file = exportModel(detector, track.block, weightsOf(detector, track), facts);
  const path = line.options.out ?? `${series}.safetensors`;
  const bytes = encodeSafetensors(file, TEXT, line.options.float32 === true ? 'F32' : 'F64');
  await writeFile(path, bytes);
  const said = { file: path, series, tensors: file.tensors.size, bytes: bytes.length };
  process.stdout.write(
    line.options.json === true
      ? `${JSON.stringify(said)}\n`
      : `${path}: ${said.tensors} tensors of ${series}, ${said.bytes} bytes\n`,
  );
  return 0;
}

export async function importCommand(line: CommandLine): Promise<number> {
  const [path, series, ...rest] = line.positionals;
  if (path === undefined || series === undefined || rest.length > 0) throw usage('import: expected FILE SERIES');
  const { config } = await readConfiguration(line);
  const file = decodeSafetensors(await bytesOf(path), TEXT);
  const resume = line.options.resume === true;
  // The next checkpoint of a daemon that runs would undo what was imported.
  const unlock = lockFolder(resolve(config.stateDir));
  const warnings = await importInto(config, series, file, resume).finally(unlock);
  for (const warning of warnings) process.stderr.write(`tidewatch: ${path}: ${warning}\n`);
  const said = { file: path, series, resumed: resume, warnings };
  process.stdout.write(
    line.options.json === true
      ? `${JSON.stringify(said)}\n`
      : `${series} has the ${resume ? 'model' : 'weights'} of ${path}\n`,
  );
  return 0;
}

async function importInto(config: Config, series: string, file: TensorFile, resume: boolean): Promise<string[]> {
  const state = await KeptState.open(resolve(config.stateDir));
  const track = state.find(series);
  const detector = detectorFor(track, config);
  const warnings = importModel(detector, track.block, weightsOf(detector, track), file, resume);
  if (track.pool !== undefined) warnings.push('the weights are shared: the siblings of the series have them as well');
  await state.save();
  return warnings;
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CodedError('FILE_MISSING', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The detector whose numbers the block holds. @throws CodedError where the configuration says otherwise by now */
function detectorFor({ id, pipeline, shape, group, block }: TrackState, config: Config): Detector {
  if (group !== undefined) throw new CodedError('SERIES_GROUP', `${id}: expected a series, got a group of them`);
  if (shape === 'context') throw new CodedError('SERIES_CONTEXT', `${id}: expected a series that learns, got context`);
  const options = expand(config).pipelines.get(pipeline);
  if (options === undefined) {
    throw new CodedError(
      'PIPELINE_UNKNOWN',
      `${id}: its pipeline ${JSON.stringify(pipeline)} is not in the configuration`,
    );
  }
  const detector = new Detector(detectorOptions(options));
  if (detector.shape !== shape || detector.size !== block.length) {
    throw new CodedError('SHAPE', `${id}: expected the shape "${detector.shape}" of the configuration, got "${shape}"`);
  }
  return detector;
}

/** Where its weights lie: in a pool, or at the end of its block. @throws CodedError where those of a pool were damaged */
function weightsOf({ layout, sharedWeights }: Detector, { id, block, pool }: TrackState): Float64Array {
  if (sharedWeights === undefined) return block.subarray(layout.weights);
  if (pool?.block.length === sharedWeights.size) return pool.block;
  throw new CodedError('SNAPSHOT_CORRUPT', `${id}: expected the weights that it shares, found them damaged`);
}
