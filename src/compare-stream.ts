/** The stream that cells are compared on: one channel of a recording, or two sines that drift. */
import { createRandom, gaussian } from '../models/random.ts';
import { CodedError } from '../models/errors.ts';
import { openRecording } from '../sensors/recording.ts';

export interface CompareStream {
  name: string;
  values: Float64Array;
}

const REGIME = 5000; // samples
const NOISE = 0.05;

/** Two sines under noise, with new amplitudes and periods in every regime of 5,000 samples. */
export function driftingSines(count: number, seed: number): CompareStream {
  const random = createRandom(seed);
  const values = new Float64Array(count);
  let waves: { amplitude: number; step: number; phase: number }[] = [];
  for (let t = 0; t < count; t++) {
    if (t % REGIME === 0) {
      waves = [0, 1].map(() => ({
        amplitude: 0.4 + 0.8 * random(),
        step: (2 * Math.PI) / (12 + 40 * random()),
        phase: 2 * Math.PI * random(),
      }));
    }
    for (const { amplitude, step, phase } of waves) values[t] += amplitude * Math.sin(step * (t % REGIME) + phase);
    values[t] += NOISE * gaussian(random);
  }
  return { name: `two drifting sines, seed ${seed}`, values };
}

/** The first channel of a file; missing values are left out. @throws CodedError where there is too little to compare */
export async function recordedStream(path: string, leastCount: number): Promise<CompareStream> {
  const { channels, rows } = await openRecording(path, 1000);
  const values: number[] = [];
  for await (const row of rows) if (Number.isFinite(row.values[0])) values.push(row.values[0]);
  if (values.length < leastCount) {
    throw new CodedError('COMPARE_SHORT', `${path}: expected at least ${leastCount} values, got ${values.length}`);
  }
  return { name: channels.length > 1 ? `${path}, ${channels[0]}` : path, values: Float64Array.from(values) };
}
