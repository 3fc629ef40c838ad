/**
 * The names that the weights of a learner travel by: those of a PyTorch state dict.
 *
 *   lstm.weight_ih_l0 [4H, I]  lstm.weight_hh_l0 [4H, H]  lstm.bias_ih_l0 [4H]  lstm.bias_hh_l0 [4H]
 *   head.weight [O, H]  head.skip [O, I]  head.bias [O]
 *
 * A cell with one bias beside weight_ih and weight_hh has all of it in bias_ih and zeros in bias_hh, as PyTorch wants
 * two; other tensors keep their own names. Layers on top of each other are _l0, _l1, ... and all bear the name of the
 * first.
 */
import type { Cell, Tensor } from '../cells/cell.ts';
import type { Learner } from '../training/learner.ts';

/** A tensor and where it lies among the weights. */
export interface Place {
  name: string;
  shape: readonly number[];
  at: number;
  size: number;
  /** PyTorch's second bias, to be added to this one. */
  second: string | undefined;
}

const LAYER = /_l\d+$/;

export function cellPrefix({ name }: Cell): string {
  return name.split('+')[0];
}

/** In the order of the weights. */
export function placesOf({ cell, head }: Learner): { cell: Place[]; head: Place[] } {
  const names = new Set(cell.tensors.map(({ name }) => name));
  const prefix = cellPrefix(cell);
  const cellNames = cell.tensors.map(({ name }) => {
    const layer = LAYER.exec(name)?.[0] ?? '';
    const bare = name.slice(0, name.length - layer.length);
    const summed = bare === 'bias' && names.has(`weight_ih${layer}`) && names.has(`weight_hh${layer}`);
    const full = (tensor: string) => `${prefix}.${tensor}${layer === '' ? '_l0' : layer}`;
    return summed ? { name: full('bias_ih'), second: full('bias_hh') } : { name: full(bare), second: undefined };
  });
  const headNames = head.tensors.map(({ name }) => ({ name: `head.${name}`, second: undefined }));
  return { cell: layOut(cell.tensors, cellNames, 0), head: layOut(head.tensors, headNames, cell.paramCount) };
}

function layOut(
  tensors: readonly Tensor[],
  names: readonly { name: string; second: string | undefined }[],
  from: number,
): Place[] {
  let at = from;
  return tensors.map(({ shape }, i) => {
    const size = shape.reduce((all, one) => all * one, 1);
    const place = { ...names[i], shape, at, size };
    at += size;
    return place;
  });
}
