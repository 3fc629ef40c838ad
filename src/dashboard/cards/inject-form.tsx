/** Choose a series, press a kind: the fault starts at once and lasts half a minute. */
import { useComputed, useSignal } from '@preact/signals';

import { FAULT_KINDS } from '../../protocol.ts';
import type { FaultKind } from '../../protocol.ts';
import type { Desk } from '../desk.ts';
import { defaultTarget, targetFor } from '../fault-target.ts';
import { FAULT_WORDS, injectFault } from '../faults.ts';
import { groupByMachine, machineOf, nameOf } from '../groups.ts';
import type { SeriesTrack } from '../series-track.ts';

const LOUD = FAULT_KINDS.filter((kind) => !FAULT_WORDS[kind].quiet);
const QUIET = FAULT_KINDS.filter((kind) => FAULT_WORDS[kind].quiet);

export function InjectForm({ desk }: { desk: Desk }) {
  const { tracks } = desk.store;
  const chosen = useSignal<string | null>(null);
  const pending = useSignal<FaultKind | null>(null);
  const answer = useSignal('');
  const failed = useSignal(false);
  // A group has no sensor of its own that a fault could be put into.
  const groups = useComputed(() => groupByMachine(tracks.value.filter((track) => track.info.peek().kind !== 'group')));
  const inOrder = useComputed(() => groups.value.flatMap((group) => group.tracks));
  const target = useComputed(
    () => inOrder.value.find((track) => track.id === chosen.value) ?? defaultTarget(inOrder.value),
  );

  const inject = async (kind: FaultKind) => {
    if (target.value === null) return;
    const { id, info } = targetFor(kind, target.value, inOrder.value);
    pending.value = kind;
    const problem = await injectFault(kind, id);
    pending.value = null;
    failed.value = problem !== null;
    answer.value = problem ?? `${FAULT_WORDS[kind].label} on ${info.peek().source}, for 30 s`;
  };
  const button = (kind: FaultKind) => (
    <button
      key={kind}
      type="button"
      class="button"
      data-testid={`inject-${kind}`}
      title={FAULT_WORDS[kind].hint}
      disabled={pending.value !== null || target.value === null}
      onClick={() => void inject(kind)}
    >
      {FAULT_WORDS[kind].label}
    </button>
  );

  return (
    <div class="inject">
      <label class="inject-target">
        <span>Inject fault into</span>
        <select value={target.value?.id ?? ''} onChange={(event) => (chosen.value = event.currentTarget.value)}>
          {groups.value.map(({ machine, tracks }) => (
            <optgroup key={machine} label={machine || 'Other series'}>
              {tracks.map((track) => (
                <option key={track.id} value={track.id}>
                  {optionText(track)}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <div class="kinds" role="group" aria-label="Faults to be caught">
        {LOUD.map(button)}
      </div>
      <div class="kinds" role="group" aria-labelledby="quiet-title">
        <span class="kinds-title" id="quiet-title">
          Must stay quiet
        </span>
        {QUIET.map(button)}
      </div>
      <p class={failed.value ? 'inject-answer bad given' : 'inject-answer given'} role="status">
        {answer}
      </p>
    </div>
  );
}

function optionText(track: SeriesTrack): string {
  const { source } = track.info.peek();
  const machine = machineOf(source);
  return machine === '' ? nameOf(source) : `${nameOf(source)}  (${machine})`;
}
