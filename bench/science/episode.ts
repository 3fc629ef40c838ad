/**
 * Training on finite sequences: from a state at rest to the end of the sequence, then one update for a batch of them.
 *
 *   begin()                  for each sequence
 *     x = nextInput()        for each step: fill memory[x..x+I]
 *     y = forward()          read memory[y..y+O]
 *     d = lossGradient()     where there is a truth: fill memory[d..d+O] with ∂loss/∂y; memory[target..target+O] is
 *                            free for what a loss wants to read
 *   end()                    adds the gradient of the sequence
 *   update()                 one step downhill with the sum over the sequences since the last one
 *
 * Unrolled walks back over the whole sequence; Traced carries the traces of a TraceCell along and keeps one row only.
 *
 *   memory  weights [W]  moments  state  rows (1 or one a step): cache row  h [H]  y [O]  ∂loss/∂y [O]
 *           traces  target [O]
 *   work    gradient [W]  dState
 */
import type { Cell, TraceCell } from '../../models/cells/cell.ts';
import type { Random } from '../../models/random.ts';
import { Head, type HeadOptions } from '../../models/training/head.ts';
import { type Descent, descend } from '../../models/training/learner.ts';
import { momentsSize } from '../../models/training/optimizer.ts';

/** What Unrolled and Traced have in common; each says itself how errors reach the weights. */
export abstract class Episodes {
  readonly cell: Cell;
  readonly head: Head;
  readonly descent: Descent;
  readonly weightCount: number;
  readonly memory: Float64Array;
  readonly target: number;
  protected readonly work: Float64Array;
  protected readonly state: number;
  protected readonly rows: number;
  protected readonly rowSize: number;
  /** Steps of the sequence so far. */
  protected steps = 0;

  protected constructor(cell: Cell, head: HeadOptions, descent: Descent, rows: number, traceSize: number) {
    this.cell = cell;
    this.head = new Head(cell.hidden, cell.inputs, head);
    this.descent = descent;
    this.weightCount = cell.paramCount + this.head.paramCount;
    this.state = this.weightCount + momentsSize(descent.optimizer, this.weightCount);
    this.rows = this.state + cell.stateSize;
    this.rowSize = cell.cacheSize + cell.hidden + 2 * head.outputs;
    this.target = this.rows + rows * this.rowSize + traceSize;
    this.memory = new Float64Array(this.target + head.outputs);
    this.work = new Float64Array(this.weightCount + Math.max(cell.stateSize, cell.hidden));
  }

  initialise(random: Random): void {
    this.memory.fill(0);
    this.work.fill(0);
    this.cell.initialise(this.memory, 0, random);
    this.head.initialise(this.memory, this.cell.paramCount, random);
  }

  begin(): void {
    this.memory.fill(0, this.state, this.rows);
    this.steps = 0;
  }

  nextInput(): number {
    this.steps++;
    return this.newest();
  }

  forward(): number {
    const { cell, head, memory } = this;
    const row = this.newest();
    const h = row + cell.cacheSize;
    const y = h + cell.hidden;
    cell.step(memory, 0, this.state, row);
    memory.copyWithin(h, this.state, this.state + cell.hidden);
    head.forward(memory, cell.paramCount, h, row, y);
    memory.fill(0, y + head.outputs, y + 2 * head.outputs);
    return y;
  }

  lossGradient(): number {
    return this.newest() + this.cell.cacheSize + this.cell.hidden + this.head.outputs;
  }

  abstract end(): void;

  update(): void {
    const { descent, memory, weightCount, work } = this;
    descend(descent, memory, 0, weightCount, weightCount, work, 0);
    work.fill(0);
  }

  /** The row of the newest step. */
  protected abstract newest(): number;

  /** Adds what the errors of this row make of the head, and of h in dState. */
  protected headBack(row: number): void {
    const { cell, head, memory, weightCount, work } = this;
    const h = row + cell.cacheSize;
    const dy = h + cell.hidden + head.outputs;
    head.backward(memory, cell.paramCount, h, row, dy, work, cell.paramCount, weightCount);
  }
}

/** Backpropagation through the whole sequence. */
export class Unrolled extends Episodes {
  /** @param longest  steps of the longest sequence */
  constructor(cell: Cell, head: HeadOptions, descent: Descent, longest: number) {
    super(cell, head, descent, longest, 0);
  }

  end(): void {
    const { cell, memory, rows, rowSize, state, weightCount, work } = this;
    work.fill(0, weightCount);
    for (let row = this.newest(); row >= rows; row -= rowSize) {
      this.headBack(row);
      cell.backward(memory, 0, state, row, work, 0, weightCount, -1);
    }
  }

  protected newest(): number {
    return this.rows + (this.steps - 1) * this.rowSize;
  }
}

/** No window: an error becomes a gradient at the step it is made at. */
export class Traced extends Episodes {
  readonly #cell: TraceCell;
  readonly #traces: number;

  constructor(cell: TraceCell, head: HeadOptions, descent: Descent) {
    super(cell, head, descent, 1, cell.traceSize);
    this.#cell = cell;
    this.#traces = this.target - cell.traceSize;
  }

  override begin(): void {
    super.begin();
    this.memory.fill(0, this.#traces, this.target);
  }

  override nextInput(): number {
    this.#settle();
    return super.nextInput();
  }

  override forward(): number {
    const y = super.forward();
    this.#cell.trace(this.memory, 0, this.rows, this.#traces);
    return y;
  }

  end(): void {
    this.#settle();
  }

  protected newest(): number {
    return this.rows;
  }

  /** The error of the newest step, before the traces move on. */
  #settle(): void {
    const { memory, weightCount, work } = this;
    const d = this.lossGradient();
    if (this.steps === 0 || memory.subarray(d, d + this.head.outputs).every((e) => e === 0)) return;
    work.fill(0, weightCount);
    this.headBack(this.rows);
    this.#cell.traceGradient(memory, 0, this.rows, this.#traces, work, 0, weightCount);
    memory.fill(0, d, d + this.head.outputs); // counted
  }
}
