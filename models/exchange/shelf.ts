/** The tensors of a file, each to be taken once, with the shape it must have, until none is left. */
import { CodedError } from '../errors.ts';
import type { NamedTensor } from './safetensors.ts';
import { shown, shownNames, shownShape } from './shown.ts';

export class Shelf {
  readonly #left: Map<string, NamedTensor>;

  constructor(tensors: ReadonlyMap<string, NamedTensor>) {
    this.#left = new Map(tensors);
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** @throws CodedError WEIGHTS_NAME when there is none; WEIGHTS_SHAPE, WEIGHTS_NUMBER when it is not fit for use */
  take(name: string, shape: readonly number[]): Float64Array {
    const tensor = this.#left.get(name);
    if (tensor === undefined) {
      const wanted = `expected a tensor ${shown(name)} ${shownShape(shape)}`;
      throw new CodedError('WEIGHTS_NAME', `weights: ${wanted}, got ${shownNames([...this.#left.keys()])}`);
    }
    const { shape: got, values } = tensor;
    const size = shape.reduce((all, one) => all * one, 1);
    if (got.length !== shape.length || got.some((one, i) => one !== shape[i])) {
      throw misshapen(name, shownShape(shape), shownShape(got));
    }
    if (values.length !== size) throw misshapen(name, `${size} numbers`, values.length);
    const wrong = values.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) {
      throw new CodedError('WEIGHTS_NUMBER', `tensor ${shown(name)}: expected finite numbers, got ${wrong}`);
    }
    this.#left.delete(name);
    return values;
  }

  /** Leaves aside what nobody asks for. */
  drop(unwanted: (name: string) => boolean): void {
    for (const name of this.#left.keys()) if (unwanted(name)) this.#left.delete(name);
  }

  /** @throws CodedError WEIGHTS_NAME when something is left that nobody knows */
  close(): void {
    if (this.#left.size === 0) return;
    throw new CodedError(
      'WEIGHTS_NAME',
      `weights: expected no more tensors, got ${shownNames([...this.#left.keys()])}`,
    );
  }
}

function misshapen(name: string, wanted: string, got: string | number): CodedError {
  return new CodedError('WEIGHTS_SHAPE', `tensor ${shown(name)}: expected ${wanted}, got ${got}`);
}
