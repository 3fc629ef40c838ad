import { describe, expect, it } from 'vitest';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { appendColumns, Recent } from '../../src/recent.ts';

function columns(s: string, from: number, count: number): SampleColumns {
  const t = Array.from({ length: count }, (_, i) => from + i);
  return { s, t, y: t.map((i) => i + 0.5), e: t.map(() => null), lo: t.map((i) => -i), hi: [...t], z: [...t] };
}

describe('the recent samples', () => {
  it('are those of the series asked for, and undefined of one that is not known', () => {
    const recent = new Recent();
    recent.push(columns('a', 0, 3));
    recent.push(columns('b', 10, 1));
    expect(recent.of('a')).toEqual(columns('a', 0, 3));
    expect(recent.of('b')?.t).toEqual([10]);
    expect(recent.of('c')).toBeUndefined();
    recent.forget('a');
    expect(recent.of('a')).toBeUndefined();
  });

  it.each([1, 7, 100, 599, 600, 601, 5000])(
    'are the last 600, whether they come one by one or %d at a time',
    (step) => {
      const recent = new Recent();
      let count = 0;
      for (let i = 0; i < Math.max(3, 3000 / step); i++, count += step) {
        recent.push(columns('a', count, step));
        const kept = recent.of('a')!;
        const from = Math.max(0, count + step - 600);
        expect(kept.t[0]).toBe(from);
        expect(kept.t.at(-1)).toBe(count + step - 1);
      }
      expect(recent.of('a')).toEqual(columns('a', count - 600, 600));
    },
  );

  it('are a copy', () => {
    const recent = new Recent();
    recent.push(columns('a', 0, 2));
    recent.of('a')!.t.push(99);
    expect(recent.of('a')!.t).toEqual([0, 1]);
  });

  it('grow by no more than their slack before they are trimmed', () => {
    const to = columns('a', 0, 10);
    appendColumns(to, columns('a', 10, 4), 10, 4);
    expect(to.t).toHaveLength(14);
    appendColumns(to, columns('a', 14, 1), 10, 4);
    expect(to).toEqual(columns('a', 5, 10));
  });
});
