import { inMs, type Judge, percent, short, type Word } from '../facts.ts';

/** Fewer requests are a coincidence, and of a route that does it now and then the rest shows that it need not. */
const MIN_REQUESTS = 10;
const MIN_SHARE = 0.5;
const CALM_SHARE = 0.25;
/** Once may have been a job or a test. */
const MIN_WINDOWS = 2;

const subjectOf = (route: string, statement: string) => `${route} · ${statement}`;

/** The same statement again and again within one request: rows read one by one that one statement could read. */
export const repeats: Judge = ({ project, recent, before, firing }) => {
  const words: Word[] = [];
  const found = new Map([...before.repeats, ...recent.repeats]);
  for (const [key, { route, statement }] of found) {
    const now = recent.repeats.get(key);
    const earlier = before.repeats.get(key);
    const requests = (now?.requests ?? 0) + (earlier?.requests ?? 0);
    const all = (recent.routes.get(route)?.count ?? 0) + (before.routes.get(route)?.count ?? 0);
    // The windows of requests and of repeats do not end at the same moment.
    const share = all === 0 ? 0 : Math.min(requests / all, 1);
    const subject = subjectOf(route, statement);
    const windows = (now?.windows ?? 0) + (earlier?.windows ?? 0);
    if (all >= MIN_REQUESTS && share < CALM_SHARE) words.push({ kind: 'repeats', subject, state: 'good' });
    const newest = now ?? earlier;
    if (!newest || requests < MIN_REQUESTS || windows < MIN_WINDOWS || share < MIN_SHARE) continue;
    const wasted = ((now?.wastedMs ?? 0) + (earlier?.wastedMs ?? 0)) / requests;
    words.push({
      kind: 'repeats',
      subject,
      state: 'bad',
      said: {
        severity: 'info',
        title: `${project}: ${short(route, 80)} runs the same statement ${newest.typical} times`,
        description: `In ${requests} of ${Math.max(all, requests)} requests within ten minutes (${percent(share)}) ${route} ran "${statement}" typically ${newest.typical} times, at most ${newest.most}. All but the first take ${inMs(wasted)} of a request: an N+1 pattern.`,
        recommendation:
          'Read the rows with one statement (a join, or `WHERE id = ANY($1)`), or with what the library has for it (include, a data loader).',
      },
    });
  }
  // A route that goes on without any of it has been repaired.
  const told = new Set([...found.values()].map(({ route, statement }) => subjectOf(route, statement)));
  for (const { kind, subject } of firing)
    for (const [route, { count }] of recent.routes)
      if (kind === 'repeats' && count >= MIN_REQUESTS && !told.has(subject) && subject.startsWith(subjectOf(route, '')))
        words.push({ kind, subject, state: 'good' });
  return words;
};
