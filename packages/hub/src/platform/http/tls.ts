import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Log } from '../log.ts';

/** PEM files by their paths. With `clientCa` only clients that show a certificate of it are let in. */
export type TlsFiles = { cert: string; key: string; clientCa?: string };
type TlsTexts = { cert: string; key: string; ca?: string };
export type TlsProblem = { file: keyof TlsFiles; reason: string };

const EVERY_MS = 2000;

/** Reads the files; throws a TlsError that names the file and what is wrong with it. */
export function readTls(files: TlsFiles): TlsTexts {
  const cert = readPem(files, 'cert', (text) => void new X509Certificate(text));
  const key = readPem(files, 'key', (text) => void createSecureContext({ key: text }));
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new TlsError({ file: 'key', reason: 'does not belong to the certificate' });
  }
  if (files.clientCa === undefined) return { cert, key };
  return { cert, key, ca: readPem(files, 'clientCa', (text) => void new X509Certificate(text)) };
}

export class TlsError extends Error {
  readonly problem: TlsProblem;
  constructor(problem: TlsProblem) {
    super(`the ${problem.file} file ${problem.reason}`);
    this.name = 'TlsError';
    this.problem = problem;
  }
}

function readPem(files: TlsFiles, file: keyof TlsFiles, check: (text: string) => void): string {
  let text: string;
  try {
    text = readFileSync(files[file] ?? '', 'utf8');
  } catch (error) {
    throw new TlsError({ file, reason: `cannot be read (${(error as NodeJS.ErrnoException).code})` });
  }
  try {
    check(text);
  } catch {
    throw new TlsError({
      file,
      reason: file === 'key' ? 'holds no private key in PEM' : 'holds no certificate in PEM',
    });
  }
  return text;
}

/** What every listener of ours keeps to. */
export const secureOptions = (texts: TlsTexts) => ({
  ...texts,
  minVersion: 'TLSv1.2' as const,
  requestCert: texts.ca !== undefined,
  rejectUnauthorized: texts.ca !== undefined,
  handshakeTimeout: 10_000,
});

/**
 * Looks at the files again and again, and takes them up once they are another whole set: connections that are open go on with the old one.
 * A set that does not fit (half of it is written) is waited out, and complained of once.
 */
export function followTls(server: Server, files: TlsFiles, log: Log, everyMs = EVERY_MS): () => void {
  const stamp = () => Object.values(files).map(stampOf).join(' ');
  let seen = stamp();
  let complained = '';
  const timer = setInterval(() => {
    const now = stamp();
    if (now === seen) return;
    try {
      server.setSecureContext(secureOptions(readTls(files)));
      seen = now;
      log.info({ cert: files.cert }, 'the TLS certificate was read again');
    } catch (error) {
      if (complained === now) return;
      complained = now;
      log.error({ err: error }, 'the new TLS files do not fit; the hub goes on with the old ones');
    }
  }, everyMs).unref();
  return () => clearInterval(timer);
}

/** Another file, or the same with another content: links that are moved are followed. */
function stampOf(file: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(file);
    return `${ino}:${mtimeMs}:${size}`;
  } catch {
    return 'absent';
  }
}
