import { setTimeout as wait } from 'node:timers/promises';
import { type Ask, COMMAND_ASKS, type Face, mayCall, ROUTE_ASKS, SystemFailure } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type RunningHub, startHub } from '../services/hub.ts';
import { addPerson, makeKey, signedIn } from '../services/people.ts';

const META = 'mk-5f1a0c9be27d4836a1f04c77';
const CRON = 'cs-90b7e1d24ac6f3585b1e7d02';
const INGEST = 'ik-veria-5d07f2c9b1a84e36';
const YAML = `
network: { allowPrivate: true }
tenants: [{ id: globex }, { id: acme }]
projects:
  - { slug: veria, name: Veria, hubUrl: http://127.0.0.1:1, tenant: acme, apiKey: ${INGEST} }
`;

type Described = { 'x-permission': string; requestBody?: unknown };
/** Somebody who calls: their headers, and what the matrix may say of them. */
type Somebody = { name: string; face: Face; limited?: boolean; headers: () => Promise<Record<string, string>> };

let hub: RunningHub;
let described: Record<string, Described>;
let everybody: Somebody[];

beforeAll(async () => {
  hub = await startHub({ yaml: YAML, env: { ORRERY_META_API_KEY: META, CRON_SECRET: CRON } });
  const api = await hub.api.read<{ paths: Record<string, Record<string, Described>> }>('/openapi.json');
  described = Object.fromEntries(
    Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, route]) => [`${method.toUpperCase()} ${path}`, route]),
    ),
  );
  const key = async (role: 'viewer' | 'agent' | 'operator' | 'admin', tenant?: string): Promise<Somebody> => {
    const made = await makeKey(hub, role, tenant === undefined ? {} : { tenant });
    return {
      name: tenant === undefined ? role : `${role} of another tenant`,
      face: role,
      limited: tenant !== undefined,
      headers: async () => ({ 'x-api-key': made }),
    };
  };
  const secret = (face: Face, headers: Record<string, string>): Somebody => ({
    name: face,
    face,
    headers: async () => headers,
  });
  const person = async (email: string, role: 'viewer' | 'admin', tenant?: string): Promise<Somebody> => {
    await addPerson(hub, { email, name: email, role, ...(tenant === undefined ? {} : { tenant }) });
    let cookie = '';
    return {
      name: `${tenant === undefined ? '' : "another tenant's "}${role}, signed in`,
      face: role,
      limited: tenant !== undefined,
      // Some routes end the session that calls them.
      async headers() {
        const known = cookie !== '' && (await fetch(`${hub.url}/api/me`, { headers: { cookie } })).status === 200;
        if (!known) cookie = await signedIn(hub, email);
        return { cookie };
      },
    };
  };
  everybody = [
    secret('nobody', {}),
    ...(await Promise.all([key('viewer'), key('agent'), key('operator'), key('admin')])),
    secret('meta key', { 'x-api-key': META }),
    secret('project key', { 'x-api-key': INGEST }),
    secret('cron secret', { authorization: `Bearer ${CRON}` }),
    await key('operator', 'globex'),
    await key('admin', 'globex'),
    await person('vi@example.test', 'viewer'),
    await person('gl@example.test', 'admin', 'globex'),
  ];
});
afterAll(() => hub?.dispose());

describe('the permission matrix', () => {
  it('has a line for every route of the running hub, and no other', () => {
    expect(Object.keys(described).toSorted()).toEqual(Object.keys(ROUTE_ASKS).toSorted());
  });

  it('asks what the routes ask', () => {
    const told = Object.fromEntries(Object.entries(described).map(([route, said]) => [route, said['x-permission']]));
    expect(told).toEqual(ROUTE_ASKS);
  });

  it('is kept in order, so that two who add lines rarely meet', () => {
    const place = (route: string) => route.split(' ').toReversed().join(' ');
    expect(Object.keys(ROUTE_ASKS).map(place)).toEqual(Object.keys(ROUTE_ASKS).map(place).toSorted());
    expect(Object.keys(COMMAND_ASKS)).toEqual(Object.keys(COMMAND_ASKS).toSorted());
  });

  it('is what the hub does, for every route and everybody', async () => {
    const wrong: string[] = [];
    for (const [route, ask] of Object.entries(ROUTE_ASKS))
      for (const somebody of everybody) {
        const verdict = await call(route, await somebody.headers());
        const may = mayCall(somebody.face, ask, somebody.limited) && !(ask === 'person' && !isPerson(somebody));
        const expected = may ? 'let in' : somebody.face === 'nobody' ? 'turned away with 401' : 'turned away with 403';
        if (verdict !== expected && !(may && isAsked(ask)))
          wrong.push(`${route}: ${somebody.name} is ${verdict}, not ${expected}`);
      }
    expect(wrong).toEqual([]);
  }, 300_000);
});

const isPerson = ({ name }: Somebody): boolean => name.endsWith('signed in');
/** What everybody may call may still refuse what it is given: a wrong password, a link that is none. */
const isAsked = (ask: Ask): boolean => ask === 'public';

/** Calls a route with ids that nothing has and a body that is no good: only what guards it has a say. */
/** A limit for all that one caller asks gives way within this long; that of a single route takes longer. */
const SOON_S = 1;
const Success = z.strictObject({ success: z.literal(true), data: z.unknown() });
async function call(route: string, headers: Record<string, string>, tries = 60): Promise<string> {
  const [method = 'GET', template = ''] = route.split(' ');
  const path = template.replace(/\{(\w+)\}/g, 'nothing-has-this-id');
  const abort = new AbortController();
  const response = await fetch(hub.url + path, {
    method,
    headers: { ...headers, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
    ...(method === 'GET' || method === 'DELETE' ? {} : { body: '{}' }),
    redirect: 'manual',
    signal: abort.signal,
  });
  const { status } = response;
  if (template.startsWith('/admin/system/') && status !== 429) {
    const read = (status === 200 ? Success : SystemFailure).safeParse(await response.json());
    if (!read.success) return `answered outside of the envelope: ${read.error.message}`;
  }
  const soon = status === 429 && Number(response.headers.get('retry-after')) <= SOON_S;
  abort.abort();
  // The limit of all strangers together, and not of one route, says nothing of who may call.
  if (soon && tries > 0) {
    await wait(SOON_S * 1000);
    return call(route, headers, tries - 1);
  }
  return status === 401 || status === 403 ? `turned away with ${status}` : 'let in';
}
