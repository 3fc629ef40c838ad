import { describe, expect, test } from 'vitest';
import { TYPE, TYPE_CHANGE_SIZE, typeStep } from '../../models/type-change.ts';

const LETTERS = new Map<string, number>([
  ['n', TYPE.number],
  ['o', TYPE.onOff],
  ['t', TYPE.text],
]);

/** Where changes are told of a series of types such as `n10 t3 n1`. */
function told(series: string): number[] {
  const memory = new Float64Array(TYPE_CHANGE_SIZE);
  const types = series.split(' ').flatMap((part) => Array.from({ length: Number(part.slice(1)) }, () => part[0]));
  return types.flatMap((letter, i) => (typeStep(memory, 0, LETTERS.get(letter)!) ? [i] : []));
}

describe('a change of type', () => {
  test.each(['n10 o1', 'n10 t1', 'o10 n1', 'o10 t1', 'n10 t50'])('is told once, where it happens: %s', (series) => {
    expect(told(series)).toEqual([10]);
  });

  test.each(['n1000', 'o1000', 't1000', 'n9 o100', 'o3 n3 o3 n3'])('is not told of fewer than ten: %s', (series) => {
    expect(told(series)).toEqual([]);
  });

  test('back from text is not told, however long it was', () => {
    expect(told('n20 t5 n1 t500 n1')).toEqual([20]);
  });

  test('back to what it was is not told, unless the other type had become the usual', () => {
    expect(told('n20 o30 n20')).toEqual([20]);
    expect(told('n20 o90 n20')).toEqual([20, 110]);
  });

  test('that is usual is told again only after three times as long as ever before', () => {
    expect(told('n50 t1 n50 t1 n150 t1 n451 t1')).toEqual([50, 704]);
  });

  test('of a series that always mixes them is never told', () => {
    expect(told(Array.from({ length: 200 }, () => 'n3 o2 t1').join(' '))).toEqual([]);
  });
});
