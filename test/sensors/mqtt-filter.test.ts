import { describe, expect, it } from 'vitest';
import { isShared, topicFits } from '../../sensors/mqtt-filter.ts';

describe('a topic filter', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a', false],
    ['a', 'a/b', false],
    ['a/b', '+/b', true],
    ['a/b/c', 'a/+', false],
    ['a/b/c', 'a/#', true],
    ['a', 'a/#', true],
    ['ab', 'a/#', false],
    ['a', '#', true],
    ['/a', '+/a', true],
    ['$SYS/a', '#', false],
    ['$SYS/a', '+/a', false],
    ['$SYS/a', '$SYS/#', true],
    ['a/b', '$share/group/a/+', true],
    ['a', '', false],
  ])('%s fits %s: %s', (topic, filter, fits) => {
    expect(topicFits(topic, filter)).toBe(fits);
  });

  it('says whether its messages are shared', () => {
    expect(['$share/group/a/+', '$SYS/#', 'a/$share/b', '#'].map(isShared)).toEqual([true, false, false, false]);
  });
});
