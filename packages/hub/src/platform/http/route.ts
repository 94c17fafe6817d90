import type { Ask } from '@orrery/protocol';
import type { z } from 'zod';
import type { RawHandler } from './raw.ts';

/** What the transport knows of whoever calls; the access room's Caller has more. */
export type RouteCaller = { kind: string; id: string; ip?: string };

/** What it asks of whoever calls; the list of protocol's permissions.ts says the same. */
export type RouteAuth = Ask;

type Parsed<T extends z.ZodType | undefined> = T extends z.ZodType ? z.output<T> : undefined;

export type RouteInput<
  C,
  P extends z.ZodType | undefined,
  Q extends z.ZodType | undefined,
  B extends z.ZodType | undefined,
> = {
  caller: C;
  params: Parsed<P>;
  query: Parsed<Q>;
  body: Parsed<B>;
  request: Request;
  requestId: string;
};

export type Route<C = unknown> = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** OpenAPI form: `/api/fed/projects/{slug}`. */
  path: string;
  auth: RouteAuth;
  summary: string;
  tag: string;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** Schema of the answer; absent when the handler answers with a Response of its own. */
  response?: z.ZodType;
  /** Status of a plain answer; 200 unless said otherwise, 204 sends no body. */
  status?: number;
  /** Largest request body in bytes; 1 MiB unless said otherwise. */
  bodyLimit?: number;
  /** Content types that carry the body; JSON unless said otherwise. */
  bodyTypes?: readonly string[];
  /** Requests a minute for one caller on this route, under the general limit. */
  perMinute?: number;
  /** Why a success of a route that changes something leaves no entry of its own in the audit trail. */
  unaudited?: string;
  /** The answer repeats names that the caller sent, also of what does not exist for it. */
  echoes?: true;
  /** Media type that a Response of the handler's own carries, for the API description. */
  produces?: string;
  /** Answers on the connection itself, in place of `handle`. */
  raw?: RawHandler<C>;
  handle(input: RouteInput<C, undefined, undefined, undefined>): Promise<unknown>;
};

/** Declares one route as data; the server validates input by its schemas, checks `auth`, and describes it in OpenAPI. */
export function defineRoute<
  C,
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  route: Omit<Route<C>, 'params' | 'query' | 'body' | 'handle'> & {
    params?: P;
    query?: Q;
    body?: B;
    handle(input: RouteInput<C, P, Q, B>): Promise<unknown>;
  },
): Route<C> {
  return route as unknown as Route<C>;
}
