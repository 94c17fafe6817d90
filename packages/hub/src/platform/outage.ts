/** What PostgreSQL says while it cannot take a write: gone, starting, stopping, full, read-only, or waiting for somebody's lock for too long. */
const AWAY_STATES = new Set(['25006', '55P03', '57014', '57P01', '57P02', '57P03', '57P05', '25P03', '58030']);
/** Connection exceptions and insufficient resources. */
const AWAY_CLASSES = new Set(['08', '53']);
/** SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN: the low byte of an extended result code. */
const AWAY_RESULTS = new Set([5, 6, 8, 10, 13, 14]);
const SOCKET_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);
/** What the driver says without a code. */
const DRIVER_WORDS =
  /^(timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error)/;

/** Whether an error says that the database cannot be reached or written just now, and not that what was asked of it is wrong. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', errcode = 0 } = error as { code?: unknown; errcode?: number };
  if (code === 'ERR_SQLITE_ERROR') return AWAY_RESULTS.has(errcode & 0xff);
  if (typeof code === 'string' && code !== '')
    return AWAY_STATES.has(code) || (code.length === 5 && AWAY_CLASSES.has(code.slice(0, 2))) || SOCKET_CODES.has(code);
  if (error instanceof AggregateError) return error.errors.some(isOutage);
  return DRIVER_WORDS.test(error.message) || isOutage(error.cause);
}
