import type { PostgresProbe } from '@orrery/protocol';
import type pg from 'pg';
import type { z } from 'zod';
import { loadPg } from '../../platform/pg.ts';
import { line } from '../json.ts';
import { failed, slowAfterMs, timing, upOrSlow } from './common.ts';
import { FIGURES_SQL, readFigures } from './postgresFigures.ts';
import {
  inWords,
  isServerError,
  type PostgresPlace,
  postgresPlace,
  toFailure,
  withPostgres,
} from './postgresSession.ts';
import type { CheckContext, Figure, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & {
  place: PostgresPlace;
  query: string;
  expect: string | undefined;
  slowAfterMs: number | undefined;
};
type Talked = { value: unknown; rows: number; latencyMs: number; figures: Figure[] | undefined };

/** A PostgreSQL server: it takes us in and answers one statement in a read-only transaction; figures of its load come along. */
export const postgres: ProbeFamily<z.output<typeof PostgresProbe>, Spec> = {
  compile(declared) {
    const place = postgresPlace(declared);
    return {
      ...timing(declared),
      target: place.shown,
      place,
      query: declared.query ?? 'SELECT 1',
      expect: declared.expect,
      slowAfterMs: slowAfterMs(declared),
    };
  },

  async check(spec, context: CheckContext): Promise<Outcome> {
    const { clock } = context;
    const started = clock.monotonic();
    const passed = () => Math.round((clock.monotonic() - started) * 10) / 10;
    try {
      return judge(
        spec,
        await withPostgres(context, spec.place, spec.timeoutMs, (client) => ask(client, spec, passed)),
      );
    } catch (error) {
      if (isServerError(error))
        return { status: 'down', latencyMs: passed(), reason: inWords(error.code), heard: true };
      return failed(`PostgreSQL ${spec.target}`, toFailure(error), passed());
    }
  },
};

async function ask(client: pg.Client, spec: Spec, passed: () => number): Promise<Talked> {
  await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${Math.ceil(spec.timeoutMs)}`);
  const answer = await client.query<unknown[]>(oneStatement(spec.query));
  const latencyMs = passed();
  const figures = await figuresOf(client);
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
