import { afterEach, describe, expect, it, vi } from 'vitest';
import { BATCH_ROWS_MAX } from '../../models/batch.ts';
import type { Detector } from '../../models/detector.ts';
import { lastTimeOf, sampleCountOf } from '../../models/order.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';
import { MemoryCheckpointStore } from '../sim/store.ts';

const ID = 'plant_a_v';
const opens = ({ alerts }: Watch) => alerts.filter(({ event }) => event === 'open');

async function started(options: ConstructorParameters<typeof Watch>[0] = {}): Promise<Watch> {
  const watch = new Watch(options);
  await watch.start();
  return watch;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the engine', () => {
  it('turns a published fault into an alert, and nothing else into one', async () => {
    const watch = await started();
    await watch.calm('plant/a', 300);
    expect(watch.alerts).toEqual([]);
    await watch.fault('plant/a', 3);
    expect(opens(watch)).toHaveLength(1);
    expect(watch.alerts[0]).toMatchObject({
      series: ID,
      pipeline: 'main',
      status: 'active',
      seq: 1,
      unit: 'bar',
      tags: { source: 'plant/a/v' },
    });
    const { per_day } = watch.alerts[0];
    expect(per_day > 0 && per_day < 1, `${per_day} a day`).toBe(true);
    expect(watch.alerts[0].started_at).toBe(new Date(watch.clock.now() - 3000).toISOString());
    expect(watch.engine.alertLog.open().map(({ series }) => series)).toEqual([ID]);
    const metrics = await watch.telemetry.metrics.metrics();
    expect(metrics).toMatch(/tidewatch_alerts_total\{severity="\w+",reason="\w+"\} 1\n/);
    expect(metrics).toMatch(/tidewatch_series\{state="alert"\} 1\n/);
    expect(metrics).toContain('tidewatch_samples_total{source="mqtt"} 303\n');
    expect(watch.engine.registry.bytes).toBe(watch.block(ID).byteLength);
    expect(metrics).toContain(`tidewatch_series_state_bytes ${watch.engine.registry.bytes}\n`);
  });

  it('says that a message is kept once it is in the log, however many came in that turn', async () => {
    const watch = await started();
    let appended = 0;
    const append = watch.log.append.bind(watch.log);
    watch.log.append = (entry) => {
      if (entry.kind === 'batch') appended += entry.batch.length;
      append(entry);
    };
    watch.publish('plant/a', { v: 1 });
    const first = watch.engine.kept();
    for (let i = 0; i < BATCH_ROWS_MAX; i++) watch.publish('plant/a', { v: i });
    const inLog = [first, watch.engine.kept()].map((kept) => kept.then(() => appended));
    expect(await Promise.all(inLog)).toEqual([BATCH_ROWS_MAX, BATCH_ROWS_MAX + 1]);
  });

  it('gives the same alerts, with the same ids, when everything happens again', async () => {
    const lives = [];
    for (let i = 0; i < 2; i++) {
      const watch = await started();
      await watch.calm('plant/a', 200);
      await watch.fault('plant/a', 3);
      await watch.calm('plant/a', 200, 200);
      lives.push(watch.alerts);
    }
    expect(lives[0].length).toBeGreaterThan(0);
    expect(lives[1]).toEqual(lives[0]);
  });

  it('counts what belongs to no pipeline, and takes nothing of it', async () => {
    const watch = await started();
    const receive = (source: string) => watch.engine.receive(source, 'a', Buffer.from('1'), watch.clock.now());
    expect(receive('other')).toEqual({ accepted: 0, drops: ['unrouted'] });
    expect(watch.engine.registry.size).toBe(0);
    watch.engine.removePipeline('main');
    expect(receive('mqtt')).toEqual({ accepted: 0, drops: ['unrouted'] });
    expect(Object.fromEntries(watch.telemetry.dropped)).toEqual({ unrouted: 2 });
    const metrics = await watch.telemetry.metrics.metrics();
    expect(metrics).toContain('tidewatch_samples_dropped_total{reason="unrouted"} 2\n');
  });

  it('says of every payload what it took and why it left the rest', async () => {
    const watch = await started();
    const receive = (payload: string, retained = false) =>
      watch.engine.receive('mqtt', 'a', Buffer.from(payload), watch.clock.now(), { retained });
    expect(receive('{"v":1,"x":"broken"}')).toEqual({ accepted: 1, drops: ['not_a_number'] });
    expect(receive('broken')).toEqual({ accepted: 0, drops: ['malformed'] });
    expect(receive('1', true)).toEqual({ accepted: 0, drops: ['retained'] });
  });

  it('takes a time from before 2001 for none, counts it, and goes by the arrival', async () => {
    const watch = await started();
    const payload = Buffer.from('{"v":1,"ts":4711}');
    const receipt = watch.engine.receive('mqtt', 'plant/a', payload, watch.clock.now());
    expect(receipt).toEqual({ accepted: 1, drops: ['bad_time'] });
    await watch.engine.settled();
    expect(watch.engine.lastTimeOf('mqtt')).toBe(watch.clock.now());
  });

  it('counts a retained message and learns nothing from it', async () => {
    const watch = await started();
    expect(watch.publish('plant/a', { v: 1 }, true)).toBe(0);
    await watch.engine.settled();
    expect(watch.telemetry.dropped.get('retained')).toBe(1);
    expect(watch.engine.registry.size).toBe(0);
    expect(watch.publish('plant/a', { v: 1 })).toBe(1);
  });

  it('counts bad payloads by reason and keeps the good fields', async () => {
    const watch = await started();
    expect(watch.publish('plant/a', '{"v":1,"x":"broken","y":null}')).toBe(1);
    expect(watch.publish('plant/a', 'broken')).toBe(0);
    expect(Object.fromEntries(watch.telemetry.dropped)).toEqual({ not_a_number: 1, empty: 1, malformed: 1 });
  });

  it('takes the time of the payload, or that of the arrival where it carries none', async () => {
    const watch = await started();
    watch.publish('plant/a', { v: 1, ts: watch.clock.now() - 5000 });
    watch.publish('plant/b', { v: 1 });
    await watch.engine.settled();
    const times = [...watch.engine.registry].map(({ memory, at, model }) =>
      lastTimeOf(memory, at + model.detector.layout.order),
    );
    expect(times).toEqual([watch.clock.now() - 5000, watch.clock.now()]);
    expect(watch.engine.lastTimeOf('mqtt')).toBe(watch.clock.now());
    expect(watch.engine.lastTimeOf('other')).toBe(-Infinity);
  });

  it('notices that a series has fallen silent, and that it is back', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    const track = watch.engine.registry.find(ID)!;
    expect(watch.engine.isOverdue(track)).toBe(false);
    watch.clock.advance(10_000);
    await watch.engine.settled();
    expect(watch.engine.isOverdue(track)).toBe(true);
    expect(opens(watch)).toMatchObject([{ series: ID, reason: 'silence', value: null }]);
    await watch.calm('plant/a', 30, 110);
    expect(watch.engine.isOverdue(track)).toBe(false);
    expect(watch.alerts.at(-1)).toMatchObject({ event: 'close', status: 'cleared' });
  });

  it('does not call a series silent whose clock is behind', async () => {
    const watch = await started();
    for (let i = 0; i < 100; i++) {
      watch.publish('plant/a', { v: i % 7, ts: watch.clock.now() - 3600_000 });
      watch.clock.advance(1000);
    }
    await watch.engine.settled();
    expect(watch.engine.isOverdue(watch.engine.registry.find(ID)!)).toBe(false);
    expect(opens(watch).filter(({ reason }) => reason === 'silence')).toEqual([]);
  });

  it('has scored everything that came in once it is settled', async () => {
    const watch = await started();
    for (let i = 0; i < 10_000; i++) watch.publish(`plant/${i % 10}`, { v: i, ts: watch.clock.now() + i });
    await watch.engine.settled();
    expect(watch.log.depth).toBe(0);
    const counts = [...watch.engine.registry].map(({ memory, at, model }) =>
      sampleCountOf(memory, at + model.detector.layout.order),
    );
    expect(counts).toEqual(Array.from({ length: 10 }, () => 1000));
  });

  it('acknowledges an open alert through the log, once, and no other', async () => {
    const watch = await started();
    await watch.calm('plant/a', 200);
    await watch.fault('plant/a', 2);
    const { id } = watch.alerts[0];
    const before = watch.alerts.length;
    expect(watch.engine.acknowledge('nosuchalert')).toBe(false);
    expect(watch.engine.acknowledge(id)).toBe(true);
    expect(watch.alerts).toHaveLength(before); // not before the log has been read
    watch.engine.acknowledge(id);
    await watch.engine.settled();
    const acks = watch.alerts.filter(({ event }) => event === 'ack');
    expect(acks).toMatchObject([
      { id, acked: true, status: 'active', updated_at: new Date(watch.clock.now()).toISOString() },
    ]);
    expect(watch.engine.alertLog.openById(id)?.acked).toBe(true);
    const seqs = watch.alerts.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    await watch.calm('plant/a', 200, 200);
    expect(watch.alerts.find(({ id: closed, event }) => closed === id && event === 'close')?.acked).toBe(true);
  });

  it('shows every sample on the screen stream', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const watch = await started();
    const shown: number[] = [];
    watch.engine.samples.subscribe((all) => {
      for (const { s, y } of all) if (s === ID) shown.push(...y);
    });
    watch.publish('plant/a', { v: 1 });
    watch.publish('plant/a', { v: 2, ts: watch.clock.now() + 1 });
    watch.publish('plant/a', { v: 3, ts: watch.clock.now() - 1 });
    await watch.engine.settled();
    vi.advanceTimersByTime(100);
    expect(shown).toEqual([1, 2]);
  });

  it('forgets the series of a pipeline that is removed, and those whose models no longer fit', async () => {
    const watch = await started();
    await watch.calm('plant/a', 50);
    watch.engine.configure('main', { ...PIPELINE, alertBudgetPerDay: 5 }, true);
    await watch.calm('plant/a', 1, 50);
    expect(watch.block(ID)[0]).toBe(51);
    watch.engine.configure('main', { ...PIPELINE, hidden: 5 }, false);
    await watch.calm('plant/a', 1, 51);
    expect(watch.block(ID)[0]).toBe(1);
    watch.engine.removePipeline('main');
    expect(watch.engine.registry.size).toBe(0);
    expect(watch.publish('plant/a', { v: 1 })).toBe(0);
  });

  it('leaves no alert open for a series that is gone', async () => {
    const watch = await started();
    await watch.calm('plant/a', 200);
    await watch.fault('plant/a', 2);
    expect(watch.engine.alertLog.open()).toHaveLength(1);
    watch.engine.removePipeline('main');
    expect(watch.engine.alertLog.open()).toEqual([]);
  });
});

/** Scores of everything published, as the screens get them. */
function scoresOf(watch: Watch): number[] {
  const scores: number[] = [];
  watch.engine.samples.subscribe((all) => {
    for (const { t, e, lo, z } of all)
      for (let i = 0; i < t.length; i++) scores.push(t[i], e[i] ?? -1, lo[i] ?? -1, z[i]);
  });
  return scores;
}

/** A second of silence after another, up to each number of seconds: whether an alert was raised until then. */
async function silences(watch: Watch, ...until: number[]): Promise<boolean[]> {
  const raised: boolean[] = [];
  let seconds = 0;
  for (const end of until) {
    for (; seconds < end; seconds++) watch.clock.advance(1000);
    await watch.engine.settled();
    raised.push(watch.alerts.some(({ reason }) => reason === 'silence'));
  }
  return raised;
}

describe('silence', () => {
  it('is told in the time of the series, and is no sample of it', async () => {
    const watch = await started();
    const behind = 3600_000;
    for (let i = 0; i < 100; i++) {
      watch.publish('plant/a', { v: 50 + 10 * Math.sin(i / 9), ts: watch.clock.now() - behind });
      watch.clock.advance(1000);
    }
    await watch.engine.settled();
    const { samples } = (watch.engine.registry.find(ID)!.model.detector as Detector).layout;
    const before = watch.block(ID);
    const arrived = watch.clock.now() - 1000;
    expect(await silences(watch, 1, 10)).toEqual([false, true]);
    expect(opens(watch)).toHaveLength(1);
    // Overdue at three times its cadence.
    expect(opens(watch)[0].started_at).toBe(new Date(arrived - behind + 3000).toISOString());
    expect([before[0], before[samples]]).toEqual([100, 100]);
    expect([watch.block(ID)[0], watch.block(ID)[samples]]).toEqual([100, 100]);
    expect(watch.telemetry.samples).toBe(100);
    watch.publish('plant/a', { v: 50, ts: watch.clock.now() - behind });
    await watch.engine.settled();
    expect(Object.fromEntries(watch.telemetry.dropped)).toEqual({});
    expect(watch.block(ID)[0]).toBe(101);
  });

  it('is not that of a process which was held up: what came meanwhile still waits in the sockets', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    for (const ms of [1600, 5000, 60_000, 3600_000]) {
      watch.clock.stall(ms);
      await watch.engine.settled();
      await watch.calm('plant/a', 20, 100);
    }
    expect(watch.alerts.filter(({ reason }) => reason === 'silence')).toEqual([]);
    // The pauses have become a little usual, and a silence has to be longer than before.
    watch.clock.stall(3600_000);
    expect(await silences(watch, 2, 20)).toEqual([false, true]);
  });

  it('is not that of a process which was held up before its first tick', async () => {
    const first = await started();
    await first.calm('plant/a', 100);
    await first.engine.stop();
    const second = await started({ store: first.store, now: first.clock.now() });
    second.clock.stall(10_000);
    expect(await silences(second, 2, 4)).toEqual([false, true]);
  });

  it('is noticed where the ticks are a little late, and no more', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    for (let i = 0; i < 4; i++) watch.clock.stall(1400);
    await watch.engine.settled();
    expect(opens(watch)).toMatchObject([{ reason: 'silence' }]);
  });

  it('is not that of a source which is not connected, and begins anew with it', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    const track = watch.engine.registry.find(ID)!;
    watch.engine.heard('mqtt', false);
    expect(await silences(watch, 3600)).toEqual([false]);
    expect(watch.engine.isOverdue(track)).toBe(false);
    watch.engine.heard('mqtt', true);
    expect(await silences(watch, 2, 4)).toEqual([false, true]);
    expect(watch.engine.isOverdue(track)).toBe(true);
  });

  it('is not that of a source which is not connected, even when the process was held up', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    watch.engine.heard('mqtt', false);
    watch.clock.stall(10_000);
    expect(await silences(watch, 60)).toEqual([false]);
    watch.engine.heard('mqtt', true);
    expect(await silences(watch, 2, 4)).toEqual([false, true]);
  });

  it('counts from the last sample where that is later than the connection', async () => {
    const watch = await started();
    await watch.calm('plant/a', 100);
    watch.engine.heard('mqtt', false);
    expect(await silences(watch, 60)).toEqual([false]);
    watch.engine.heard('mqtt', true);
    await watch.calm('plant/a', 10, 100);
    // A second since the last sample already; the pause before has made it four and a half seconds that are usual.
    expect(await silences(watch, 3, 4)).toEqual([false, true]);
  });

  it('of one pipeline is told while the source of another is not connected', async () => {
    const watch = await started();
    watch.engine.configure('second', { ...PIPELINE, inputs: ['other'] }, false);
    await watch.calm('plant/a', 100);
    watch.engine.heard('other', false);
    expect(await silences(watch, 1, 4)).toEqual([false, true]);
  });

  it('waits until every source of its pipeline is connected, or is no source of it any more', async () => {
    const watch = await started({ config: { ...PIPELINE, inputs: ['mqtt', 'other'] } });
    await watch.calm('plant/a', 100);
    watch.engine.heard('other', false);
    watch.engine.heard('mqtt', false);
    watch.engine.heard('mqtt', true);
    expect(await silences(watch, 60)).toEqual([false]);
    watch.engine.configure('main', PIPELINE, true);
    expect(await silences(watch, 2, 4)).toEqual([false, true]);
  });
});

const TOPICS = ['plant/a', 'plant/b', 'plant/c', 'plant/d'];

function thresholdOf({ engine }: Watch): number {
  const { memory, at, model } = engine.registry.find(ID)!;
  return model.detector.threshold(memory, at);
}

/** Series of one pipeline, after 100 seconds. */
async function among(topics: string[], alertBudgetPerDay: number): Promise<Watch> {
  const watch = await started({ config: { ...PIPELINE, alertBudgetPerDay } });
  await watch.calm(topics, 100);
  return watch;
}

describe('the budget of a pipeline', () => {
  it('is shared equally by its series', async () => {
    const alone = await among(['plant/a'], 1);
    const shared = await among(TOPICS, 1);
    expect(thresholdOf(shared)).toBeGreaterThan(thresholdOf(alone));
    expect(thresholdOf(shared)).toBe(thresholdOf(await among(['plant/a'], 1 / 4)));
    expect(thresholdOf(await among(TOPICS, 4))).toBe(thresholdOf(alone));
  });

  it('is that of each pipeline alone', async () => {
    const watch = await started();
    watch.engine.configure('second', { ...PIPELINE, inputs: ['other'] }, false);
    const push = (topic: string) => watch.engine.receive('other', topic, Buffer.from('1'), watch.clock.now());
    for (const topic of TOPICS) push(`other/${topic}`);
    await watch.calm('plant/a', 100);
    expect(thresholdOf(watch)).toBe(thresholdOf(await among(['plant/a'], 1)));
  });

  it('is parted anew when a series comes, with an entry of the log that says so once', async () => {
    const watch = await among(TOPICS.slice(0, 2), 1);
    const append = vi.spyOn(watch.log, 'append');
    const before = thresholdOf(watch);
    for (let i = 100; i < 150; i++) await watch.calm(TOPICS, 1, i);
    const commands = append.mock.calls.flatMap(([entry]) => (entry.kind === 'command' ? [entry.command] : []));
    expect(commands.filter(({ verb }) => verb !== 'admit')).toEqual([{ verb: 'share', pipeline: 'main', series: 4 }]);
    expect(thresholdOf(watch)).toBeGreaterThan(before);
  });

  it('is parted the same after a restart, from the first sample on', async () => {
    const first = await among(TOPICS, 1);
    const straight = thresholdOf(first);
    await first.engine.stop();
    const second = await started({ store: first.store, now: first.clock.now() });
    expect(thresholdOf(second)).toBe(straight);
    // It is found anew in a while, and only one of the four speaks.
    await second.calm('plant/a', 20, 100);
    const longer = await among(TOPICS, 1);
    await longer.calm('plant/a', 20, 100);
    expect(thresholdOf(second)).toBe(thresholdOf(longer));
    expect(second.engine.registry.find(ID)!.model.detector.series).toBe(4);
  });

  it('is kept parted when the configuration is read again', async () => {
    const watch = await among(TOPICS, 1);
    watch.engine.configure('main', { ...PIPELINE, alertBudgetPerDay: 4 }, true);
    expect(watch.engine.registry.find(ID)!.model.detector.series).toBe(4);
    await watch.calm(TOPICS, 20, 100);
    const rich = await among(TOPICS, 4);
    await rich.calm(TOPICS, 20, 100);
    expect(thresholdOf(watch)).toBe(thresholdOf(rich));
  });
});

/** A store with two checkpoints of a series: after 20 samples, and after 40. */
async function twice(): Promise<MemoryCheckpointStore> {
  const watch = await started();
  await watch.calm('plant/a', 20);
  await watch.engine.checkpoint();
  await watch.calm('plant/a', 20, 20);
  await watch.engine.stop();
  return watch.store;
}

describe('a checkpoint', () => {
  it('goes on bit for bit where it stopped: restarted or not, the scores are the same', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const straight = await started();
    const straightScores = scoresOf(straight);
    await straight.calm(['plant/a', 'plant/b'], 150);
    await straight.engine.checkpoint();
    const before = straight.alerts.length;
    vi.advanceTimersByTime(100);
    straightScores.length = 0;

    const again = await started({ store: straight.store, now: straight.clock.now() });
    const againScores = scoresOf(again);
    expect(again.engine.registry.size).toBe(2);
    for (const watch of [straight, again]) {
      await watch.calm(['plant/a', 'plant/b'], 100, 150);
      await watch.fault('plant/a', 3);
    }
    vi.advanceTimersByTime(100);
    expect(againScores).toHaveLength(203 * 4);
    expect(againScores).toEqual(straightScores);
    for (const id of [ID, 'plant_b_v']) expect(again.block(id)).toEqual(straight.block(id));
    expect(again.alerts.length).toBeGreaterThan(0);
    expect(again.alerts).toEqual(straight.alerts.slice(before));
  });

  it('carries open alerts: a restart neither repeats nor loses one, and goes on counting', async () => {
    const first = await started();
    await first.calm('plant/a', 200);
    await first.fault('plant/a', 2);
    await first.engine.stop();
    const second = await started({ store: first.store, now: first.clock.now() });
    expect(second.engine.alertLog.open()).toEqual(first.engine.alertLog.open());
    await second.calm('plant/a', 200, 200);
    const [close] = second.alerts;
    expect(close).toMatchObject({ id: first.alerts[0].id, event: 'close', seq: first.alerts.at(-1)!.seq + 1 });
    expect(second.engine.alertLog.after(0).map(({ seq }) => seq)).toEqual(
      Array.from({ length: second.engine.alertLog.seq }, (_, i) => i + 1),
    );
  });

  it('holds nobody silent for the time in which nobody listened', async () => {
    const first = await started();
    await first.calm('plant/a', 100);
    await first.engine.stop();
    const second = await started({ store: first.store, now: first.clock.now() + 3600_000 });
    second.clock.advance(2000);
    await second.engine.settled();
    expect(second.alerts).toEqual([]);
    second.clock.advance(2000);
    await second.engine.settled();
    expect(opens(second)).toMatchObject([{ reason: 'silence' }]);
  });

  it('starts a series untrained whose shape has changed, and says so', async () => {
    const first = await started();
    await first.calm('plant/a', 20);
    await first.engine.stop();
    const second = await started({ store: first.store, config: { ...PIPELINE, hidden: 4 } });
    expect(second.engine.registry.size).toBe(0);
    expect(second.lines.all).toMatchObject([
      { level: 40, pipeline: 'main', msg: expect.stringContaining('another shape') },
    ]);
  });

  it('takes the older copy of a shard that is missing, and says so', async () => {
    const store = await twice();
    store.saved!.shards[0].bytes = new Uint8Array();
    const watch = new Watch({ store });
    // Without a log the entries between the two are missing, and it has to be told that they may be.
    await expect(watch.engine.restore()).rejects.toThrow('no whole copy is left of partition');
  });

  it('goes on without a shard of which no copy can be read where it is told to, and restores the others', async () => {
    const first = await started();
    await first.calm(['plant/a', 'plant/b'], 20);
    await first.engine.checkpoint();
    await first.engine.stop();
    const { saved, before } = first.store;
    expect(saved!.shards).toHaveLength(2);
    saved!.shards[0].bytes = new Uint8Array();
    before!.shards[0].bytes.fill(7);
    const second = new Watch({ store: first.store, now: first.clock.now() });
    expect(await second.start(true)).toBe(1);
    await second.calm(['plant/a', 'plant/b'], 1, 20);
    expect([ID, 'plant_b_v'].map((id) => second.block(id)[0]).sort((a, b) => a - b)).toEqual([1, 21]);
  });

  it('loses one series where no copy of it is whole and that may be, and names it', async () => {
    const first = await started();
    await first.calm('plant/a', 20);
    await first.calm('plant/b', 20);
    await first.engine.stop();
    const { bytes } = first.store.saved!.shards[0];
    bytes[bytes.length - 1] ^= 1;
    const second = new Watch({ store: first.store });
    expect(await second.engine.restore(true)).toBe(1);
    expect(second.lines.all).toMatchObject([{ level: 50, msg: expect.stringContaining('damaged') }]);
  });

  it('restores nothing where there never was one', async () => {
    expect(await new Watch().engine.restore()).toBe(0);
  });

  it('is one at a time', async () => {
    const watch = await started();
    await watch.calm('plant/a', 5);
    await Promise.all([watch.engine.checkpoint(), watch.engine.checkpoint()]);
    expect(watch.store.saves).toBe(1);
    await watch.engine.checkpoint();
    expect(watch.store.saves).toBe(2);
  });

  it('counts and reports a failure, and is tried again', async () => {
    const watch = await started();
    await watch.calm('plant/a', 5);
    watch.store.gate = () => Promise.reject(new Error('disk full'));
    await expect(watch.engine.checkpoint()).rejects.toThrow('disk full');
    expect(await watch.telemetry.metrics.metrics()).toContain('tidewatch_checkpoints_total{result="failed"} 1');
    watch.store.gate = () => Promise.resolve();
    await watch.engine.checkpoint();
    expect(watch.store.saves).toBe(1);
  });

  it('at the stop holds everything, even where another one is still being written', async () => {
    const store = new MemoryCheckpointStore();
    const watch = await started({ store });
    await watch.calm('plant/a', 10);
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    store.gate = () => gate;
    const slow = watch.engine.checkpoint();
    await watch.calm('plant/a', 10, 10);
    const stopped = watch.engine.stop();
    release?.();
    await Promise.all([slow, stopped]);
    const again = await started({ store });
    expect(again.block(ID)[0]).toBe(20);
  });
});

describe('the text of an alert', () => {
  it.each([
    [7, 'lower'],
    [3, 'higher'],
  ])('does not say that %d is %s than ever seen where it was always 5', async (value, wrong) => {
    const watch = await started();
    for (let i = 0; i < 200; i++) {
      watch.publish('plant/a', { v: 5 });
      watch.clock.advance(1000);
    }
    await watch.fault('plant/a', 1, value);
    expect(opens(watch)[0]).toMatchObject({ value, reason: 'new_extreme' });
    expect(opens(watch)[0].text).toMatch(/ever seen|never seen/);
    expect(opens(watch)[0].text).not.toContain(wrong);
  });
});
