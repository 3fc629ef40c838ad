import { describe, expect, it } from 'vitest';
import { VersionChoice } from '../../sensors/mqtt-version.ts';

describe('the version of MQTT', () => {
  it('is 5, then 3.1.1, and after a wait 5 again', () => {
    const choice = new VersionChoice(null);
    expect([choice.current, choice.refused(), choice.current, choice.refused(), choice.current]).toEqual([
      5,
      true,
      4,
      false,
      5,
    ]);
  });

  it('stays the one that was accepted, whoever hangs up later', () => {
    const choice = new VersionChoice(null);
    expect([choice.hungUp(), choice.current]).toEqual([true, 4]);
    choice.accepted();
    expect([choice.hungUp(), choice.current]).toEqual([false, 4]);
    // The broker was exchanged for one that knows only the other.
    expect([choice.refused(), choice.current]).toEqual([true, 5]);
  });

  it.each([4, 5] as const)('is no other where %d is wanted', (version) => {
    const choice = new VersionChoice(version);
    expect([choice.refused(), choice.hungUp(), choice.current]).toEqual([false, false, version]);
  });
});
