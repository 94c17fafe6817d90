import type { Problem, SystemFailure } from '@orrery/protocol';

/** Where every answer stands in an envelope: `{success: true, data}` or `{success: false, error}`. */
export const isEnveloped = (pathname: string): boolean => /^\/admin\/system(\/|$)/.test(pathname);

/** A problem in that envelope. */
export const inEnvelope = ({ detail, error, status, fields, requestId }: Problem): SystemFailure => ({
  success: false,
  error: detail,
  code: error,
  status,
  ...(fields ? { fields } : {}),
  ...(requestId === undefined ? {} : { requestId }),
});
