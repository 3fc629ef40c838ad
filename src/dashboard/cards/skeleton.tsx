/** The page before the first snapshot: the same boxes, still empty. */
export function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      <div class="overview overview-demo">
        <div class="panel demo" />
        <div class="panel alerts" />
      </div>
      <div class="tools" />
      <div class="grid">
        {Array.from({ length: 6 }, (_, i) => (
          <div key={i} class="card" />
        ))}
      </div>
    </div>
  );
}
