import { describe, expect, it } from 'vitest';

import { injectFault, outcomeText, verdict } from '../../src/dashboard/faults.ts';
import type { FaultRecord } from '../../src/protocol.ts';

function fault(rest: Partial<FaultRecord>): FaultRecord {
  return {
    id: 1,
    kind: 'spike',
    series: 's',
    started_at: 0,
    ended_at: 30_000,
    caught_at: null,
    outcome: 'active',
    ...rest,
  };
}

const answer = (response: Response) => () => Promise.resolve(response);

describe('a fault', () => {
  it('tells how fast it was caught', () => {
    expect(outcomeText(fault({ outcome: 'caught', caught_at: 2140 }))).toBe('caught in 2.1 s');
  });

  it('that must stay quiet is good when it did and bad when it did not', () => {
    expect(verdict(fault({ kind: 'counter_reset', outcome: 'kept_quiet' }))).toBe('good');
    expect(verdict(fault({ kind: 'counter_reset', outcome: 'disturbed' }))).toBe('bad');
  });
});

describe('injecting a fault', () => {
  it('orders half a minute of it as JSON', async () => {
    const requests: [unknown, RequestInit | undefined][] = [];
    const problem = await injectFault('stuck', 'line1_pump', (url, init) => {
      requests.push([url, init]);
      return Promise.resolve(new Response('{}', { status: 202 }));
    });
    expect(problem).toBeNull();
    expect(requests).toEqual([
      [
        'api/v1/cmd/inject',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"kind":"stuck","series":"line1_pump","for":"30s"}',
        },
      ],
    ]);
  });

  it('says why it was refused', async () => {
    const refused = Response.json({ title: 'Conflict', detail: 'A fault is running.' }, { status: 409 });
    expect(await injectFault('stuck', 's', answer(refused))).toBe('A fault is running.');
    expect(await injectFault('stuck', 's', answer(new Response('<h1>', { status: 502 })))).toBe(
      'The server answered 502.',
    );
  });

  it('says so when nobody answers', async () => {
    expect(await injectFault('stuck', 's', () => Promise.reject(new TypeError('failed')))).toBe(
      'The server does not answer.',
    );
  });
});
