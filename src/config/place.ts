/** Where each value of a file stands in its text: a tree of the same shape as the values. */

export interface Place {
  kind: 'map' | 'list' | 'scalar';
  /** Offset of the value; or the command-line option that it came from. */
  at: number | string;
  /** Offset of the key that holds the value; in a list, of the value. */
  keyAt: number | string;
  /** Of a scalar, after substitution; else null. */
  value: Scalar;
  /** Environment variables that the value was made of. */
  variables: string[];
  /** Whether the reader reported the value already. */
  refused: boolean;
  children: Map<string | number, Place>;
}

export type Scalar = string | number | bigint | boolean | null;

export function newPlace(kind: Place['kind'], at: Place['at'], keyAt: Place['keyAt']): Place {
  return { kind, at, keyAt, value: null, variables: [], refused: false, children: new Map() };
}

/** A value that the command line put in the place of the file's. */
export function optionPlace(option: string, value: string): Place {
  return { ...newPlace('scalar', option, option), value };
}

/** @returns the place at the path, or the deepest that exists above it */
export function locate(root: Place, path: readonly (string | number)[]): { place: Place; exists: boolean } {
  let place = root;
  for (const step of path) {
    const child = place.children.get(step);
    if (child === undefined) return { place, exists: false };
    place = child;
  }
  return { place, exists: true };
}
