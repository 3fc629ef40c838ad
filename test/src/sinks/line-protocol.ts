/**
 * Reads the line protocol as its description has it, character by character, and refuses what it does not allow. Written
 * apart from the encoder, so that one can check the other.
 */
export interface Line {
  measurement: string;
  tags: Map<string, string>;
  fields: Map<string, number | string>;
  time: number;
}

export function readLines(text: string): Line[] {
  const reader = new Reader(text);
  const lines: Line[] = [];
  while (!reader.atEnd) lines.push(reader.line());
  return lines;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  line(): Line {
    const measurement = this.#name(', ');
    const tags = new Map<string, string>();
    while (this.#is(',')) {
      const key = this.#name('=');
      this.#must('=');
      tags.set(key, this.#name(', '));
    }
    this.#must(' ');
    const fields = new Map<string, number | string>();
    do {
      const key = this.#name('=');
      this.#must('=');
      fields.set(key, this.#value());
    } while (this.#is(','));
    this.#must(' ');
    const time = Number(this.#until(/[^0-9-]/g));
    if (!this.atEnd) this.#must('\n');
    return { measurement, tags, fields, time };
  }

  /** Up to one of `ends`; a backslash takes the meaning from a comma, a space or an equals sign. */
  #name(ends: string): string {
    let name = '';
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') throw this.#unexpected();
      if (character === '\\' && ', ='.includes(this.#text[this.#at + 1] ?? '?')) {
        name += this.#text[this.#at + 1];
        this.#at += 2;
      } else if (ends.includes(character)) {
        if (name === '') throw this.#unexpected();
        return name;
      } else {
        name += character;
        this.#at++;
      }
    }
  }

  #value(): number | string {
    if (this.#is('"')) return this.#string();
    const text = this.#until(/[, ]/g);
    if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?i?$/.test(text)) throw this.#unexpected();
    return Number(text.replace('i', ''));
  }

  #string(): string {
    let value = '';
    for (;;) {
      const character = this.#text[this.#at++];
      if (character === undefined) throw this.#unexpected();
      if (character === '"') return value;
      value += character === '\\' && '"\\'.includes(this.#text[this.#at]) ? this.#text[this.#at++] : character;
    }
  }

  #until(end: RegExp): string {
    end.lastIndex = this.#at;
    const stop = end.exec(this.#text)?.index ?? this.#text.length;
    const found = this.#text.slice(this.#at, stop);
    this.#at = stop;
    return found;
  }

  #is(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #must(character: string): void {
    if (!this.#is(character)) throw this.#unexpected();
  }

  #unexpected(): Error {
    return new Error(`not line protocol at ${this.#at}: ${JSON.stringify(this.#text.slice(this.#at, this.#at + 40))}`);
  }
}
