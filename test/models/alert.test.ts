import { beforeEach, describe, expect, test } from 'vitest';
import type { AlertReason } from '../../models/alert-document.ts';
import { acknowledge, ALERT_SIZE, alertFacts, alertStep, PHASE, REASON, REASONS } from '../../models/alert.ts';

const RULES = { release: 3, hold: 100 };
let memory: Float64Array;
let sample: number;
beforeEach(() => {
  memory = new Float64Array(ALERT_SIZE);
  sample = 0;
});

function step(time: number, score: number, fires = false, reason: number = REASON.predictionError) {
  return alertStep(memory, 0, time, ++sample, score, reason, fires, RULES);
}
const phase = () => memory[0];

describe('an alert', () => {
  test('is pending, and told to nobody, while the score is high and no alarm has started', () => {
    expect(step(0, 2.9)).toBeUndefined();
    expect(phase()).toBe(PHASE.idle);
    expect(step(10, 3)).toBeUndefined();
    expect(phase()).toBe(PHASE.pending);
    expect(step(20, 1)).toBeUndefined();
    expect(phase()).toBe(PHASE.idle);
  });

  test('opens where an alarm starts, with the time and number of that sample', () => {
    step(0, 3.5);
    expect(step(10, 5, true, REASON.newExtreme)).toBe('open');
    expect(phase()).toBe(PHASE.firing);
    expect(alertFacts(memory, 0)).toMatchObject({
      openedAt: 10,
      openedSample: 2,
      peak: 5,
      reason: REASON.newExtreme,
      count: 1,
      acked: false,
    });
  });

  test('closes once the score has stayed low for the hold, not before', () => {
    step(0, 5, true);
    expect([step(10, 1), step(50, 1), step(99, 1), step(100, 1)]).toEqual([undefined, undefined, undefined, 'close']);
    expect(phase()).toBe(PHASE.idle);
  });

  test('is one alert while the score flaps around the threshold', () => {
    const events = Array.from({ length: 100 }, (_, i) => step(i * 20, i % 2 === 0 ? 4.1 : 2, i % 2 === 0));
    expect(events.filter((event) => event !== undefined)).toEqual(['open']);
    expect(phase()).toBe(PHASE.firing);
  });

  test('does not end while the score hangs between release and threshold', () => {
    step(0, 5, true);
    for (let time = 10; time < 1000; time += 10) expect(step(time, 3.1)).toBeUndefined();
  });

  test('is told again each time its peak has grown by 2, with the reason at the peak', () => {
    step(0, 5, true, REASON.predictionError);
    expect(step(1, 6.9, false, REASON.stuck)).toBeUndefined();
    expect(step(2, 6.95)).toBeUndefined();
    expect(step(3, 7, false, REASON.lastingError)).toBe('update');
    expect(step(4, 8.9)).toBeUndefined();
    expect(step(5, 12, false, REASON.newExtreme)).toBe('update');
    step(6, 4, false, REASON.stuck);
    expect(alertFacts(memory, 0)).toMatchObject({ peak: 12, reason: REASON.newExtreme, count: 7 });
  });

  test('starts anew after it has closed: own number, own peak, not acknowledged', () => {
    step(0, 9, true);
    acknowledge(memory, 0);
    step(200, 0);
    step(300, 5, true);
    expect(alertFacts(memory, 0)).toMatchObject({ openedAt: 300, openedSample: 3, peak: 5, count: 1, acked: false });
  });
});

describe('acknowledging', () => {
  test('works once, on an open alert only', () => {
    expect(acknowledge(memory, 0)).toBe(false);
    step(0, 3.5);
    expect(acknowledge(memory, 0)).toBe(false);
    step(10, 5, true);
    expect(acknowledge(memory, 0)).toBe(true);
    expect(alertFacts(memory, 0).acked).toBe(true);
    expect(acknowledge(memory, 0)).toBe(false);
  });

  test('does not close the alert', () => {
    step(0, 5, true);
    acknowledge(memory, 0);
    expect(step(10, 1)).toBeUndefined();
    expect(step(110, 1)).toBe('close');
    expect(alertFacts(memory, 0).acked).toBe(true);
  });
});

test('each reason has its text at its code', () => {
  const texts: Record<keyof typeof REASON, AlertReason> = {
    predictionError: 'prediction_error',
    lastingError: 'lasting_error',
    newExtreme: 'new_extreme',
    stuck: 'stuck',
    silence: 'silence',
    unseasonal: 'unseasonal',
    limit: 'limit',
    rate: 'rate',
    typeChange: 'type_change',
    clockSkew: 'clock_skew',
    unusualTogether: 'unusual_together',
    unlikePeers: 'unlike_peers',
    unexpectedEvent: 'unexpected_event',
  };
  for (const [name, code] of Object.entries(REASON)) expect(REASONS[code]).toBe(texts[name as keyof typeof REASON]);
  expect(REASONS).toHaveLength(Object.keys(REASON).length);
});
