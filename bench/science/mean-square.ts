/** The mean of squares, number by number. */
export class MeanSquare {
  #sum = 0;
  #count = 0;

  add(error: number): void {
    this.#sum += error * error;
    this.#count++;
  }

  /** NaN where there was nothing. */
  mean(): number {
    return this.#sum / this.#count;
  }
}
