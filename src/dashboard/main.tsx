/** Puts the parts together: store, line to the server, heartbeat, page. */
import { effect } from '@preact/signals';
import { render } from 'preact';

import { App } from './app.tsx';
import { DrawLoop } from './charts/draw-loop.ts';
import { InView } from './charts/in-view.ts';
import { onSchemeChange } from './charts/palette.ts';
import { Connection } from './connection.ts';
import { followAlertLinks } from './alert-link.ts';
import { Desk } from './desk.ts';
import { fetchScoreboard } from './scoreboard-fetch.ts';
import { Store } from './store.ts';

import 'uplot/dist/uPlot.min.css';
import './styles/index.css';

const store = new Store();
const connection = new Connection({
  url: new URL('api/v1/stream', location.href.replace(/^http/, 'ws')).href,
  onMessage: (message) => store.apply(message),
  onLink: (link) => store.setLink(link),
  lastSeq: () => store.seq,
});
const loop = new DrawLoop();
const desk = new Desk({ store, connection, loop, inView: new InView() });

effect(() => {
  const open = store.openCount.value;
  document.title = open > 0 ? `(${open}) Tidewatch` : 'Tidewatch';
});

// The scoreboard is pushed when it changes; a page opened in between has to ask once.
effect(() => {
  if (store.demo.value && store.scoreboard.value === null) void fetchScoreboard(store);
});

loop.add(() => store.refresh());
onSchemeChange(() => {
  desk.scheme += 1;
});
addEventListener('online', () => connection.retryNow());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') connection.retryNow();
});

followAlertLinks(desk);

const root = document.querySelector('#app');
if (root) render(<App desk={desk} />, root);
connection.start();
loop.start();
