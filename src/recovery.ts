/**
 * From which copies a daemon comes back, and in which order they wake while the log is read again.
 *
 *   head ─────────▶ entries of the log ─────────────────────────────▶ now
 *   position P₀        ▲ shard at P₁     ▲ shard at P₂   ▲ journal
 *
 * Partitions are copied one after the other while samples go on, so each stands at a position of its own. The log is
 * read from the head on; a partition takes part from its own position on, and what was published up to the position of
 * the journal is not published again.
 *
 * A copy that is not whole is replaced by that of the generation before, with more of the log. Only where that is not
 * whole either, something is lost.
 */
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '../models/errors.ts';
import type { KeptCheckpoint, KeptGeneration, KeptShard } from '../models/ports.ts';

/** State that belongs to no track, as it was before the first partition was copied. */
export interface Head {
  position: number;
  /** `config` as src/config/kept.ts has it. */
  pipelines: { id: string; config: unknown; since: number | null; series: number }[];
  /** Sources that cannot be heard. */
  deaf: string[];
  nextNumber: number;
}

/** State that belongs to no track, as it was after the last partition was copied. */
export interface Tail {
  alerts: unknown;
  redelivery: [session: number, ids: string][];
}

export interface Recovery {
  /** undefined: from nothing. */
  head: Head | undefined;
  tail: Tail | undefined;
  /** Up to here everything was published. */
  published: number;
  /** In the order they wake. */
  copies: { partition: number; position: number; bytes: Uint8Array }[];
  /** Of which no whole copy is there; what is left of the newest. */
  lost: KeptShard[];
  /** Partitions that come from the generation before. */
  fallenBack: number[];
  /** Behind this position the log is read. */
  from: number;
}

const NOTHING: Recovery = {
  head: undefined,
  tail: undefined,
  published: 0,
  copies: [],
  lost: [],
  fallenBack: [],
  from: 0,
};
/** Before the first checkpoint: nothing, at the beginning of the log. */
const BEGINNING: KeptGeneration = { position: 0, head: undefined, journal: undefined, shards: [] };

/** @param logFrom  position of the oldest entry that is kept; Infinity where there is none */
export function planRecovery(kept: KeptCheckpoint | undefined, logFrom: number): Recovery {
  if (kept === undefined) return NOTHING;
  const older = kept.older ?? (logFrom === 1 ? BEGINNING : undefined);
  const damaged = kept.shards.filter(({ whole }) => !whole);
  const tail = kept.journal as Tail;
  const newest = { ...NOTHING, head: kept.head as Head, tail, published: kept.position };
  const from = Math.min((kept.head as Head).position, ...kept.shards.map(({ position }) => position));
  if (damaged.length === 0) return { ...newest, copies: inOrder(kept.shards), from };
  // The entries between the two must be there.
  if (older === undefined || logFrom > startOf(older) + 1) {
    return { ...newest, copies: inOrder(kept.shards.filter(({ whole }) => whole)), lost: damaged, from };
  }
  const before = new Map(older.shards.map((shard) => [shard.partition, shard]));
  // Where a series lies depends on the configuration: under another one, partitions of the two do not go together.
  const all = !isDeepStrictEqual(configsOf(older), configsOf(kept));
  const chosen = all ? older.shards : kept.shards.map((shard) => (shard.whole ? shard : copyOf(shard, before, older)));
  const lost = chosen.filter(({ whole }) => !whole);
  return {
    ...newest,
    head: older.head as Head | undefined,
    copies: inOrder(chosen.filter(({ whole }) => whole)),
    lost,
    fallenBack: damaged
      .map(({ partition }) => partition)
      .filter((id) => lost.every(({ partition }) => partition !== id)),
    from: startOf(older),
  };
}

/** One that was not there at the time begins empty, and the log has what came of it. */
function copyOf({ partition }: KeptShard, before: ReadonlyMap<number, KeptShard>, older: KeptGeneration): KeptShard {
  return before.get(partition) ?? { partition, position: startOf(older), bytes: new Uint8Array(), whole: true };
}

function startOf({ head }: KeptGeneration): number {
  return (head as Head | undefined)?.position ?? 0;
}

function configsOf({ head }: KeptGeneration): unknown {
  return (head as Head | undefined)?.pipelines.map(({ id, config }) => [id, config]) ?? [];
}

function inOrder(shards: readonly KeptShard[]): Recovery['copies'] {
  return shards.toSorted((a, b) => a.position - b.position || a.partition - b.partition);
}

/** @throws CodedError STATE_LOST where something was learned that no copy is left of */
export function refuseLoss(kept: KeptCheckpoint | undefined, { lost: shards }: Recovery, logFrom: number): void {
  if (shards.length > 0) throw lost(shards.map(({ partition }) => `partition ${partition} of the checkpoint`));
  if (kept === undefined && logFrom > 1 && logFrom !== Infinity) throw lost(['the checkpoint, while the log is there']);
}

export function lost(what: readonly string[]): CodedError {
  return new CodedError(
    'STATE_LOST',
    `state: no whole copy is left of ${what.join(', ')}; bring it back from a backup, or start with --accept-state-loss to go on without`,
  );
}
