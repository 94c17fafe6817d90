import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

const REDACTED = ['password', 'secret', 'token', 'apiKey', 'authorization', 'cookie', 'key', 'smtpUrl', 'x-api-key'];

/** The hub's logger: JSON lines, known secret fields blanked at any of three depths. */
export function createLog(level: string, destination: DestinationStream): Log {
  const paths = REDACTED.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '[redacted]' } },
    destination,
  );
}
