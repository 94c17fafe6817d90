import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import type { TlsOptions } from '@orrery/protocol';
import type pg from 'pg';
import { OutboundError, toOutboundError } from '../../platform/outbound.ts';
import { loadPg } from '../../platform/pg.ts';
import { BoundedStream } from './boundedStream.ts';
import { converse, type Talker } from './converse.ts';
import { type DatabaseUrl, readDatabaseUrl } from './databaseUrl.ts';
import { onlyWholeMessages } from './postgresFrames.ts';

/** A PostgreSQL server as it is declared, taken apart once. `shown` is what may be told of it. */
export type PostgresPlace = {
  url: DatabaseUrl;
  shown: string;
  ssl: ConnectionOptions | false;
  serverName: string | undefined;
  /** What all answers of one talk may come to; 1 MiB when absent. */
  maxBytes?: number;
};

const DEFAULT_PORT = 5432;
/** What is asked for has a small answer. */
const MAX_BYTES = 1024 * 1024;
const PARTING_MS = 100;

export function postgresPlace(declared: { url: string; tls?: TlsOptions | undefined }): PostgresPlace {
  const url = readDatabaseUrl(declared.url, DEFAULT_PORT);
  return {
    url,
    shown: url.shown,
    ssl: encryption(url.options.get('sslmode'), declared.tls),
    serverName: declared.tls?.serverName,
  };
}

/**
 * Talks to a PostgreSQL server over a socket that the way out has opened, so that the address policy and the one deadline hold. Throws
 * OutboundError for all that becomes of the connection, pg's DatabaseError for what the server answers, and what `ask` throws.
 */
export function withPostgres<T>(
  context: Talker,
  place: PostgresPlace,
  timeoutMs: number,
  ask: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { host, port } = place.url;
  return converse(context, { host, port, timeoutMs }, (socket) =>
    session(place, new BoundedStream(socket, place.maxBytes ?? MAX_BYTES), ask),
  );
}

/** libpq's words: `require` encrypts and trusts anybody, `verify-ca` looks at the chain, `verify-full` and declared TLS options at the name too. */
function encryption(mode: string | null, tls: TlsOptions | undefined): ConnectionOptions | false {
  const { ca, cert, key } = tls ?? {};
  const pem = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert, key }) };
  if (mode === 'verify-full' || (tls && mode !== 'verify-ca')) return pem;
  if (mode === 'verify-ca') return { ...pem, checkServerIdentity: () => undefined };
  if (mode === 'require') return { rejectUnauthorized: false };
  return false;
}

async function session<T>(
  place: PostgresPlace,
  stream: BoundedStream,
  ask: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { url } = place;
  const { Client } = loadPg();
  const client = new Client({
    stream: () => stream,
    // Of the name, only the check of the certificate makes use: the connection stands.
    host: place.serverName ?? url.host,
    port: url.port,
    user: url.user || 'postgres',
    database: url.database || url.user || 'postgres',
    // As a function it stands in for what the environment or a file of the hub's own account would give.
    password: () => url.password,
    ssl: place.ssl && { ...place.ssl },
    application_name: 'orrery',
  });
  if (place.ssl === false) onlyWholeMessages(stream);
  const connection: EventEmitter = client.connection;
  connection.once('sslconnect', () => onlyWholeMessages(client.connection.stream));
  const broken = new Promise<never>((_, reject) => client.on('error', reject));
  const talk = async () => {
    await client.connect();
    const answer = await ask(client);
    // A server that does not part when it is told to is not waited for.
    await Promise.race([client.end(), setTimeout(PARTING_MS, undefined, { ref: false })]);
    return answer;
  };
  try {
    return await Promise.race([talk(), broken]);
  } catch (error) {
    throw refusedCertificate(place, client.connection.stream) ?? error;
  }
}

/** The client only hears that the connection ended; the socket knows that it was for the certificate. */
function refusedCertificate({ ssl }: PostgresPlace, stream: Duplex): OutboundError | undefined {
  if (!(stream instanceof TLSSocket) || ssl === false || ssl.rejectUnauthorized === false) return undefined;
  const code: unknown = stream.authorizationError;
  return code ? toOutboundError({ code: String(code) }, true) : undefined;
}

/** SQLSTATE classes and codes that people meet; the server's own sentence may hold anything and is not repeated. */
const CODES: Readonly<Record<string, string>> = {
  '28P01': 'it refused user name and password',
  '28000': 'it does not let this user in from here',
  '3D000': 'there is no such database',
  '53300': 'it has no connection left',
  '57P03': 'it is starting up or shutting down',
  '57P01': 'it is being shut down',
  '57014': 'the query took too long',
  '25006': 'the query would write, and runs in a read-only transaction',
  '42501': 'the user may not do that',
  '42601': 'the query is no valid SQL, or more than one statement',
  '42P01': 'the query names a table that does not exist',
  '42703': 'the query names a column that does not exist',
};

/** Whether the server itself answered with an error. */
export const isServerError = (error: unknown): error is pg.DatabaseError & { code: string } =>
  error instanceof loadPg().DatabaseError && /^[0-9A-Z]{5}$/.test(error.code ?? '');

/** What an error code of the server means. */
export const inWords = (code: string): string =>
  Object.hasOwn(CODES, code) ? `${CODES[code]} (${code})` : `the server answered with the error ${code}`;

/** What the client throws beside the server's own errors. */
export function toFailure(error: unknown): OutboundError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof OutboundError || code !== undefined) return toOutboundError(error, true);
  if (/SSL/.test(message))
    return new OutboundError('tls', 'the server speaks no TLS, and sslmode or "tls" asks for it');
  if (/SASL|SCRAM|password/i.test(message))
    return new OutboundError(
      'protocol',
      'the login failed: no password is declared, or the server does not prove that it knows it',
    );
  return new OutboundError('protocol', 'the answer is not the protocol of PostgreSQL, or ended too soon');
}
