/** One alert: what happened in a sentence, then the facts, then the hand that says "seen". */
import { useComputed } from '@preact/signals';

import type { AlertDocument, AlertReason } from '../../../models/alert-document.ts';
import type { Desk } from '../desk.ts';
import { formatDuration, formatPercent, formatRarity, formatTime } from '../format.ts';
import { SeverityMark } from './severity-mark.tsx';

const REASON_WORDS: Record<AlertReason, string> = {
  prediction_error: 'off its prediction',
  new_extreme: 'new extreme',
  lasting_error: 'lasting error',
  unseasonal: 'unlike a season ago',
  stuck: 'stuck',
  silence: 'silent',
  limit: 'outside its limits',
  rate: 'too fast a change',
  type_change: 'another type of value',
  clock_skew: 'clock runs away',
  unusual_together: 'unlike itself',
  unlike_peers: 'unlike its siblings',
  unexpected_event: 'unexpected event',
};

export function AlertRow({ alert, desk }: { alert: AlertDocument; desk: Desk }) {
  const over = alert.status === 'cleared';
  const source = desk.store.track(alert.series)?.info.value.source ?? alert.series;
  return (
    <li class="alert" data-testid="alert" data-status={alert.status} data-series={alert.series}>
      <SeverityMark severity={alert.severity} over={over} />
      <div class="alert-body">
        <p class="alert-text given" title={alert.text}>
          {alert.text}
        </p>
        <p class="facts">
          <button type="button" class="link-button given" onClick={() => desk.enlarge(alert.series)}>
            {source}
          </button>
          <span>{REASON_WORDS[alert.reason] ?? <span class="given">{alert.reason}</span>}</span>
          <span title={`Score ${alert.peak_score.toFixed(1)} at its peak`}>{formatRarity(alert.per_day)}</span>
          <Times alert={alert} desk={desk} />
          {alert.muted && <span>muted</span>}
          <Similar alert={alert} desk={desk} />
        </p>
      </div>
      <Acknowledge alert={alert} desk={desk} />
    </li>
  );
}

/** The past alert that is most like this one, and how alike; leads to its series. */
function Similar({ alert, desk }: { alert: AlertDocument; desk: Desk }) {
  const [past] = alert.similar;
  if (past === undefined) return null;
  const source = desk.store.track(past.series)?.info.value.source ?? past.series;
  const time = formatTime(Date.parse(past.started_at), desk.store.second.peek());
  return (
    <button type="button" class="link-button given" data-testid="similar" onClick={() => desk.enlarge(past.series)}>
      like {time} {source}, {formatPercent(past.cosine)}
    </button>
  );
}

function Times({ alert, desk }: { alert: AlertDocument; desk: Desk }) {
  const start = Date.parse(alert.started_at);
  const { second } = desk.store;
  const duration = useComputed(() => {
    const end = alert.ended_at === null ? second.value : Date.parse(alert.ended_at);
    return formatDuration(end - start);
  });
  return (
    <>
      <time dateTime={alert.started_at}>{formatTime(start, second.peek())}</time>
      <span>
        {alert.ended_at === null ? 'for ' : 'lasted '}
        {duration}
      </span>
    </>
  );
}

function Acknowledge({ alert, desk }: { alert: AlertDocument; desk: Desk }) {
  const { acknowledging, link } = desk.store;
  const sent = useComputed(() => new Set(acknowledging.value.values()).has(alert.id));
  if (alert.acked) return <span class="acked">Seen</span>;
  // What is over needs no hand any more, and the server would take none.
  if (alert.status === 'cleared') return null;
  return (
    <button
      type="button"
      class="button ack"
      disabled={sent.value || link.value !== 'live'}
      aria-label={`Acknowledge: ${alert.text}`}
      onClick={() => desk.acknowledge(alert.id)}
    >
      Ack
    </button>
  );
}
