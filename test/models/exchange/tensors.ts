/** Tensors and files out of plain lists, and what their refusal says. */
import { CodedError } from '../../../models/errors.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  type TensorFile,
} from '../../../models/exchange/safetensors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const tensorOf = (shape: number[], values: ArrayLike<number>): NamedTensor => ({
  shape,
  values: Float64Array.from(values),
});

export function fileOf(
  tensors: Record<string, [shape: number[], values: ArrayLike<number>]>,
  metadata: Record<string, string> = {},
): TensorFile {
  const named = Object.entries(tensors).map(([name, [shape, values]]) => [name, tensorOf(shape, values)] as const);
  return { tensors: new Map(named), metadata: new Map(Object.entries(metadata)) };
}

export const bytesOf = (file: TensorFile, dtype: 'F64' | 'F32' = 'F64') => encodeSafetensors(file, encoder, dtype);
export const readBytes = (bytes: Uint8Array) => decodeSafetensors(bytes, decoder);

/** What an action throws, which is never anything but a CodedError; undefined where it succeeds. */
export function refusalOf(action: () => unknown): CodedError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}
