import { describe, expect, test } from 'vitest';
import { familyOf, isPeerPattern } from '../../models/peers.ts';

describe('a family', () => {
  test.each([
    ['hall/+/flow', 'hall/7/flow', 'hall/+/flow'],
    ['hall/+/pump/#', 'hall/7/pump/motor/flow', 'hall/+/pump/motor/flow'],
    ['+/+/t', 'a/b/t', '+/+/t'],
  ])('of %s has %s', (pattern, source, family) => {
    expect(familyOf(pattern, source)).toBe(family);
  });

  test.each([
    ['hall/+/flow', 'hall/7/pressure'],
    ['hall/+/flow', 'hall/7'],
    ['hall/+/flow', 'hall/7/flow/raw'],
    ['hall/+/#', 'hall/7'],
    ['hall/+/#', 'yard/7/flow'],
  ])('of %s has no %s', (pattern, source) => {
    expect(familyOf(pattern, source)).toBeUndefined();
  });
});

test.each([
  ['hall/+/pump/#', true],
  ['+', true],
  ['hall/pump/#', false],
  ['hall/#/+', false],
  ['hall/p+/flow', false],
  ['hall//+', false],
  ['', false],
])('%j as a pattern: %s', (text, is) => {
  expect(isPeerPattern(text)).toBe(is);
});
