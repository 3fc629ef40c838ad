import { describe, expect, it } from 'vitest';
import { PIPELINE, Watch } from '../sim/watch.ts';

const SHARED = { ...PIPELINE, weights: 'shared', peers: 'plant/+/#' } as const;
const TOPICS = ['plant/a', 'plant/b', 'plant/c'];
const IDS = ['plant_a_v', 'plant_b_v', 'plant_c_v'];

async function started(options: ConstructorParameters<typeof Watch>[0] = {}, acceptLoss = false): Promise<Watch> {
  const watch = new Watch({ config: SHARED, ...options });
  await watch.start(acceptLoss);
  return watch;
}

const poolOf = ({ engine }: Watch, id = IDS[0]) => engine.registry.find(id)!.pool!;

function scoresOf(watch: Watch): number[] {
  const scores: number[] = [];
  watch.engine.samples.subscribe((all) => {
    for (const { t, e, lo, z } of all)
      for (let i = 0; i < t.length; i++) scores.push(t[i], e[i] ?? -1, lo[i] ?? -1, z[i]);
  });
  return scores;
}

describe('a checkpoint of series that share their weights', () => {
  it('goes on bit for bit where it stopped', async () => {
    const straight = await started();
    const straightScores = scoresOf(straight);
    await straight.calm(TOPICS, 150);
    await straight.engine.checkpoint();
    straight.clock.advance(1000);
    straightScores.length = 0;

    const again = await started({ store: straight.store, now: straight.clock.now() });
    const againScores = scoresOf(again);
    expect(poolOf(again).block).toEqual(poolOf(straight).block);
    for (const watch of [straight, again]) {
      await watch.calm(TOPICS, 100, 150);
      await watch.fault('plant/a', 3);
      await watch.calm('plant/new', 20, 253);
    }
    for (const { clock } of [straight, again]) clock.advance(100);
    expect(againScores.length).toBeGreaterThan(300);
    expect(againScores).toEqual(straightScores);
    expect(poolOf(again).block).toEqual(poolOf(straight).block);
    for (const id of [...IDS, 'plant_new_v']) expect(again.block(id)).toEqual(straight.block(id));
  });

  it('whose weights are damaged keeps all else, and says so', async () => {
    const first = await started();
    await first.calm(TOPICS, 60);
    await first.engine.stop();
    const [{ bytes }] = first.store.saved!.shards;
    // They are the first numbers behind the header.
    bytes[16 + new DataView(bytes.buffer).getUint32(8, true)] ^= 1;
    const second = await started({ store: first.store, now: first.clock.now() }, true);
    expect(second.engine.registry.size).toBe(3);
    expect(second.lines.all).toMatchObject([
      { level: 50, family: 'plant/+/v', msg: expect.stringContaining('shared weights is damaged') },
    ]);
    for (const id of IDS) expect(second.block(id)).toEqual(first.block(id));
    const fresh = await started();
    await fresh.calm('plant/z', 1);
    expect(poolOf(second).block).toEqual(poolOf(fresh, 'plant_z_v').block);
    await second.calm(TOPICS, 60, 60);
    expect(poolOf(second).block.every(Number.isFinite)).toBe(true);
  });

  it('of another family starts untrained, and says so', async () => {
    const first = await started();
    await first.calm(TOPICS, 60);
    await first.engine.stop();
    const second = await started({ store: first.store, config: { ...SHARED, peers: '+/+/v' } });
    expect(second.lines.all).toMatchObject([{ level: 40, msg: expect.stringContaining('start untrained') }]);
    expect(second.engine.registry.size).toBe(0);
  });

  it.each([
    [SHARED, PIPELINE],
    [PIPELINE, SHARED],
  ])('is of another shape where weights are shared now and were not, or the reverse', async (before, after) => {
    const first = await started({ config: before });
    await first.calm(TOPICS, 20);
    await first.engine.stop();
    const second = await started({ store: first.store, config: after });
    expect(second.engine.registry.size).toBe(0);
    expect(second.lines.all[0]).toMatchObject({ msg: expect.stringContaining('another shape') });
  });
});

it('a removed pipeline leaves no weights behind', async () => {
  const watch = await started();
  await watch.calm(TOPICS, 20);
  expect(watch.engine.registry.bytes).toBe(8 * (poolOf(watch).weightsSize + 3 * watch.block(IDS[0]).length));
  watch.engine.removePipeline('main');
  expect(watch.engine.registry.bytes).toBe(0);
});
