import type pg from 'pg';
import type { Log } from './log.ts';
import { loadPg } from './pg.ts';

const CONNECT_MS = 1500;
const ANSWER_MS = 1500;

export type Line = {
  /** Runs one statement, connecting first where need be. Rejects while the server is away. */
  query<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>;
  /** Whether what is told on the channel is heard now. */
  listening(): boolean;
  close(): Promise<void>;
};

/**
 * One connection to PostgreSQL beside the pool: what is asked over it never waits for the work of others, and it hears what any hub tells
 * on a channel. One that breaks is opened anew by the next statement.
 */
export function createLine(options: {
  url: string;
  channel: string;
  log: Log;
  onWord(word: string): void;
  /** It listens from now on: what was told before was not heard. */
  onListening(): void;
}): Line {
  let client: pg.Client | undefined;
  /** One statement at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  let closed = false;

  function drop(one: pg.Client): void {
    if (client === one) client = undefined;
    one.end().catch((error: unknown) => options.log.debug({ err: error }, 'a broken connection did not close well'));
  }

  async function open(): Promise<pg.Client> {
    const { Client } = loadPg();
    const one = new Client({
      connectionString: options.url,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      statement_timeout: ANSWER_MS,
      lock_timeout: 200,
      keepAlive: true,
      application_name: 'orrery-hubs',
    });
    one.on('error', () => drop(one));
    one.on('end', () => {
      if (client === one) client = undefined;
    });
    one.on('notification', ({ payload }) => options.onWord(payload ?? ''));
    try {
      await one.connect();
      await one.query(`LISTEN ${options.channel}`);
    } catch (error) {
      drop(one);
      throw error;
    }
    if (closed) {
      drop(one);
      throw new Error('the connection is closed');
    }
    client = one;
    options.onListening();
    return one;
  }

  async function ask<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<R[]> {
    if (closed) throw new Error('the connection is closed');
    const one = client ?? (await open());
    try {
      return (await one.query<R>(text, [...values])).rows;
    } catch (error) {
      // A refusal of the server comes with a code and leaves the connection whole; anything else does not.
      if ((error as { code?: string }).code === undefined) drop(one);
      throw error;
    }
  }

  return {
    query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      const mine = turn.then(() => ask<R>(text, values));
      turn = mine.catch(() => undefined);
      return mine;
    },
    listening: () => client !== undefined,
    async close() {
      closed = true;
      await turn;
      const one = client;
      client = undefined;
      await one?.end();
    },
  };
}
