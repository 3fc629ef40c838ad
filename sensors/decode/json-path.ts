/**
 * The part of JSON path that a mapping needs: `$`, `.name`, `['any name']`, `[3]`, and `*` for every member or element.
 *
 *   $.motor.rpm    $.values.*    $['outside temp']    $.readings[0].value    $.list[*].v
 */
export type Step = { name: string } | { index: number } | '*';

export interface Hit {
  value: unknown;
  /** Where it was found, as segments below the root. */
  segments: readonly string[];
  /** The segments that a `*` stood for. */
  wild: readonly string[];
}

const STEP = /\.\*|\[\*\]|\.([^.[\]*'"\s]+)|\['([^']*)'\]|\["([^"]*)"\]|\[(\d{1,9})\]/y;

/** Undefined when the text is no such path. */
export function parseJsonPath(text: string): readonly Step[] | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < text.length) {
    const step = STEP.exec(text);
    if (step === null) return undefined;
    const [, bare, single, double, index] = step;
    const name = bare ?? single ?? double;
    if (name !== undefined) steps.push({ name });
    else steps.push(index === undefined ? '*' : { index: Number(index) });
  }
  return steps;
}

/** Calls back for everything the path leads to, in the order of the payload, until it is answered false. */
export function select(json: unknown, steps: readonly Step[], found: (hit: Hit) => boolean): void {
  follow({ value: json, segments: [], wild: [] }, steps, 0, found);
}

function follow(hit: Hit, steps: readonly Step[], at: number, found: (hit: Hit) => boolean): boolean {
  if (at === steps.length) return found(hit);
  const step = steps[at];
  for (const [segment, value] of children(hit.value, step)) {
    const segments = [...hit.segments, segment];
    const wild = step === '*' ? [...hit.wild, segment] : hit.wild;
    if (!follow({ value, segments, wild }, steps, at + 1, found)) return false;
  }
  return true;
}

function children(json: unknown, step: Step): [string, unknown][] {
  if (typeof json !== 'object' || json === null) return [];
  if (step === '*') return Object.entries(json);
  if ('index' in step) {
    return Array.isArray(json) && step.index < json.length ? [[String(step.index), json[step.index]]] : [];
  }
  if (Array.isArray(json)) return [];
  // Own members only: a name from the mapping must not find what every object inherits.
  const own = Object.getOwnPropertyDescriptor(json, step.name);
  return own === undefined ? [] : [[step.name, own.value]];
}
