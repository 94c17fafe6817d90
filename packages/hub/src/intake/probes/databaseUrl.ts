import { hostAndPort } from './common.ts';

export type DatabaseUrl = {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  options: URLSearchParams;
  /** Scheme, host, port and database: what may be shown. */
  shown: string;
};

/** Takes a postgres:// or redis:// URL apart; the protocol's schema has checked that it is one. */
export function readDatabaseUrl(text: string, defaultPort: number): DatabaseUrl {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port) || defaultPort;
  const database = decoded(url.pathname.slice(1));
  return {
    host,
    port,
    user: decoded(url.username),
    password: decoded(url.password),
    database,
    options: url.searchParams,
    shown: `${url.protocol}//${hostAndPort(host, port)}${database === '' ? '' : `/${encodeURIComponent(database)}`}`,
  };
}

/** A password with a plain `%` in it is meant as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
