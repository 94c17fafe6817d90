const SECRET_KEY =
  /^(?:.*[-_.])?(?:authorization|cookie|pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|session[-_]?id|otp|cvv|ssn)$|(?:password|secret|token|apikey|privatekey|credential)s?$/i;
/** `totalTokens: 812` is a count, not a secret. */
const COUNT_KEY = /tokens$/i;
const MASK = '[redacted]';
const CUT = '[…]';
const MAX_DEPTH = 5;
const MAX_KEYS = 60;
const MAX_TEXT = 2048;

/** Masks what looks like a secret inside free text: `password=…`, `Bearer …`, credentials in a URL. */
export function redactText(text: string, maxLength = 8192): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut
    .replace(/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/:@]{0,256}:[^\s/@]{1,256}@/gi, `$1${MASK}@`)
    .replace(/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${MASK}`)
    .replace(
      /\b((?:[a-z0-9]+[-_])?(?:password|passwd|pwd|secret|token|api[-_]?key|authorization|cookie)["']?\s*[=:]\s*)(?!["']?(?:bearer|basic)\s)("[^"\n]*"|'[^'\n]*'|[^\s,;&}"']+)/gi,
      `$1${MASK}`,
    );
}

/** A copy of the fields that is small (400 values, 16,000 characters), plain JSON and free of obvious secrets (by the name of the field). */
export function redactFields(fields: object): Record<string, unknown> {
  const copy = new Copier().copy(fields, []);
  return typeof copy === 'object' && copy !== null && !Array.isArray(copy)
    ? (copy as Record<string, unknown>)
    : { value: copy };
}

class Copier {
  #values = 400;
  #characters = 16_000;

  copy(value: unknown, path: readonly object[]): unknown {
    if (this.#values-- <= 0 || this.#characters <= 0) return CUT;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return this.#text(value.toString());
      case 'boolean':
      case 'undefined':
        return value;
      case 'object':
        return value === null ? null : this.#object(value, path);
      default:
        return `[${typeof value}]`;
    }
  }

  #object(value: object, path: readonly object[]): unknown {
    if (path.includes(value)) return '[circular]';
    if (path.length >= MAX_DEPTH) return CUT;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    const inside = [...path, value];
    if (Array.isArray(value)) return this.#list(value, inside);
    const source = value instanceof Error ? describe(value) : value;
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(source).slice(0, MAX_KEYS)) {
      if (this.#values <= 0) break;
      if (key === '__proto__' || key === 'constructor' || key === 'prototype') continue;
      const name = key.slice(0, 128);
      this.#characters -= name.length;
      const inner = read(source, key);
      const masked = SECRET_KEY.test(name) && !(typeof inner === 'number' && COUNT_KEY.test(name));
      const kept = masked ? MASK : this.copy(inner, inside);
      if (kept !== undefined) copy[name] = kept;
    }
    return copy;
  }

  #list(list: readonly unknown[], path: readonly object[]): unknown[] {
    const copy: unknown[] = [];
    for (const item of list) {
      if (this.#values <= 0 || copy.length >= 100) return [...copy, CUT];
      copy.push(this.copy(item, path) ?? null);
    }
    return copy;
  }

  #text(text: string): string {
    const kept = redactText(text, Math.min(MAX_TEXT, this.#characters));
    this.#characters -= kept.length;
    return kept;
  }
}

function describe(error: Error): object {
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return { name, message, ...(code === undefined ? {} : { code }), ...(cause === undefined ? {} : { cause }), stack };
}

/** A getter may throw; a log line must not. */
function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return '[unreadable]';
  }
}
