/** The logistic function, stable at both ends: exp never overflows. */
export function sigmoid(a: number): number {
  if (a >= 0) return 1 / (1 + Math.exp(-a));
  const e = Math.exp(a);
  return e / (1 + e);
}

/** x kept within ±limit. */
export function clip(x: number, limit: number): number {
  return x > limit ? limit : x < -limit ? -limit : x;
}
