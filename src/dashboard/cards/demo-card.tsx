/** The demo plant: faults go in here, and the score tells what the detector made of them. */
import type { Scoreboard } from '../../protocol.ts';
import type { Desk } from '../desk.ts';
import { formatDelay } from '../format.ts';
import { FaultList } from './fault-list.tsx';
import { InjectForm } from './inject-form.tsx';

const NOTHING_YET: Scoreboard = { injected: 0, caught: 0, missed: 0, false: 0, median_delay_ms: null, faults: [] };

export function DemoCard({ desk }: { desk: Desk }) {
  const score = desk.store.scoreboard.value ?? NOTHING_YET;
  return (
    <section class="panel demo" data-testid="scoreboard" aria-labelledby="demo-title">
      <header class="panel-head">
        <h2 id="demo-title">Demo plant</h2>
        <p class="panel-note">the detector is not told about faults</p>
      </header>
      <dl class="score">
        <Score label="Injected" testid="scoreboard-injected" text={String(score.injected)} />
        <Score label="Caught" testid="scoreboard-caught" text={String(score.caught)} tone="good" />
        <Score label="Missed" testid="scoreboard-missed" text={String(score.missed)} tone={score.missed ? 'bad' : ''} />
        <Score label="False" testid="scoreboard-false" text={String(score.false)} tone={score.false ? 'bad' : ''} />
        <Score label="Median delay" testid="scoreboard-delay" text={formatDelay(score.median_delay_ms)} />
      </dl>
      <InjectForm desk={desk} />
      <FaultList faults={score.faults} desk={desk} />
    </section>
  );
}

interface ScoreProps {
  label: string;
  testid: string;
  text: string;
  tone?: string;
}

function Score({ label, testid, text, tone = '' }: ScoreProps) {
  return (
    <div class={`score-cell ${tone}`}>
      <dt>{label}</dt>
      <dd data-testid={testid}>{text}</dd>
    </div>
  );
}
