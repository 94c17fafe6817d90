import type { Problem } from '@orrery/protocol';

/** Every way a request can fail, with its HTTP status and title. MCP and the command line read the same table. */
export const ERROR_CODES = {
  invalid: [400, 'Invalid input'],
  unauthorized: [401, 'Unauthorized'],
  forbidden: [403, 'Forbidden'],
  not_found: [404, 'Not found'],
  method: [405, 'Method not allowed'],
  conflict: [409, 'Conflict'],
  gone: [410, 'Gone'],
  too_large: [413, 'Too large'],
  unsupported: [415, 'Unsupported media type'],
  unprocessable: [422, 'Unprocessable'],
  rate_limited: [429, 'Too many requests'],
  internal: [500, 'Internal error'],
  unavailable: [503, 'Unavailable'],
} as const satisfies Record<string, readonly [number, string]>;
export type ErrorCode = keyof typeof ERROR_CODES;
export type FieldError = { field: string; reason: string };

export class HubError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[] | undefined;
  /** Seconds after which another try makes sense; sent as Retry-After. */
  readonly retryAfter: number | undefined;
  constructor(code: ErrorCode, detail: string, options: { fields?: readonly FieldError[]; retryAfter?: number } = {}) {
    super(detail);
    this.name = 'HubError';
    this.code = code;
    this.fields = options.fields;
    this.retryAfter = options.retryAfter;
  }
}

/** Problem details (RFC 9457) of an error; what is not a HubError becomes a bare 500 whose cause is only logged. */
export function toProblem(error: unknown, requestId: string): Problem {
  const known =
    error instanceof HubError
      ? error
      : new HubError('internal', 'Something went wrong inside the hub; its log has the details under this request id.');
  const [status, title] = ERROR_CODES[known.code];
  return {
    type: `about:blank#${known.code}`,
    title,
    status,
    detail: known.message,
    error: title,
    ...(known.fields ? { fields: [...known.fields] } : {}),
    requestId,
  };
}

/** One line per zod issue: the field's path and the reason. `at` prefixes the path (`body`, `query`). */
export function fieldErrors(issues: readonly { path: PropertyKey[]; message: string }[], at = ''): FieldError[] {
  return issues.map((issue) => {
    const path = issue.path.map(String).join('.');
    return { field: [at, path].filter(Boolean).join('.') || '(whole)', reason: issue.message };
  });
}
