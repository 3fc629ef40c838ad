/** The mark: a calm tide, and the one wave that does not belong. */
export function Wordmark() {
  return (
    <h1 class="wordmark">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="var(--mark)" />
        <path
          d="M4 20c3.5 0 3.5-4 7-4s3.5 4 7 4c2 0 2.6-1.4 3.4-9.500C22.2 17 23.5 20 28 20"
          fill="none"
          stroke="#fff"
          stroke-width="2.6"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
      Tidewatch
    </h1>
  );
}
