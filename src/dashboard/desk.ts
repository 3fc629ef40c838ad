/** What every card has at hand: the store, the line to the server, the heartbeat, and the reader's own choices. */
import { signal, type Signal } from '@preact/signals';

import type { DrawLoop } from './charts/draw-loop.ts';
import type { InView } from './charts/in-view.ts';
import type { Connection } from './connection.ts';
import type { Store } from './store.ts';

export class Desk {
  readonly store: Store;
  readonly connection: Connection;
  readonly loop: DrawLoop;
  readonly inView: InView;

  readonly windowMs: Signal<number> = signal(5 * 60_000);
  readonly filter: Signal<string> = signal('');
  /** The series shown large, if any. */
  readonly enlarged: Signal<string | null> = signal(null);
  /** Grows when the colour scheme changes: every chart then looks different. */
  scheme = 0;

  constructor(parts: { store: Store; connection: Connection; loop: DrawLoop; inView: InView }) {
    this.store = parts.store;
    this.connection = parts.connection;
    this.loop = parts.loop;
    this.inView = parts.inView;
  }

  /** Shows a series large, also when the filter hides it. */
  enlarge(series: string): void {
    this.filter.value = '';
    this.enlarged.value = series;
  }

  acknowledge(alert: string): void {
    const id = this.connection.acknowledge(alert);
    if (id !== null) this.store.expectResult(id, alert);
  }
}
