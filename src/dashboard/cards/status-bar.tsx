/** Is it running, on how much, and how loud has it been: the whole state in one line. */
import type { ComponentChildren } from 'preact';

import { formatCount, formatDuration, formatRate } from '../format.ts';
import type { Desk } from '../desk.ts';
import type { SourceStatus, StatusMessage } from '../../protocol.ts';
import { Wordmark } from './wordmark.tsx';

export function StatusBar({ desk }: { desk: Desk }) {
  const { store } = desk;
  const status = store.status.value;
  return (
    <header class="status" data-testid="status" data-link={store.link.value}>
      <div class="status-line">
        <Wordmark />
        <LinkState desk={desk} />
        <dl class="stats">
          <Stat label="Sources" title={status?.sources.map(sourceText).join('\n')}>
            {status && <Connected sources={status.sources} />}
          </Stat>
          <Stat label="Samples/s" title={status ? droppedText(status) : undefined}>
            {status && formatRate(status.samples_per_second)}
          </Stat>
          <Stat label="Series">
            {status && formatCount(status.series)}
            {status && status.learning > 0 && <small>{formatCount(status.learning)} learning</small>}
          </Stat>
          <Stat label="Open alerts" alarming={store.openCount.value > 0}>
            {status && formatCount(store.openCount.value)}
          </Stat>
          <Stat label="Today" title="Alerts raised today, against the number the pipelines may raise in a day">
            {status && formatCount(status.alerts_today)}
            {status && <small>budget {formatRate(status.budget_per_day)}</small>}
          </Stat>
          <Stat label="Uptime">{status && formatDuration(status.uptime_seconds * 1000)}</Stat>
        </dl>
      </div>
      {status && <Trouble sources={status.sources} notKept={status.not_kept} />}
    </header>
  );
}

const LINK_WORDS = { connecting: 'Connecting…', live: 'Live', reconnecting: 'Reconnecting…' };

function LinkState({ desk }: { desk: Desk }) {
  const link = desk.store.link.value;
  return (
    <p class="link" role="status" data-link={link}>
      <span class="dot" aria-hidden="true" />
      {LINK_WORDS[link]}
    </p>
  );
}

interface StatProps {
  label: string;
  title?: string | undefined;
  alarming?: boolean;
  children: ComponentChildren;
}

function Stat({ label, title, alarming, children }: StatProps) {
  return (
    <div class={alarming ? 'stat stat-alarming' : 'stat'} title={title}>
      <dt>{label}</dt>
      <dd>{children ?? '–'}</dd>
    </div>
  );
}

function Connected({ sources }: { sources: readonly SourceStatus[] }) {
  const connected = sources.filter((source) => source.state === 'connected').length;
  return (
    <>
      {connected}
      <small>of {sources.length}</small>
    </>
  );
}

interface TroubleProps {
  sources: readonly SourceStatus[];
  notKept: string | null;
}

/** Sources that do not deliver, by name and reason, and a disk that does not: nobody should have to search a log for it. */
function Trouble({ sources, notKept }: TroubleProps) {
  const silent = sources.filter((source) => source.state === 'disconnected' || source.state === 'failed');
  if (silent.length === 0 && notKept === null) return null;
  return (
    <ul class="trouble" role="status">
      {notKept !== null && (
        <li>
          What comes in is scored and not kept, a crash would lose it: <span class="given">{notKept}</span>
        </li>
      )}
      {silent.map((source) => (
        <li key={source.id}>
          Source <b class="given">{source.id}</b> is {source.state === 'failed' ? 'not working' : 'not connected'}
          {source.detail !== '' && (
            <>
              : <span class="given">{source.detail}</span>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

function sourceText(source: SourceStatus): string {
  return `${source.id} (${source.type}): ${source.state}${source.detail === '' ? '' : `, ${source.detail}`}`;
}

function droppedText(status: StatusMessage): string {
  const reasons = Object.entries(status.dropped).filter(([, count]) => count > 0);
  if (reasons.length === 0) return 'No sample was dropped';
  return `Dropped: ${reasons.map(([reason, count]) => `${formatCount(count)} ${reason}`).join(', ')}`;
}
