import { isObject, type Json } from '../wire/api.ts';
import type { WireEvent } from '../wire/events.ts';

export type OutEvent = { event?: string | undefined; data: unknown };
export type StreamBridge = {
  /** What one event of the provider's becomes for the caller: none, one or several. */
  take(event: WireEvent): OutEvent[];
  /** What is still to be said when the provider's stream has ended well. */
  end(): OutEvent[];
};
/** One API's calls carried by another: its request there, the answer and the stream back. Pure. */
export type Bridge = {
  /** Throws CannotCarry for what the other API has no words for. */
  request(body: Json): Json;
  answer(body: Json, asked: Json): Json;
  stream(asked: Json): StreamBridge;
};

/** Something that the other API cannot carry: refused, never dropped. */
export class CannotCarry extends Error {
  readonly field: string;
  constructor(field: string, reason: string) {
    super(reason);
    this.name = 'CannotCarry';
    this.field = field;
  }
}

export const cannot = (field: string, to: string): never => {
  throw new CannotCarry(field, `cannot be carried to a provider that speaks ${to}`);
};

/** The object, once it is sure that it holds nothing but what is known. `null` and absent mean the same. */
export function only(value: unknown, field: string, known: readonly string[], to: string): Json {
  if (!isObject(value)) throw new CannotCarry(field, 'must be an object');
  for (const [name, inner] of Object.entries(value))
    if (inner !== undefined && inner !== null && !known.includes(name))
      cannot(field === '' ? name : `${field}.${name}`, to);
  return value;
}

export function list(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value)) throw new CannotCarry(field, 'must be a list');
  return value;
}

export function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new CannotCarry(field, 'must be text');
  return value;
}

/** Members that are there: absent and null ones are left out. */
export const given = (members: Json): Json =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null));

export const parseJson = (value: string): unknown => {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

/** Two bridges in a row. */
export const chain = (near: Bridge, far: Bridge): Bridge => ({
  request: (body) => far.request(near.request(body)),
  answer: (body, asked) => near.answer(far.answer(body, near.request(asked)), asked),
  stream(asked) {
    const [first, second] = [far.stream(near.request(asked)), near.stream(asked)];
    const pass = (events: OutEvent[]) =>
      events.flatMap(({ event, data }) =>
        second.take({ event, data: typeof data === 'string' ? data : JSON.stringify(data) }),
      );
    return { take: (event) => pass(first.take(event)), end: () => [...pass(first.end()), ...second.end()] };
  },
});
