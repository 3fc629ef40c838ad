/** The page, top to bottom. */
import { AlertPanel } from './cards/alert-panel.tsx';
import { DemoCard } from './cards/demo-card.tsx';
import { SeriesSection } from './cards/series-section.tsx';
import { Skeleton } from './cards/skeleton.tsx';
import { StatusBar } from './cards/status-bar.tsx';
import type { Desk } from './desk.ts';

export function App({ desk }: { desk: Desk }) {
  const { store } = desk;
  const demo = store.demo.value;
  return (
    <>
      <StatusBar desk={desk} />
      <main aria-busy={!store.settled.value}>
        {store.settled.value ? (
          <>
            <div class={demo ? 'overview overview-demo' : 'overview'}>
              {demo && <DemoCard desk={desk} />}
              <AlertPanel desk={desk} />
            </div>
            <SeriesSection desk={desk} />
          </>
        ) : (
          <Skeleton />
        )}
      </main>
      <div class="visually-hidden" aria-live="polite">
        {store.announcement}
      </div>
    </>
  );
}
