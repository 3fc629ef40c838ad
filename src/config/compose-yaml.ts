/**
 * YAML text to a document, as the parser's own `parseDocument` does it, but with a bound on nesting.
 *
 *   text ──▶ lexer ──▶ parser ──▶ composer
 *            loop      loop       recursion
 *
 * Lexer and parser go through the text in a loop, the parser with the open brackets and blocks on a stack; the composer
 * calls itself for each level, and text nested deeply enough can end the process in a way that nothing can catch. So the
 * stack is looked at after every token, and text that nests further than a configuration ever does is never composed.
 */
import { Composer, Lexer, Parser, type CST, type ParsedNode } from 'yaml';

export interface Composed {
  /** Code and offset of every mistake of syntax. */
  errors: { code: string; at: number }[];
  contents: ParsedNode | null;
}

/** Well above what a configuration may use: a little too deep is reported with its path by the reader. */
const STACK_MAX = 64;

class TooDeep extends Error {
  readonly at: number;

  constructor(at: number) {
    super('nested too deeply');
    this.at = at;
  }
}

/** Never throws. Of several documents, the first; the second is a mistake. */
export function composeYaml(text: string): Composed | { tooDeepAt: number } | 'gave up' {
  try {
    return compose(text);
  } catch (error) {
    return error instanceof TooDeep ? { tooDeepAt: error.at } : 'gave up';
  }
}

function compose(text: string): Composed {
  // Duplicate keys are found by the reader: the composer compares each key with all before it (100 s for 1 MiB).
  const composer = new Composer({ prettyErrors: false, logLevel: 'error', uniqueKeys: false });
  const [first, second] = take(2, composer.compose(tokens(text), true, text.length));
  const errors: Composed['errors'] = first.errors.map(({ code, pos }) => ({ code, at: pos[0] }));
  if (second !== undefined) errors.push({ code: 'MULTIPLE_DOCS', at: second.range[0] });
  return { errors, contents: first.contents };
}

function* tokens(text: string): Generator<CST.Token, void> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    const at = parser.offset;
    yield* parser.next(lexeme);
    if (parser.stack.length > STACK_MAX) throw new TooDeep(at);
  }
  yield* parser.end();
}

function take<T>(count: number, items: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const item of items) if (taken.push(item) === count) break;
  return taken;
}
