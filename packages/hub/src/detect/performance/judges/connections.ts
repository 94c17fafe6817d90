import { type Judge, percent, type Word } from '../facts.ts';

const FULL_PERCENT = 90;
const CALM_PERCENT = 80;

/** The server's own limit: most of max_connections in use at every check of the last minutes. */
export const connections: Judge = ({ project, connections: servers }) =>
  servers.flatMap(({ service, percent: now, leastPercent }): Word[] => {
    if (now < CALM_PERCENT) return [{ kind: 'connections', subject: service, state: 'good' }];
    if (leastPercent < FULL_PERCENT) return [];
    const said = {
      severity: now >= 97 ? 'critical' : 'warning',
      title: `${project}/${service} has hardly a connection left`,
      description: `${percent(now / 100)} of the connections that PostgreSQL allows (max_connections) are in use, and have been at each check of the last five minutes (at least ${percent(leastPercent / 100)}).`,
      recommendation:
        'See who holds them (pg_stat_activity): idle sessions, pools of too many instances. A pooler (PgBouncer) or smaller pools help more than a higher limit.',
    } as const;
    return [{ kind: 'connections', subject: service, state: 'bad', said }];
  });
