import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import type { PostgresProbe, TlsOptions } from '@orrery/protocol';
import type pg from 'pg';
import type { z } from 'zod';
import { OutboundError, toOutboundError } from '../../platform/outbound.ts';
import { loadPg } from '../../platform/pg.ts';
import { line } from '../json.ts';
import { BoundedStream } from './boundedStream.ts';
import { failed, slowAfterMs, timing, upOrSlow } from './common.ts';
import { converse } from './converse.ts';
import { type DatabaseUrl, readDatabaseUrl } from './databaseUrl.ts';
import { FIGURES_SQL, readFigures } from './postgresFigures.ts';
import { onlyWholeMessages } from './postgresFrames.ts';
import type { CheckContext, Figure, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & {
  url: DatabaseUrl;
  ssl: ConnectionOptions | false;
  serverName: string | undefined;
  query: string;
  expect: string | undefined;
  slowAfterMs: number | undefined;
};
type Talked = { value: unknown; rows: number; latencyMs: number; figures: Figure[] | undefined };

const DEFAULT_PORT = 5432;
/** One statement for health has a small answer. */
const MAX_BYTES = 1024 * 1024;
const PARTING_MS = 100;

/** A PostgreSQL server: it takes us in and answers one statement in a read-only transaction; figures of its load come along. */
export const postgres: ProbeFamily<z.output<typeof PostgresProbe>, Spec> = {
  compile(declared) {
    const url = readDatabaseUrl(declared.url, DEFAULT_PORT);
    return {
      ...timing(declared),
      target: url.shown,
      url,
      ssl: encryption(url.options.get('sslmode'), declared.tls),
      serverName: declared.tls?.serverName,
      query: declared.query ?? 'SELECT 1',
      expect: declared.expect,
      slowAfterMs: slowAfterMs(declared),
    };
  },

  async check(spec, context: CheckContext): Promise<Outcome> {
    const { clock } = context;
    const { host, port } = spec.url;
    const started = clock.monotonic();
    const passed = () => Math.round((clock.monotonic() - started) * 10) / 10;
    try {
      const place = { host, port, timeoutMs: spec.timeoutMs };
      return judge(
        spec,
        await converse(context, place, (socket) => talk(spec, new BoundedStream(socket, MAX_BYTES), passed)),
      );
    } catch (error) {
      if (isAnswer(error)) return { status: 'down', latencyMs: passed(), reason: inWords(error.code), heard: true };
      return failed(`PostgreSQL ${spec.target}`, toFailure(error), passed());
    }
  },
};

/** libpq's words: `require` encrypts and trusts anybody, `verify-ca` looks at the chain, `verify-full` and declared TLS options at the name too. */
function encryption(mode: string | null, tls: TlsOptions | undefined): ConnectionOptions | false {
  const { ca, cert, key } = tls ?? {};
  const pem = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert, key }) };
  if (mode === 'verify-full' || (tls && mode !== 'verify-ca')) return pem;
  if (mode === 'verify-ca') return { ...pem, checkServerIdentity: () => undefined };
  if (mode === 'require') return { rejectUnauthorized: false };
  return false;
}

async function talk(spec: Spec, stream: BoundedStream, passed: () => number): Promise<Talked> {
  const { url } = spec;
  const { Client } = loadPg();
  const client = new Client({
    stream: () => stream,
    // Of the name, only the check of the certificate makes use: the connection stands.
    host: spec.serverName ?? url.host,
    port: url.port,
    user: url.user || 'postgres',
    database: url.database || url.user || 'postgres',
    // As a function it stands in for what the environment or a file of the hub's own account would give.
    password: () => url.password,
    ssl: spec.ssl && { ...spec.ssl },
    application_name: 'orrery',
  });
  if (spec.ssl === false) onlyWholeMessages(stream);
  const connection: EventEmitter = client.connection;
  connection.once('sslconnect', () => onlyWholeMessages(client.connection.stream));
  const broken = new Promise<never>((_, reject) => client.on('error', reject));
  try {
    return await Promise.race([ask(client, spec, passed), broken]);
  } catch (error) {
    throw refusedCertificate(spec, client.connection.stream) ?? error;
  }
}

/** The client only hears that the connection ended; the socket knows that it was for the certificate. */
function refusedCertificate({ ssl }: Spec, stream: Duplex): OutboundError | undefined {
  if (!(stream instanceof TLSSocket) || ssl === false || ssl.rejectUnauthorized === false) return undefined;
  const code: unknown = stream.authorizationError;
  return code ? toOutboundError({ code: String(code) }, true) : undefined;
}

async function ask(client: pg.Client, spec: Spec, passed: () => number): Promise<Talked> {
  await client.connect();
  await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${Math.ceil(spec.timeoutMs)}`);
  const answer = await client.query<unknown[]>(oneStatement(spec.query));
  const latencyMs = passed();
  const figures = await figuresOf(client);
  // A server that does not part when it is told to is not waited for.
  await Promise.race([client.end(), setTimeout(PARTING_MS, undefined, { ref: false })]);
  return { value: answer.rows[0]?.[0], rows: answer.rows.length, latencyMs, figures };
}

/** The extended protocol takes a single statement: one that would end the transaction and go on is refused. Values come as text. */
function oneStatement(text: string): pg.QueryArrayConfig & { queryMode: 'extended' } {
  const getTypeParser = (() => String) as pg.CustomTypesConfig['getTypeParser'];
  return { text, rowMode: 'array', queryMode: 'extended', types: { getTypeParser } };
}

/** Figures, as far as the server tells them; a user without the rights still has a probe. */
async function figuresOf(client: pg.Client): Promise<Figure[] | undefined> {
  try {
    const { rows } = await client.query(FIGURES_SQL);
    return readFigures(rows[0] ?? {});
  } catch (error) {
    if (error instanceof loadPg().DatabaseError) return undefined;
    throw error;
  }
}

function judge(spec: Spec, { value, rows, latencyMs, figures }: Talked): Outcome {
  const more = figures ? { figures } : { checks: { figures: { ok: false, detail: 'the user may not read them' } } };
  const wanted = spec.expect;
  if (wanted === undefined || value === wanted) return { ...upOrSlow(latencyMs, spec.slowAfterMs), ...more };
  const is = rows === 0 ? 'brought no row' : `brought ${value === null ? 'NULL' : `"${line(String(value), 80)}"`}`;
  const reason = `the query ${is}, expected "${line(wanted, 80)}"`;
  return { status: 'down', latencyMs, reason, heard: true, ...more };
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

const isAnswer = (error: unknown): error is pg.DatabaseError & { code: string } =>
  error instanceof loadPg().DatabaseError && /^[0-9A-Z]{5}$/.test(error.code ?? '');

const inWords = (code: string): string =>
  Object.hasOwn(CODES, code) ? `${CODES[code]} (${code})` : `the server answered with the error ${code}`;

/** What the client throws beside the server's own errors. */
function toFailure(error: unknown): OutboundError {
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
