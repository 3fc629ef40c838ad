/** An alert's `url` ends in `#/alert/<id>`: whoever follows it wants to see that series, large. */
import { effect } from '@preact/signals';

import type { Desk } from './desk.ts';

export function followAlertLinks(desk: Desk): void {
  const follow = () => {
    const id = /^#\/alert\/(\w+)$/.exec(location.hash)?.[1];
    const alert = desk.store.alerts.peek().find((alert) => alert.id === id);
    if (alert) desk.enlarge(alert.series);
  };
  addEventListener('hashchange', follow);
  effect(() => {
    if (desk.store.settled.value) follow();
  });
}
