import { inspect } from 'node:util';

const SHOWN = '[secret]';

/** A value that is never printed: not by console.log, JSON, string templates or a logger. Only `reveal` hands it out. */
export class Secret {
  readonly #read: () => string;
  #value: string | undefined;

  constructor(value: string | (() => string)) {
    this.#read = typeof value === 'string' ? () => value : value;
  }

  /** The value itself: hand it straight to whoever needs it. A value kept in a file is read, or made, at the first call. */
  reveal(): string {
    this.#value ??= this.#read();
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

/** One declaration with the place it stands at (`orrery.yaml:12`). Printing it shows the declaration with its secrets masked. */
export class Declared<T extends object> {
  readonly ref: string;
  readonly #declaration: T;
  readonly #mask: (declaration: T) => unknown;

  constructor(declaration: T, ref: string, mask: (declaration: T) => unknown) {
    this.#declaration = declaration;
    this.#mask = mask;
    this.ref = ref;
    Object.freeze(this);
  }

  /** The declaration as it is, secrets included. */
  get declaration(): T {
    return this.#declaration;
  }

  toJSON(): unknown {
    return { declaration: this.#mask(this.#declaration), ref: this.ref };
  }

  [inspect.custom](): unknown {
    return this.toJSON();
  }
}
