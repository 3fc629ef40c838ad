/** How a number that may not be known is written in JSON, which has no NaN. */
export function known(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}
