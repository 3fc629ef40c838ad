/** What every loss promises: its gradient is that of its value, and it touches nothing else. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Loss } from '../../../models/training/loss.ts';
import { expectClose, expectSameBits } from '../difference.ts';

/** y, target and dy at odd places with strangers between. */
function layOut(loss: Loss, y: readonly number[], target: readonly number[]) {
  const at = { y: 2, target: 3 + loss.outputs, dy: 4 + loss.outputs + loss.targets };
  const memory = new Float64Array(at.dy + loss.outputs + 2).fill(7);
  memory.set(y, at.y);
  memory.set(target, at.target);
  return { memory, at };
}

export function valueOf(loss: Loss, y: readonly number[], target: readonly number[]): number {
  const { memory, at } = layOut(loss, y, target);
  const before = memory.slice();
  const value = loss.value(memory, at.y, at.target);
  expectSameBits('memory', memory, before);
  return value;
}

export function gradientOf(loss: Loss, y: readonly number[], target: readonly number[]): number[] {
  const { memory, at } = layOut(loss, y, target);
  const wanted = memory.slice();
  loss.gradient(memory, at.y, at.target, at.dy);
  const gradient = memory.slice(at.dy, at.dy + loss.outputs);
  wanted.set(gradient, at.dy);
  expectSameBits('memory around the gradient', memory, wanted);
  return [...gradient];
}

interface Point {
  y: number[];
  target: number[];
}

/** @param smooth  whether the loss has a derivative at, and right beside, the point */
export function hasItsGradient(loss: Loss, points: fc.Arbitrary<Point>, smooth: (point: Point) => boolean): void {
  test(`${loss.name}: the gradient is that of central differences`, () => {
    fc.assert(
      fc.property(points.filter(smooth), ({ y, target }) => {
        const measured = y.map((number, k) => {
          const above = valueOf(loss, y.with(k, number + 1e-5), target);
          const below = valueOf(loss, y.with(k, number - 1e-5), target);
          return (above - below) / 2e-5;
        });
        const gradient = gradientOf(loss, y, target);
        const largest = Math.max(1, ...gradient.map(Math.abs));
        expectClose(loss.name, gradient, measured, 1e-7 * largest);
        expect(y).toHaveLength(loss.outputs);
        expect(target).toHaveLength(loss.targets);
      }),
    );
  });
}
