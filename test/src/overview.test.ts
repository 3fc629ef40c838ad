import { describe, expect, it } from 'vitest';
import { load } from '../../src/config/load.ts';
import { plan, type Plan } from '../../src/config/plan.ts';
import { Overview } from '../../src/overview.ts';
import { PIPELINE, Watch } from '../sim/watch.ts';

function planOf(text: string): Plan {
  const loaded = load(`version: 1\n${text}`, { file: 'test.yaml', env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return plan(loaded.config);
}

describe('the status', () => {
  it('has the budgets of all pipelines that watch something, however many series share each', () => {
    const { engine, clock, telemetry } = new Watch();
    engine.configure('second', { ...PIPELINE, inputs: ['other'] }, false);
    const overview = new Overview({ engine, clock, telemetry, unitOf: () => '', isDemo: () => false });
    const budget = () => overview.status().budget_per_day;
    expect(budget()).toBe(0); // not before there is a plan
    overview.plan = planOf(`
sources: {mqtt: {type: http}, other: {type: websocket, url: "ws://127.0.0.1:1"}}
pipelines:
  main: {inputs: [mqtt], alert_budget: 2/day}
  second: {inputs: [other], alert_budget: 5/day}`);
    const receive = (source: string, topic: string) => engine.receive(source, topic, Buffer.from('1'), clock.now());
    expect(budget()).toBe(0);
    for (const topic of ['a', 'b', 'c']) receive('mqtt', topic);
    expect(budget()).toBe(2);
    receive('other', 'd');
    expect(budget()).toBe(7);
    expect(overview.status().series).toBe(4);
  });
});
