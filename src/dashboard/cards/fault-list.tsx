/** Recent faults and what became of each. */
import type { FaultRecord } from '../../protocol.ts';
import type { Desk } from '../desk.ts';
import { FAULT_WORDS, outcomeText, verdict, type Verdict } from '../faults.ts';
import { formatTime } from '../format.ts';

const FAULTS_MAX = 50;
const SIGNS: Record<Verdict, string> = { open: '…', good: '✓', bad: '✕' };

export function FaultList({ faults, desk }: { faults: readonly FaultRecord[]; desk: Desk }) {
  if (faults.length === 0) return <p class="faults-empty">No fault yet. The first scheduled one comes soon.</p>;
  return (
    <ol class="rows faults" tabIndex={0} aria-label="Recent faults, newest first">
      {faults.slice(0, FAULTS_MAX).map((fault) => (
        <FaultRow key={fault.id} fault={fault} desk={desk} />
      ))}
    </ol>
  );
}

function FaultRow({ fault, desk }: { fault: FaultRecord; desk: Desk }) {
  const result = verdict(fault);
  const source = desk.store.track(fault.series)?.info.peek().source ?? fault.series;
  return (
    <li class="fault" data-outcome={fault.outcome}>
      <span class="fault-time">{formatTime(fault.started_at, desk.store.second.peek())}</span>
      <span class="fault-kind">{FAULT_WORDS[fault.kind]?.label ?? fault.kind}</span>
      <span class="fault-series given">{source}</span>
      <span class={`outcome outcome-${result}`}>
        <span aria-hidden="true">{SIGNS[result]}</span> {outcomeText(fault)}
      </span>
    </li>
  );
}
