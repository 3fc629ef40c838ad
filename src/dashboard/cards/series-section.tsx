/** All series, a card each, under their machines. */
import { useComputed } from '@preact/signals';

import type { Desk } from '../desk.ts';
import { groupByMachine } from '../groups.ts';
import { SeriesCard } from './series-card.tsx';

/** With fewer, the eye finds a series faster than the hand can type. */
const FILTER_FROM = 13;
const WINDOWS = [1, 5, 10].map((minutes) => ({ ms: minutes * 60_000, label: `${minutes} m` }));

export function SeriesSection({ desk }: { desk: Desk }) {
  const { tracks } = desk.store;
  const groups = useComputed(() => groupByMachine(tracks.value, desk.filter.value));
  return (
    <section class="series" aria-labelledby="series-title">
      <header class="tools">
        <h2 id="series-title">Series</h2>
        <Legend />
        <div class="tools-right">
          {tracks.value.length >= FILTER_FROM && <Filter desk={desk} />}
          <WindowChoice desk={desk} />
        </div>
      </header>
      {groups.value.length === 0 && <NoSeries filtered={desk.filter.value !== ''} />}
      {groups.value.map(({ machine, tracks }) => (
        <section key={machine} class="machine" aria-label={machine || 'Other series'}>
          <h3>
            <span class="given">{machine || 'Other series'}</span> <small>{tracks.length}</small>
          </h3>
          <div class="grid">
            {tracks.map((track) => (
              <SeriesCard key={track.id} track={track} desk={desk} />
            ))}
          </div>
        </section>
      ))}
    </section>
  );
}

function NoSeries({ filtered }: { filtered: boolean }) {
  return (
    <div class="panel empty no-series">
      <p class="empty-title">{filtered ? 'No series of that name' : 'No series yet'}</p>
      <p>{filtered ? 'Try a part of the name or of its path.' : 'A series appears here with its first sample.'}</p>
    </div>
  );
}

function Filter({ desk }: { desk: Desk }) {
  return (
    <input
      type="search"
      class="filter"
      placeholder="Filter series"
      aria-label="Filter series by name"
      value={desk.filter.value}
      onInput={(event) => (desk.filter.value = event.currentTarget.value)}
    />
  );
}

function WindowChoice({ desk }: { desk: Desk }) {
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">Time window</legend>
      {WINDOWS.map(({ ms, label }) => (
        <label key={ms}>
          <input
            type="radio"
            name="window"
            checked={desk.windowMs.value === ms}
            onChange={() => (desk.windowMs.value = ms)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <i class="key key-value" /> value
      </li>
      <li>
        <i class="key key-expectation" /> expected
      </li>
      <li>
        <i class="key key-band" /> band
      </li>
      <li>
        <i class="key key-alert" /> alert
      </li>
    </ul>
  );
}
