/**
 * Numbers as a file stores them, all little-endian.
 *
 *   F64, F32  IEEE 754
 *   F16       sign, 5 bits of exponent, 10 of fraction; below 2⁻¹⁴ without the leading 1
 *   BF16      the upper half of an F32
 */
interface Dtype {
  /** Bytes. */
  size: number;
  read(view: DataView, at: number): number;
}

const WORD = new DataView(new ArrayBuffer(4));

export const DTYPES: ReadonlyMap<unknown, Dtype> = new Map<unknown, Dtype>([
  ['F64', { size: 8, read: (view, at) => view.getFloat64(at, true) }],
  ['F32', { size: 4, read: (view, at) => view.getFloat32(at, true) }],
  ['F16', { size: 2, read: (view, at) => half(view.getUint16(at, true)) }],
  ['BF16', { size: 2, read: (view, at) => single(view.getUint16(at, true) << 16) }],
]);

function half(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return (fraction / 0x1000000) * (sign === 0 ? 1 : -1);
  return single(sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (fraction << 13));
}

function single(bits: number): number {
  WORD.setUint32(0, bits >>> 0);
  return WORD.getFloat32(0);
}
