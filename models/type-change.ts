/**
 * A sensor that sends another type of value than it did: on/off or text where there were numbers, say. Told once, where
 * the type changes:
 *
 *   n n n n n n n n n n t t t t n n n n t n      n number, t text
 *                       ^                        told: ten of a type, and three times as many as ever before
 *
 * The way back from text is not told, nor is a change that is usual: a series that says "unavailable" now and then has
 * to have been without it for far longer than it ever was.
 *
 * Memory: the type; how many of it in a row; the longest such row that is over, text aside.
 */
export const TYPE = { number: 0, onOff: 1, text: 2 } as const;
export const TYPE_CHANGE_SIZE = 3;

const ROW_MIN = 10;
const ROW_FACTOR = 3;

/** Takes in the type of a value; true where its change is to be told. */
export function typeStep(memory: Float64Array, at: number, type: number): boolean {
  const before = memory[at];
  const row = memory[at + 1];
  memory[at] = type;
  memory[at + 1] = type === before ? row + 1 : 1;
  if (row === 0 || type === before || before === TYPE.text) return false;
  const longest = memory[at + 2];
  if (row > longest) memory[at + 2] = row;
  return row >= ROW_MIN && row > ROW_FACTOR * longest;
}
