/**
 * Hotelling's T² in the principal components of the first rows, fitted once and never again.
 *
 *   z = (x − mean)/deviation of the fitted rows   C = E[zzᵀ] = VΛVᵀ   T² = Σ (vᵢ·z)²/λᵢ
 *
 * over the components that together carry the given share of the variance. Eigenvectors by Jacobi's rotations.
 */
const SHARE = 0.9;
const SWEEPS = 30;

/** T² of rows given as columns. @param fit  columns of the rows that the components come from */
export function hotelling(columns: readonly Float64Array[], fit: readonly Float64Array[]): Float64Array {
  const frames = fit.map(frameOf);
  const known = fit.map((column, c) => standardised(column, frames[c]));
  const { values, vectors } = eigen(covariance(known));
  const total = values.reduce((sum, value) => sum + value, 0);
  const kept: number[] = [];
  let carried = 0;
  for (const i of Array.from(values.keys()).sort((a, b) => values[b] - values[a])) {
    if (carried >= SHARE * total) break;
    carried += values[i];
    kept.push(i);
  }
  const z = columns.map((column, c) => standardised(column, frames[c]));
  return Float64Array.from(columns[0], (_, row) => {
    let square = 0;
    for (const i of kept) {
      const along = z.reduce((sum, column, c) => sum + column[row] * vectors[c][i], 0);
      square += (along * along) / values[i];
    }
    return square;
  });
}

interface Frame {
  mean: number;
  deviation: number;
}

function frameOf(column: Float64Array): Frame {
  const known = column.filter((x) => !Number.isNaN(x));
  const mean = known.reduce((sum, x) => sum + x, 0) / known.length;
  const square = known.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / known.length;
  return { mean, deviation: Math.sqrt(square) };
}

/** A missing value, and a channel that never moved, say nothing. */
function standardised(column: Float64Array, { mean, deviation }: Frame): Float64Array {
  return column.map((x) => (deviation > 0 && !Number.isNaN(x) ? (x - mean) / deviation : 0));
}

function covariance(z: readonly Float64Array[]): Float64Array[] {
  return z.map((a) => Float64Array.from(z, (b) => a.reduce((sum, x, row) => sum + x * b[row], 0) / a.length));
}

/** Of a symmetric matrix, which is used up. Column i of `vectors` belongs to `values[i]`. */
function eigen(C: Float64Array[]): { values: number[]; vectors: Float64Array[] } {
  const n = C.length;
  const vectors = C.map((_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(C, vectors, p, q);
  }
  return { values: C.map((row, i) => row[i]), vectors };
}

function rotate(C: Float64Array[], vectors: Float64Array[], p: number, q: number): void {
  if (C[p][q] === 0) return;
  const angle = (C[q][q] - C[p][p]) / (2 * C[p][q]);
  const t = (angle >= 0 ? 1 : -1) / (Math.abs(angle) + Math.hypot(angle, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (const row of C) turn(row, p, q, c, s);
  const [rowP, rowQ] = [C[p], C[q]];
  for (let k = 0; k < C.length; k++) {
    const [a, b] = [rowP[k], rowQ[k]];
    rowP[k] = c * a - s * b;
    rowQ[k] = s * a + c * b;
  }
  for (const row of vectors) turn(row, p, q, c, s);
}

function turn(row: Float64Array, p: number, q: number, c: number, s: number): void {
  const [a, b] = [row[p], row[q]];
  row[p] = c * a - s * b;
  row[q] = s * a + c * b;
}
