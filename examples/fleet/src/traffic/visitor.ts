import type { Random } from '../shared/random.ts';

/** One visitor's way of asking: nothing is thrown, a product that is down answers `undefined`. */
export type Visitor = {
  name: string;
  random: Random;
  get(path: string): Promise<Answer | undefined>;
  post(path: string, body?: unknown): Promise<Answer | undefined>;
  /** Looks at the page for a while. */
  think(fromMs: number, toMs: number): Promise<void>;
};
export type Answer = { status: number; body: unknown };

const TIERS = ['free', 'standard', 'standard', 'enterprise'];

export function createVisitor(baseUrl: string, name: string, random: Random): Visitor {
  const ask = async (path: string, init: RequestInit): Promise<Answer | undefined> => {
    try {
      const response = await fetch(baseUrl + path, {
        ...init,
        signal: AbortSignal.timeout(4000),
      });
      const text = await response.text();
      return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
    } catch {
      return undefined;
    }
  };
  const headers = { 'content-type': 'application/json', 'x-user': name, 'x-tier': random.pick(TIERS) };
  return {
    name,
    random,
    get: (path) => ask(path, { headers }),
    post: (path, body = {}) => ask(path, { method: 'POST', headers, body: JSON.stringify(body) }),
    think: (fromMs, toMs) => new Promise((resolve) => setTimeout(resolve, random.int(fromMs, toMs))),
  };
}

/** A text member of an answer's body. */
export function field(answer: Answer | undefined, name: string): string | undefined {
  const body = answer?.body;
  if (typeof body !== 'object' || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
}
