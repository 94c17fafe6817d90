import type { RouteAuth } from './route.ts';

/** A request that was refused with 401, 403 or 404, as the transport knows it. */
export type Refusal<C> = {
  /** Undefined when the credential that was presented is not good. */
  caller: C | undefined;
  ip: string;
  method: string;
  /** The route's template; it holds nothing that the caller wrote. */
  route: string;
  auth: RouteAuth;
  status: 401 | 403 | 404;
  detail: string;
  /** Whether the address names something by an id. */
  named: boolean;
  /** The path as it was asked for. */
  asked: string;
};
