/**
 * How channels go together: a covariance that fades, and how far a row is from it.
 *
 *   C ← C + a(zzᵀ − C)      a = 1/min(n, memory)
 *   d² = zᵀ(C + λI)⁻¹z/m    (Mahalanobis, over m channels; λ = 0.1)
 *   rⱼ = ((C + λI)⁻¹z)ⱼ/√((C + λI)⁻¹ⱼⱼ)
 *
 * rⱼ is how far channel j is from what all the others say of it, in deviations: who is to blame. What is missing is left
 * out: it teaches nothing, and the row is judged by the m channels that are there. As the mean it would break every
 * relation. Each row costs m³/6 multiplications, for the factor L of C + λI = LLᵀ.
 *
 * Memory: rows n; the lower triangle of C, row by row.
 */
const RIDGE = 0.1;
const ROWS_MIN = 20;
/** λ is the least, but for values that were missing: entries learned from different rows need not fit together. */
const PIVOT_MIN = RIDGE / 2;

export class Covariance {
  readonly channels: number;
  readonly size: number;
  readonly #L: Float64Array;
  readonly #w: Float64Array;

  constructor(channels: number) {
    this.channels = channels;
    this.size = 1 + (channels * (channels + 1)) / 2;
    this.#L = new Float64Array(channels * channels);
    this.#w = new Float64Array(channels);
  }

  enter(memory: Float64Array, at: number, z: Float64Array, rowsMax: number): void {
    const n = memory[at] + 1;
    memory[at] = n;
    const a = 1 / Math.min(n, rowsMax);
    let c = at + 1;
    for (let i = 0; i < this.channels; i++) {
      for (let j = 0; j <= i; j++, c++) {
        const product = z[i] * z[j];
        if (!Number.isNaN(product)) memory[c] += a * (product - memory[c]);
      }
    }
  }

  /** d², 0 before 20 rows were entered: of a few rows everything is far. */
  distance(memory: Float64Array, at: number, z: Float64Array): number {
    if (memory[at] < ROWS_MIN) return 0;
    const there = this.#factor(memory, at, z);
    this.#solveLower(z);
    let square = 0;
    for (let i = 0; i < this.channels; i++) square += this.#w[i] * this.#w[i];
    return there === 0 ? 0 : square / there;
  }

  /** Writes |rⱼ| to r[0..], 0 where a value is missing. For now and then: m times the cost of the distance. */
  residuals(memory: Float64Array, at: number, z: Float64Array, r: Float64Array): void {
    const { channels: m } = this;
    r.fill(0, 0, m);
    if (memory[at] === 0) return;
    this.#factor(memory, at, z);
    // Column j of L⁻¹ gives both: (C⁻¹)ⱼⱼ = Σᵢ (L⁻¹)ᵢⱼ², (C⁻¹z)ⱼ = Σᵢ (L⁻¹)ᵢⱼ(L⁻¹z)ᵢ.
    this.#solveLower(z);
    const w = this.#w.slice();
    const unit = new Float64Array(m);
    for (let j = 0; j < m; j++) {
      unit.fill(0);
      unit[j] = 1;
      this.#solveLower(unit);
      let [diagonal, along] = [0, 0];
      for (let i = j; i < m; i++) {
        diagonal += this.#w[i] * this.#w[i];
        along += this.#w[i] * w[i];
      }
      r[j] = Math.abs(along) / Math.sqrt(diagonal);
    }
  }

  /** L, with the rows and columns of what is missing those of the unit matrix. Returns how many channels are there. */
  #factor(memory: Float64Array, at: number, z: Float64Array): number {
    const { channels: m } = this;
    const L = this.#L;
    let there = 0;
    let c = at + 1;
    for (let i = 0; i < m; i++) {
      const isMissing = Number.isNaN(z[i]);
      if (!isMissing) there++;
      for (let j = 0; j <= i; j++, c++) {
        let s = isMissing || Number.isNaN(z[j]) ? 0 : memory[c];
        if (i === j) s += isMissing ? 1 : RIDGE;
        for (let k = 0; k < j; k++) s -= L[i * m + k] * L[j * m + k];
        L[i * m + j] = i === j ? Math.sqrt(Math.max(s, PIVOT_MIN)) : s / L[j * m + j];
      }
    }
    return there;
  }

  /** w = L⁻¹b. */
  #solveLower(b: Float64Array): void {
    const { channels: m } = this;
    const L = this.#L;
    for (let i = 0; i < m; i++) {
      let s = Number.isNaN(b[i]) ? 0 : b[i];
      for (let k = 0; k < i; k++) s -= L[i * m + k] * this.#w[k];
      this.#w[i] = s / L[i * m + i];
    }
  }
}
