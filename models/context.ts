/**
 * What other series say beside one that is watched: commands, set points, the weather. Inputs of its forecast, nothing
 * else; what they do not explain is the fault's.
 *
 *   z and Δz of every context channel, clipped to ±6; one that is missing is as it was
 *
 * What explains a sample may come between it and the one before. So the inputs of a forecast wait for their context until
 * the sample is there that it is a forecast of; what counts is what the others said by then.
 *
 * Memory: frames [5c]; last z [c]; rows; where the inputs are that wait, 0 = none do.
 */
import { clip } from './activation.ts';
import { framesEnter, framesRead, framesSize } from './frames.ts';

const MEMORY_SAMPLES = 4000;
const LIMIT = 6;

export class Context {
  readonly channels: number;
  readonly inputs: number;
  readonly size: number;
  readonly #last: number;
  readonly #waiting: number;
  readonly #z: Float64Array;

  constructor(channels: number) {
    this.channels = channels;
    this.inputs = 2 * channels;
    this.#last = framesSize(channels);
    this.#waiting = this.#last + channels + 1;
    this.size = channels === 0 ? 0 : this.#waiting + 1;
    this.#z = new Float64Array(channels);
  }

  /** The inputs of a forecast wait at `to`, counted from wherever the caller likes, above 0. */
  wait(memory: Float64Array, at: number, to: number): void {
    memory[at + this.#waiting] = to;
  }

  /** Where inputs wait that wait no longer; 0 = none did. */
  wakened(memory: Float64Array, at: number): number {
    if (this.channels === 0) return 0;
    const to = memory[at + this.#waiting];
    memory[at + this.#waiting] = 0;
    return to;
  }

  /** Takes in the values, where there are any, and writes the inputs to memory[to..]. Allocates nothing. */
  step(memory: Float64Array, at: number, values: Float64Array | undefined, to: number): void {
    const { channels } = this;
    if (channels === 0) return;
    const z = this.#z;
    const last = at + this.#last;
    const isFirst = memory[last + channels] === 0;
    if (values === undefined) {
      z.fill(Number.NaN);
    } else {
      framesEnter(memory, at, values, 0, channels, MEMORY_SAMPLES);
      framesRead(memory, at, values, 0, channels, LIMIT, z);
      memory[last + channels] += 1;
    }
    for (let j = 0; j < channels; j++) {
      const now = Number.isNaN(z[j]) ? memory[last + j] : clip(z[j], LIMIT);
      memory[to + j] = now;
      memory[to + channels + j] = isFirst ? 0 : now - memory[last + j];
      memory[last + j] = now;
    }
  }
}
