import { PERMISSIONS, permissionsOf, ROLES } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { RouteAuth } from '../platform/http/route.ts';
import { allow, authorize } from './authorize.ts';
import { anonymousCaller, type Caller, projectCaller, systemCaller } from './caller.ts';
import { sameOrigin } from './origin.ts';
import { visibleProjects } from './scope.ts';

const asRole = (role: (typeof ROLES)[number], projects: Caller['projects'] = 'all'): Caller => ({
  kind: 'key',
  id: 'k',
  name: 'k',
  role,
  permissions: permissionsOf(role),
  projects,
  tenant: null,
});
const verdict = (run: () => void): string => {
  try {
    run();
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a permission', () => {
  it.each(ROLES)('is asked of %s as the matrix says', (role) => {
    for (const permission of PERMISSIONS) {
      const expected = permissionsOf(role).has(permission) ? 'ok' : 'forbidden';
      expect(verdict(() => authorize(asRole(role), permission))).toBe(expected);
      expect(verdict(() => allow(asRole(role), permission))).toBe(expected);
    }
  });
  it('for a project that the caller may not see is answered as for one that does not exist', () => {
    const caller = asRole('admin', ['veria']);
    expect(visibleProjects(caller)).toEqual(['veria']);
    expect(verdict(() => authorize(caller, 'ops:view', 'veria'))).toBe('ok');
    for (const slug of ['performia', 'nothing-of-the-kind', '__proto__', 'constructor'])
      expect(verdict(() => authorize(caller, 'ops:view', slug))).toBe('not_found');
    expect(verdict(() => authorize(asRole('viewer', ['veria']), 'ops:view', 'veria'))).toBe('forbidden');
  });
});

describe('a route', () => {
  const cron: Caller = { ...anonymousCaller, kind: 'cron', id: 'cron' };
  it.each<[RouteAuth, Caller, string]>([
    ['public', anonymousCaller, 'ok'],
    ['any', anonymousCaller, 'unauthorized'],
    ['cron', anonymousCaller, 'unauthorized'],
    ['ingest', anonymousCaller, 'unauthorized'],
    ['ops:view', anonymousCaller, 'unauthorized'],
    ['any', asRole('viewer'), 'ok'],
    ['any', systemCaller('job'), 'ok'],
    ['any', cron, 'forbidden'],
    ['any', projectCaller('veria'), 'forbidden'],
    ['cron', cron, 'ok'],
    ['cron', asRole('admin'), 'forbidden'],
    ['cron', projectCaller('veria'), 'forbidden'],
    ['ingest', projectCaller('veria'), 'ok'],
    ['ingest', asRole('admin'), 'forbidden'],
    ['ingest', cron, 'forbidden'],
    ['configure', cron, 'forbidden'],
    ['configure', systemCaller('job'), 'ok'],
  ])('of kind %s answers %o with %s', (auth, caller, expected) => {
    expect(verdict(() => allow(caller, auth))).toBe(expected);
  });
});

describe('a change asked for by a page', () => {
  const own = 'http://127.0.0.1:5400';
  it.each<[string, Record<string, string>, boolean]>([
    ['of our own', { origin: own, 'sec-fetch-site': 'same-origin' }, true],
    ['typed into the address bar', { 'sec-fetch-site': 'none' }, true],
    ['of a browser without fetch metadata', { origin: own }, true],
    ['of the public address behind a proxy', { origin: 'https://hub.example.com', host: '10.0.0.5' }, true],
    ['of no browser', {}, true],
    ['of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, false],
    ['of a neighbour on the same site', { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }, false],
    ['of another site in an older browser', { origin: 'https://evil.example' }, false],
    ['of another port', { origin: 'http://127.0.0.1:5401' }, false],
    ['of a sandboxed frame', { origin: 'null' }, false],
    ['of a look-alike', { origin: 'https://hub.example.com.evil.example' }, false],
  ])('%s', (_what, headers, expected) => {
    const request = new Request(`${own}/api/change`, {
      method: 'POST',
      headers: { host: '127.0.0.1:5400', ...headers },
    });
    expect(sameOrigin(request, 'https://hub.example.com')).toBe(expected);
  });
  it('that only reads is let through', () => {
    const request = new Request(own, { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } });
    expect(sameOrigin(request, own)).toBe(true);
  });
});
