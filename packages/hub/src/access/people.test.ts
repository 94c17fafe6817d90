import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SmtpService, startSmtp } from '../../../../test/services/smtp.ts';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from '../platform/clock.ts';
import type { Database } from '../platform/db.ts';
import { createMailer } from '../platform/mail.ts';
import { createOutbound } from '../platform/outbound.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { verifyAudit } from './audit.ts';
import { systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';
import { ADMIN, cookieOf, ORIGIN, openRig, type Rig } from './testing.ts';

const PASSWORD = 'correct horse battery';
let database: Database;
let smtp: SmtpService;
let rig: Rig;
let admin: string;
let ahead = 0;
const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };
const outbound = createOutbound({ clock: systemClock, allowPrivate: false });
const q = () => database.db.withTables<AccessTables>();
const tokenOf = (link: string) => new URL(link).searchParams.get('token') ?? '';

beforeAll(async () => {
  [database, smtp] = await Promise.all([temporaryDatabase(), startSmtp()]);
  const server = () => ({ smtpUrl: smtp.url, from: 'Orrery <orrery@example.com>' });
  rig = openRig(database, { clock, mailer: createMailer({ outbound, publicUrl: ORIGIN, server }) });
  await rig.access.seedAdmin(systemCaller('test'), ADMIN);
  const more = { declared_source: 'api' as const, declared_ref: null, features: '[]', tier: 5 };
  for (const id of ['acme', 'globex'])
    await q()
      .insertInto('tenants')
      .values({ id, name: id, created_at: 0, updated_at: 0, ...more })
      .execute();
  admin = await rig.signIn();
});
beforeEach(() => {
  // Past every waiting time and rate limit of the test before.
  ahead += 61_000;
});
afterAll(async () => {
  await rig.access.close();
  outbound.close();
  await smtp.close();
  await database.close();
});

/** Waits until no mail is due any more, and forgets those that came. */
async function quiet(): Promise<void> {
  await rig.access.settleMails();
  await until(
    async () => (await q().selectFrom('mails').select('id').where('done_at', 'is', null).execute()).length === 0,
    { what: 'no mail is due' },
  );
  smtp.mails.length = 0;
}

async function json<T>(response: Response | Promise<Response>, status = 200): Promise<T> {
  const answer = await response;
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${answer.status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
type Created = { id: string; link: string; mailed: boolean; state: string; tenant: string | null };
const invite = (email: string, role = 'operator', more: object = {}, cookie = admin) =>
  json<Created>(rig.call('/api/invitations', { cookie, body: { email, role, ...more } }), 201);
const accept = (token: string, name = 'Grace', password = PASSWORD) =>
  rig.call('/api/invitations/accept', { body: { token, name, password } });
async function person(email: string, role = 'operator', more: object = {}): Promise<{ id: string; cookie: string }> {
  const response = await accept(tokenOf((await invite(email, role, more)).link));
  const { id } = await json<{ id: string }>(response.clone());
  return { id, cookie: cookieOf(response) };
}

describe('an invitation', () => {
  it('makes one account of its role, for whoever comes first, and signs it in', async () => {
    const { link, id } = await invite('grace@example.com');
    const token = tokenOf(link);
    expect(await json(rig.call('/api/invitations/look', { body: { token } }))).toMatchObject({
      email: 'grace@example.com',
      role: 'operator',
    });
    const answers = await Promise.all([accept(token, 'Grace'), accept(token, 'Mallory')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    const cookie = cookieOf(answers.find(({ status }) => status === 200) as Response);
    expect(await json(rig.call('/api/me', { cookie }))).toMatchObject({
      kind: 'user',
      role: 'operator',
      email: 'grace@example.com',
    });
    const { items } = await json<{ items: Created[] }>(rig.call('/api/invitations', { cookie: admin }));
    expect(items.find((item) => item.id === id)?.state).toBe('accepted');
  });
  it('keeps no token, and goes by mail as well, with a link of its own', async () => {
    await quiet();
    const { link, mailed } = await invite('hedy@example.com', 'viewer');
    expect(mailed).toBe(true);
    await until(() => smtp.mails.length === 1, { what: 'the mail arrives' });
    const [mail] = smtp.mails;
    expect(mail?.to).toEqual(['hedy@example.com']);
    const mailedLink = /http\S+\/invite\?token=\S+/.exec(mail?.text ?? '')?.[0] ?? '';
    expect(mailedLink).not.toBe(link);
    const stored = JSON.stringify(await q().selectFrom('links').selectAll().execute());
    expect(stored).not.toContain(tokenOf(link));
    expect((await accept(tokenOf(mailedLink), 'Hedy')).status).toBe(200);
    expect((await accept(tokenOf(link), 'Hedy')).status).toBe(403);
  });
  it('that is unknown, used, revoked, too old or of another kind gets one answer', async () => {
    const used = await invite('used@example.com');
    await accept(tokenOf(used.link));
    const revoked = await invite('revoked@example.com');
    await json(rig.call(`/api/invitations/${revoked.id}`, { method: 'DELETE', cookie: admin }));
    const replaced = await invite('twice@example.com');
    await invite('twice@example.com');
    const old = await invite('old@example.com', 'viewer', { expiresInDays: 1 });
    ahead += 25 * 3_600_000;
    const answers = new Set<string>();
    for (const token of [used.link, revoked.link, replaced.link, old.link]
      .map(tokenOf)
      .concat(['ori_unknown', "' OR 1=1 --", '*', 'null'])) {
      ahead += 20_000;
      for (const response of [await accept(token), await rig.call('/api/invitations/look', { body: { token } })]) {
        const { requestId: _, ...problem } = (await response.json()) as { requestId: string };
        answers.add(`${response.status} ${JSON.stringify(problem)}`);
      }
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toMatch(/^403 /);
  });
  it('gives no more than its maker has, and belongs to its maker’s tenant', async () => {
    const boss = await person('boss@acme.example', 'admin', { tenant: 'acme' });
    const mine = await invite('worker@acme.example', 'viewer', {}, boss.cookie);
    expect(mine.tenant).toBe('acme');
    const foreign = await rig.call('/api/invitations', {
      cookie: boss.cookie,
      body: { email: 'x@globex.example', role: 'viewer', tenant: 'globex' },
    });
    expect(foreign.status).toBe(400);
    const unknown = await rig.call('/api/invitations', {
      cookie: admin,
      body: { email: 'x@example.com', role: 'viewer', tenant: 'nowhere' },
    });
    expect(await unknown.json()).toMatchObject({ fields: [{ field: 'tenant' }] });
    const operator = await person('op@example.com');
    expect(
      (
        await rig.call('/api/invitations', {
          cookie: operator.cookie,
          body: { email: 'y@example.com', role: 'viewer' },
        })
      ).status,
    ).toBe(403);
    const { items } = await json<{ items: { email: string; tenant: string | null }[] }>(
      rig.call('/api/users', { cookie: boss.cookie }),
    );
    expect(new Set(items.map(({ tenant }) => tenant))).toEqual(new Set(['acme']));
    for (const id of [operator.id, '*', 'null', ':id', '..%2f', "' OR 1=1"])
      expect(
        (
          await rig.call(`/api/users/${encodeURIComponent(id)}`, {
            method: 'PATCH',
            cookie: boss.cookie,
            body: { disabled: true },
          })
        ).status,
      ).toBe(404);
  });
});

describe('a person', () => {
  it.each([
    ['disabled', { disabled: true }],
    ['given another role', { role: 'viewer' }],
    ['moved to a tenant', { tenant: 'acme' }],
  ])('who is %s is out at once, and so is the stream that stood open', async (what, patch) => {
    const { id, cookie } = await person(`${what.replaceAll(' ', '-')}@example.com`);
    const stream = await rig.call('/api/stream', { cookie });
    const reader = stream.body?.getReader();
    await reader?.read();
    await json(rig.call(`/api/users/${id}`, { method: 'PATCH', cookie: admin, body: patch }));
    expect((await rig.call('/api/me', { cookie })).status).toBe(401);
    while (!(await reader?.read())?.done);
    const again = await rig.call('/api/auth/sign-in/email', {
      body: { email: `${what.replaceAll(' ', '-')}@example.com`, password: PASSWORD },
    });
    expect(again.status).toBe('disabled' in patch ? 401 : 200);
  });
  it('who is disabled and one who is nobody hear the same', async () => {
    const wrong = await rig.call('/api/auth/sign-in/email', {
      body: { email: 'disabled@example.com', password: PASSWORD },
    });
    const nobody = await rig.call('/api/auth/sign-in/email', {
      body: { email: 'nobody@example.com', password: PASSWORD },
    });
    const text = async (response: Response) => ((await response.json()) as { detail: string }).detail;
    expect([wrong.status, await text(wrong)]).toEqual([nobody.status, await text(nobody)]);
  });
  it('who is the last administrator stays one, also when two demote each other at once', async () => {
    const me = await json<{ id: string }>(rig.call('/api/me', { cookie: admin }));
    const demote = (id: string, cookie: string) =>
      rig.call(`/api/users/${id}`, { method: 'PATCH', cookie, body: { role: 'viewer' } });
    expect((await demote(me.id, admin)).status).toBe(409);
    expect(
      (await rig.call(`/api/users/${me.id}`, { method: 'PATCH', cookie: admin, body: { disabled: true } })).status,
    ).toBe(409);
    const second = await person('second@example.com', 'admin');
    const answers = await Promise.all([demote(second.id, admin), demote(me.id, second.cookie)]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const admins = await q()
      .selectFrom('users')
      .select('id')
      .where('role', '=', 'admin')
      .where('tenant', 'is', null)
      .execute();
    expect(admins).toHaveLength(1);
    await q().updateTable('users').set({ role: 'admin' }).where('id', '=', me.id).execute();
    admin = await rig.signIn();
  });
  it('is listed with how they come in, and when they were last seen', async () => {
    const { items } = await json<{ items: object[] }>(rig.call('/api/users', { cookie: admin }));
    expect(items).toContainEqual(
      expect.objectContaining({
        email: ADMIN.email,
        role: 'admin',
        signIn: ['password'],
        secondFactor: false,
        lastSeenAt: expect.any(String),
      }),
    );
    expect(JSON.stringify(items)).not.toMatch(/argon2|hash|token/);
  });
});

describe('a new password', () => {
  const ask = (email: string) => rig.call('/api/auth/forgot-password', { body: { email } });
  const set = (token: string, password: string) => rig.call('/api/auth/reset-password', { body: { token, password } });
  const mailTo = async (email: string) => {
    await quiet();
    await json(ask(email), 202);
    await until(() => smtp.mails.length === 1, { what: 'the mail arrives' });
    return /token=(\S+)/.exec(smtp.mails[0]?.text ?? '')?.[1] ?? '';
  };
  it('is set by the link of a mail, once, and ends every session', async () => {
    const { cookie } = await person('forgetful@example.com');
    const token = await mailTo('Forgetful@Example.com');
    const answers = await Promise.all([set(token, 'first new pass phrase'), set(token, 'second new pass phrase')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    expect((await rig.call('/api/me', { cookie })).status).toBe(401);
    expect(
      (await rig.call('/api/auth/sign-in/email', { body: { email: 'forgetful@example.com', password: PASSWORD } }))
        .status,
    ).toBe(401);
    await rig.signIn(
      'forgetful@example.com',
      answers[0]?.status === 200 ? 'first new pass phrase' : 'second new pass phrase',
    );
    expect((await set(token, 'third new pass phrase')).status).toBe(403);
  });
  it('is asked for with one answer, whoever is named; only those with a password get a mail', async () => {
    await quiet();
    const answers: string[] = [];
    for (const email of ['forgetful@example.com', 'nobody@example.com', 'disabled@example.com']) {
      const response = await ask(email);
      answers.push(`${response.status} ${await response.text()}`);
    }
    expect(new Set(answers)).toEqual(new Set(['202 {"success":true}']));
    await rig.access.settleMails();
    await until(
      async () => (await q().selectFrom('mails').select('id').where('done_at', 'is', null).execute()).length === 0,
      { what: 'all is settled' },
    );
    expect(smtp.mails.map(({ to }) => to[0])).toEqual(['forgetful@example.com']);
  });
  it('is mailed five times an hour at most, however often somebody asks', async () => {
    await person('victim@example.com');
    await quiet();
    for (let i = 0; i < 8; i++) {
      ahead += 10_000;
      await ask('victim@example.com');
    }
    await until(
      async () => (await q().selectFrom('mails').select('id').where('done_at', 'is', null).execute()).length === 0,
      { what: 'all is settled' },
    );
    expect(smtp.mails).toHaveLength(5);
  });
  it('waits while the mail server is away, and comes afterwards', async () => {
    await person('patient@example.com');
    await quiet();
    smtp.behave({ refuse: 450 });
    await json(ask('patient@example.com'), 202);
    await until(
      async () =>
        (await q().selectFrom('mails').select('attempts').where('subject', '=', 'patient@example.com').execute())[0]
          ?.attempts === 1,
      { what: 'it was tried' },
    );
    await rig.access.settleMails();
    smtp.behave('take');
    ahead += 121_000;
    await rig.access.settleMails();
    await until(() => smtp.mails.length === 1, { what: 'the mail arrives' });
  });
  it('comes by a link of an administrator too, who cannot give it to somebody above them', async () => {
    const { id } = await person('helped@example.com');
    const { link } = await json<{ link: string }>(
      rig.call(`/api/users/${id}/reset-link`, { method: 'POST', cookie: admin }),
      201,
    );
    expect((await set(tokenOf(link), 'another new pass phrase')).status).toBe(200);
    const boss = await rig.signIn('boss@acme.example', PASSWORD);
    expect((await rig.call(`/api/users/${id}/reset-link`, { method: 'POST', cookie: boss })).status).toBe(404);
  });
});

it('everything above left one unbroken trail', async () => {
  expect(await verifyAudit(database.db)).toMatchObject({ ok: true });
});
