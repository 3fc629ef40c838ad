/** What a checkpoint survives: the harness finds nothing in the store, and finds every fault that is planted. */
import { describe, expect, test } from 'vitest';
import {
  cutAnywhere,
  damageEverywhere,
  failEverywhere,
  fillEverywhere,
  killEverywhere,
  type MakeStore,
} from '../sim/checkpoint-faults.ts';
import { inPlace, withoutFolderSync, withoutLookingAtShortWrites, withoutSync } from '../sim/planted.ts';

const NONE = { violations: 0, examples: [] };

describe('a checkpoint', () => {
  test('is the one before or the new one, whole, wherever the process is killed', async () => {
    const found = await killEverywhere();
    expect(found).toMatchObject(NONE);
    expect(found.states).toBeGreaterThan(300);
  });

  test('is none older than the last save that returned, and no mix, whatever a power cut leaves', async () => {
    const found = await cutAnywhere(20_000, 1);
    expect(found).toMatchObject(NONE);
    expect(found.states).toBeGreaterThanOrEqual(20_000);
  });

  test('stays, and is followed by the next, where any call of a save fails or writes short', async () => {
    const found = await failEverywhere();
    expect(found).toMatchObject(NONE);
    expect(found.states).toBeGreaterThan(150);
  });

  test('stays where the disk is full at any byte, and is followed by the next once there is room', async () => {
    const found = await fillEverywhere(41);
    expect(found).toMatchObject(NONE);
    expect(found.states).toBeGreaterThan(50);
  });

  test('shows any bit that was flipped and any end that was cut off, and loses no more than that file', async () => {
    const found = await damageEverywhere(40);
    expect(found).toMatchObject(NONE);
    expect(found.states).toBeGreaterThan(5000);
  });
});

describe('of planted faults', () => {
  test.each<[string, MakeStore]>([
    ['files that are not synced', withoutSync],
    ['folders that are not synced', withoutFolderSync],
    ['files that are written in place', inPlace],
  ])('%s are found by power cuts', async (_, make) => {
    expect((await cutAnywhere(2000, 1, make)).violations).toBeGreaterThan(0);
  });

  test('files that are written in place are found by kills', async () => {
    expect((await killEverywhere(inPlace)).violations).toBeGreaterThan(0);
  });

  test('short writes that nobody looks at are found', async () => {
    expect((await failEverywhere(withoutLookingAtShortWrites)).violations).toBeGreaterThan(0);
  });
});
