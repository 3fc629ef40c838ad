/**
 * YAML text to plain values, with the place of each in the text.
 *
 * Walks the parsed document itself instead of taking its plain form: so duplicate keys cost one look-up each, aliases
 * have a bound, no key reaches a prototype, and strings are filled in from the environment where they stand.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type ParsedNode, type YAMLMap } from 'yaml';
import { composeYaml } from './compose-yaml.ts';
import { isOneVariable, substitute, type Environment } from './environment.ts';
import { isSecret, quote, type Path, type Problem } from './errors.ts';
import { newPlace, type Place, type Scalar } from './place.ts';

export interface Document {
  value: unknown;
  root: Place;
  problems: Problem[];
  /** Whether the whole text was read, so that what is missing is really missing. */
  complete: boolean;
}

const DEPTH_MAX = 32;
/** Aliases followed in one file, and values that they may repeat. */
const ALIASES_MAX = 100;
const REPEATED_MAX = 10_000;

/** Keys that reach an object's prototype; nothing in a configuration is called so. */
const RESERVED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

export function readDocument(text: string, env: Environment): Document {
  const composed = composeYaml(text);
  if (composed === 'gave up') return nothing([syntaxProblem('IMPOSSIBLE', 0)]);
  if ('tooDeepAt' in composed) {
    const expected = `at most ${DEPTH_MAX} levels`;
    return nothing([fileProblem(composed.tooDeepAt, 'CONFIG_DEPTH', 'nested too deeply', expected, 'more')]);
  }
  const { errors, contents } = composed;
  if (errors.length > 0) return nothing(errors.map(({ code, at }) => syntaxProblem(code, at)));
  const empty = contents === null || (isScalar(contents) && contents.value === null && contents.source === '');
  if (empty) return nothing([fileProblem(0, 'CONFIG_EMPTY', 'the file is empty', 'at least "demo: true"', 'nothing')]);
  return new Reader(env).read(contents);
}

function nothing(problems: Problem[]): Document {
  return { value: undefined, root: newPlace('scalar', 0, 0), problems, complete: false };
}

function fileProblem(at: number, code: Problem['code'], message: string, expected: string, got: string): Problem {
  return { path: [], at, code, message, expected, got };
}

/** In our own words: the parser's quote the text, which may be a secret. */
const SYNTAX = new Map<string, string>([
  ['ALIAS_PROPS', 'an alias (*name) takes no anchor and no tag'],
  ['BAD_ALIAS', 'an anchor or alias needs a name'],
  ['BAD_DQ_ESCAPE', 'unknown escape after \\ in double quotes; single quotes take text as it is'],
  ['BAD_INDENT', 'the indentation does not fit the lines above, or a bracket is not closed'],
  ['BAD_SCALAR_START', 'text that starts with this character needs quotes'],
  ['BLOCK_AS_IMPLICIT_KEY', 'a second ": " on this line; text that contains it needs quotes'],
  ['BLOCK_IN_FLOW', 'no indented block inside brackets'],
  ['KEY_OVER_1024_CHARS', 'the key is too long, or a ":" is missing'],
  ['MISSING_CHAR', 'a closing quote, bracket, comma or ":" is missing'],
]);

function syntaxProblem(code: string, at: number): Problem {
  if (code === 'TAB_AS_INDENT') {
    return fileProblem(at, 'CONFIG_TAB', 'a tab indents this line; YAML wants spaces', 'spaces', 'a tab');
  }
  if (code === 'MULTIPLE_DOCS') {
    return fileProblem(at, 'CONFIG_DOCUMENTS', 'a second document starts here', 'one document', 'several');
  }
  const message = `not valid YAML: ${SYNTAX.get(code) ?? 'unexpected text'}`;
  return fileProblem(at, 'CONFIG_SYNTAX', message, 'YAML', code);
}

interface Value {
  value: unknown;
  place: Place;
}

class Reader {
  private readonly env: Environment;
  private readonly problems: Problem[] = [];
  private readonly anchors = new Map<string, Node>();
  /** How many aliases lead to where the reader is. */
  private aliasDepth = 0;
  private aliases = 0;
  private repeated = 0;
  private bombed = false;

  constructor(env: Environment) {
    this.env = env;
  }

  read(contents: ParsedNode): Document {
    const { value, place } = this.visit(contents, [], contents.range[0]);
    return { value, root: place, problems: this.problems, complete: !this.bombed };
  }

  private visit(node: Node | null, path: Path, keyAt: number): Value {
    const at = node?.range?.[0] ?? keyAt;
    if (node === null) return { value: null, place: newPlace('scalar', keyAt, keyAt) };
    if (path.length > DEPTH_MAX) {
      return this.refuse(path, at, 'CONFIG_DEPTH', 'nested too deeply', `at most ${DEPTH_MAX} levels`, 'more');
    }
    if (this.aliasDepth > 0) this.repeated++;
    if (isAlias(node)) this.aliases++;
    if (this.repeated > REPEATED_MAX) return this.bomb(path, at, keyAt, `${REPEATED_MAX} values repeated by aliases`);
    if (this.aliases > ALIASES_MAX) return this.bomb(path, at, keyAt, `${ALIASES_MAX} aliases`);
    if (isAlias(node)) return this.follow(node.source, path, at, keyAt);
    if (node.tag !== undefined)
      return this.refuse(path, at, 'CONFIG_TAG', 'no tags here', 'a value without tag', 'a tag');
    const read = this.visitPlain(node, path, at, keyAt);
    // Known only now that it is whole: an alias inside its own anchor would never end.
    if ('anchor' in node && typeof node.anchor === 'string') this.anchors.set(node.anchor, node);
    return read;
  }

  private visitPlain(node: Node, path: Path, at: number, keyAt: number): Value {
    if (isMap<Node, Node | null>(node)) return this.map(node, path, at, keyAt);
    if (isSeq<Node>(node)) return this.list(node.items, path, at, keyAt);
    const value = isScalar(node) ? (node.value as Scalar) : null;
    // Nothing stands there: the key is what can be pointed at.
    const absent = value === null && isScalar(node) && node.source === '';
    return this.scalar(value, path, absent ? keyAt : at, keyAt);
  }

  private map(node: YAMLMap<Node, Node | null>, path: Path, at: number, keyAt: number): Value {
    const value: Record<string, unknown> = Object.create(null);
    const place = newPlace('map', at, keyAt);
    for (const pair of node.items) {
      const keyOffset = pair.key.range?.[0] ?? at;
      const key = this.key(pair.key, path, keyOffset);
      if (key === null) continue;
      if (place.children.has(key)) {
        const message = `key ${quote(key)} stands here twice`;
        this.refuse([...path, key], keyOffset, 'CONFIG_DUPLICATE', message, 'each key once', 'twice');
        continue;
      }
      const child = this.visit(pair.value, [...path, key], keyOffset);
      child.place.keyAt = keyOffset;
      value[key] = child.value;
      place.children.set(key, child.place);
    }
    return { value, place };
  }

  /** @returns the key as written, so that 007 stays 007; null where it is none */
  private key(node: Node, path: Path, at: number): string | null {
    const text = isScalar(node) ? (typeof node.value === 'string' ? node.value : (node.source ?? '')) : '';
    if (text === '') {
      this.refuse(path, at, 'CONFIG_KEY', 'a key must be a plain word', 'a word', 'something else');
      return null;
    }
    if (!RESERVED_KEYS.has(text)) return text;
    this.refuse([...path, text], at, 'CONFIG_KEY', `"${text}" cannot be a key or an id`, 'another word', `"${text}"`);
    return null;
  }

  private list(items: Node[], path: Path, at: number, keyAt: number): Value {
    const place = newPlace('list', at, keyAt);
    const value = items.map((item, index) => {
      const child = this.visit(item, [...path, index], item.range?.[0] ?? at);
      place.children.set(index, child.place);
      return child.value;
    });
    return { value, place };
  }

  private scalar(raw: Scalar, path: Path, at: number, keyAt: number): Value {
    const place = newPlace('scalar', at, keyAt);
    place.value = raw;
    if (isSecret(path) && raw !== null && !isOneVariable(String(raw))) {
      const expected = '"${NAME}" of an environment variable, or a file';
      const message = `a secret does not belong in this file; expected ${expected}`;
      return this.refuse(path, at, 'CONFIG_SECRET', message, expected, '***');
    }
    if (typeof raw !== 'string') return { value: raw, place };
    const { text, variables, missing, malformed } = substitute(raw, this.env);
    if (malformed) {
      const expected = '${NAME} or ${NAME:-default}';
      return this.refuse(path, at, 'CONFIG_ENV', `expected ${expected} after "\${"`, expected, 'something else');
    }
    for (const name of missing) {
      const message = `environment variable ${name} is not set`;
      this.refuse(path, at, 'CONFIG_ENV', message, `environment variable ${name}`, 'nothing');
    }
    place.value = text;
    place.variables = variables;
    place.refused = missing.length > 0;
    return { value: text, place };
  }

  private follow(name: string, path: Path, at: number, keyAt: number): Value {
    const target = this.anchors.get(name);
    if (target === undefined) {
      const message = `alias *${maskName(name)} has no whole anchor above it; text that starts with * needs quotes`;
      return this.refuse(path, at, 'CONFIG_ALIAS', message, 'an anchor above', 'none');
    }
    this.aliasDepth++;
    const followed = this.visit(target, path, keyAt);
    this.aliasDepth--;
    return followed;
  }

  /** Reported once; the rest of the bomb is not unfolded. */
  private bomb(path: Path, at: number, keyAt: number, most: string): Value {
    if (this.bombed) return { value: null, place: newPlace('scalar', at, keyAt) };
    this.bombed = true;
    return this.refuse(path, at, 'CONFIG_ALIAS', `more than ${most}`, `at most ${most}`, 'more');
  }

  private refuse(path: Path, at: number, code: Problem['code'], message: string, expected: string, got: string): Value {
    this.problems.push({ path, at, code, message, expected, got });
    return { value: null, place: { ...newPlace('scalar', at, at), refused: true } };
  }
}

const maskName = (name: string): string => (/^[\w-]{1,32}$/.test(name) ? name : '…');
