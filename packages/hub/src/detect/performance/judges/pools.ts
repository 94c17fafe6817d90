import { inMs, type Judge, type Word } from '../facts.ts';

/** Whoever waits for less does not notice it. */
const MIN_WAIT_MS = 20;
const MIN_WINDOWS = 2;

/** A pool that is full while requests wait for a client, in two windows of the last ten minutes and in the newest of them. */
export const pools: Judge = ({ project, recent, before }) =>
  [...recent.pools].flatMap(([key, newer]): Word[] => {
    const all = [...(before.pools.get(key) ?? []), ...newer];
    const newest = newer.at(-1);
    if (!newest) return [];
    const subject = newest.instance === '' ? newest.pool : `${newest.pool} of ${newest.instance}`;
    const full = all.filter((one) => one.max > 0 && one.waiting > 0 && one.waitP95Ms >= MIN_WAIT_MS);
    if (!full.includes(newest)) {
      // One window in which nobody waited may be a pause; two are not.
      const calm = all.slice(-MIN_WINDOWS).every((one) => !full.includes(one));
      return calm && all.length >= MIN_WINDOWS ? [{ kind: 'pool', subject, state: 'good' }] : [];
    }
    if (full.length < MIN_WINDOWS) return [];
    const said = {
      severity: 'warning',
      title: `${project}: the connection pool ${subject} is exhausted`,
      description: `All of its ${newest.max} connections are in use: up to ${newest.waiting} requests waited at once, and the p95 of the time until a client came is ${inMs(newest.waitP95Ms)}.`,
      recommendation:
        'Look for what holds connections for long (slow statements, transactions that wait for something else, clients that are not released) before the pool is made larger.',
    } as const;
    return [{ kind: 'pool', subject, state: 'bad', said }];
  });
