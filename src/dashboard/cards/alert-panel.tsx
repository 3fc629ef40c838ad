/** Alerts, open ones on top, in a panel of fixed height: a new alert must not push the charts away. */
import type { Desk } from '../desk.ts';
import { AlertRow } from './alert-row.tsx';

export function AlertPanel({ desk }: { desk: Desk }) {
  const { alerts, openCount, notice } = desk.store;
  return (
    <section class="panel alerts" data-testid="alert-list" aria-labelledby="alerts-title">
      <header class="panel-head">
        <h2 id="alerts-title">Alerts</h2>
        <p class="panel-note" role="status">
          {notice.value === '' ? countText(openCount.value, alerts.value.length) : <span class="given">{notice}</span>}
        </p>
      </header>
      {alerts.value.length === 0 ? (
        <AllQuiet desk={desk} />
      ) : (
        <ol class="rows" tabIndex={0} aria-label="Alerts, open ones first">
          {alerts.value.map((alert) => (
            <AlertRow key={alert.id} alert={alert} desk={desk} />
          ))}
        </ol>
      )}
    </section>
  );
}

function countText(open: number, all: number): string {
  if (all === 0) return '';
  return `${open === 0 ? 'none open' : `${open} open`}, ${all - open} cleared`;
}

function AllQuiet({ desk }: { desk: Desk }) {
  const status = desk.store.status.value;
  // What only explains others has nothing to learn.
  const explaining = desk.store.tracks.value.filter((track) => track.info.value.kind === 'context').length;
  const learning = status !== null && status.learning > 0 && status.learning >= status.series - explaining;
  return (
    <div class="empty">
      <svg viewBox="0 0 96 24" width="96" height="24" aria-hidden="true">
        <path d="M2 12c8 0 8-6 15.5-6S25 12 33 12s8-6 15.5-6S56 12 64 12s8-6 15-6 7 6 15 6" />
      </svg>
      <p class="empty-title">{learning ? 'Still learning' : 'All quiet'}</p>
      <p>
        {learning
          ? 'Alerts start once a series knows what is normal for it.'
          : 'Every series moves as expected. When one does not, it is explained here.'}
      </p>
    </div>
  );
}
