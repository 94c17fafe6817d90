import { describe, expect, it } from 'vitest';
import { temporaryDatabase } from '../platform/testing.ts';
import { systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';
import { ADMIN, openRig, PROJECT_KEY } from './testing.ts';

const STEMS = [
  "' OR 1=1 --",
  "'; DROP TABLE api_keys; --",
  "' UNION SELECT * FROM users --",
  "') OR ('a'='a",
  '" OR ""="',
  "admin'--",
  '1; SELECT pg_sleep(5)',
  "\\' OR 1=1 #",
  "' AND (SELECT 1 FROM users)=1 --",
  "%' OR '%'='",
  "'||(SELECT hash FROM api_keys)||'",
  '$1',
  ':id',
  '?',
  '*',
] as const;
const AROUND = [
  (text: string) => text,
  (text: string) => `orr_${text}`,
  (text: string) => `orr_0123456789abcdef_${text}`,
  (text: string) => `orr_${'0'.repeat(16)}_${'A'.repeat(43)}${text}`,
  (text: string) => `${PROJECT_KEY}${text}`,
  (text: string) => `eyJ${text}.eyJ.x`,
  (text: string) => encodeURIComponent(text),
  (text: string) => Buffer.from(text).toString('base64'),
  (text: string) => text.toUpperCase().replaceAll(' ', '/**/'),
  (text: string) => text.repeat(8),
] as const;
const ROUTES = [
  '/api/me',
  '/api/public',
  '/api/may/configure',
  '/api/may/ops-view',
  '/api/cron/now',
  '/api/keys',
  '/api/users',
  '/api/stream',
];
const HEADERS = [
  (text: string) => ({ 'x-api-key': text }),
  (text: string) => ({ authorization: `Bearer ${text}` }),
  (text: string) => ({ authorization: text }),
  (text: string) => ({ authorization: `Bearer ${text}`, 'x-api-key': text }),
] as const;

/** Six hundred credentials, spread over headers and routes. */
const attacks = STEMS.flatMap((stem) => AROUND.flatMap((around) => HEADERS.map((header) => header(around(stem)))));

describe('a credential that is a piece of SQL', () => {
  it('is unauthorized on every route, and changes nothing', async () => {
    const database = await temporaryDatabase();
    const rig = openRig(database);
    await rig.access.seedAdmin(systemCaller('test'), ADMIN);
    expect(attacks.length).toBeGreaterThan(500);
    const statuses = new Set<number>();
    for (const [i, headers] of attacks.entries()) {
      const response = await rig.call(ROUTES[i % ROUTES.length] ?? '/', { headers, ip: `10.0.${i % 250}.${i % 199}` });
      statuses.add(response.status);
      await response.body?.cancel();
    }
    expect([...statuses]).toEqual([401]);
    const q = database.db.withTables<AccessTables>();
    expect(await q.selectFrom('users').select('email').execute()).toEqual([{ email: ADMIN.email }]);
    expect(await q.selectFrom('api_keys').select('id').execute()).toEqual([]);
    await rig.access.close();
    await database.close();
  });
  it('is unauthorized or put off while the database is away, and never let in', async () => {
    const database = await temporaryDatabase();
    const rig = openRig(database);
    await database.close();
    const statuses = new Set<number>();
    for (const [i, headers] of attacks.entries()) {
      const response = await rig.call(ROUTES[i % ROUTES.length] ?? '/', { headers, ip: `10.0.${i % 250}.${i % 199}` });
      statuses.add(response.status);
    }
    const good = await rig.call('/api/keys', { headers: { 'x-api-key': `orr_${'0'.repeat(16)}_${'A'.repeat(43)}` } });
    statuses.add(good.status);
    for (const status of statuses) expect([401, 500, 503]).toContain(status);
    await rig.access.close();
  });
});
