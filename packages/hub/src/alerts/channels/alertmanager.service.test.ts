import { type AlertNotification, ChannelDeclaration } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AlertmanagerService, startAlertmanager } from '../../../../../test/services/alertmanager.ts';
import { until } from '../../../../../test/services/until.ts';
import { sendThrough } from './index.ts';
import { PAYLOADS } from './payloads.ts';
import { notification, outgoing, sendContext } from './testing.ts';

describe('a real Alertmanager', () => {
  let there: AlertmanagerService;
  beforeAll(async () => {
    there = await startAlertmanager();
  });
  afterAll(() => there.stop());

  const at = new Date(Date.now() - 60_000).toISOString();
  const tell = async (type: AlertNotification['type'], alert: Partial<AlertNotification['alert']>) => {
    const over = type === 'alert.resolved' ? { status: 'resolved' as const, resolvedAt: new Date().toISOString() } : {};
    const told = { ...notification({ createdAt: at, lastSeenAt: at, ...alert, ...over }), type };
    const declaration = ChannelDeclaration.parse({
      name: 'handoff',
      kind: 'alertmanager',
      url: there.url,
      labels: { team: 'payments' },
    });
    return sendThrough(declaration, outgoing(told), sendContext({ timeoutMs: 20_000 }));
  };
  const firing = async (fingerprint: string) =>
    (await there.alerts()).filter(({ labels }) => labels.fingerprint === fingerprint);

  it('shows what was handed over until it is over, and keeps it as long as it is not', async () => {
    expect(await tell('alert.opened', { fingerprint: 'fp-life' })).toMatchObject({ kind: 'delivered' });
    const [shown] = await until(async () => (await firing('fp-life')).length === 1 && firing('fp-life'), {
      what: 'it',
    });
    expect(shown?.labels).toEqual({
      alertname: 'Error rate above 5',
      project: 'veria',
      service: 'api',
      severity: 'critical',
      category: 'performance',
      instance: 'orrery',
      fingerprint: 'fp-life',
      team: 'payments',
    });
    expect(shown?.annotations).toMatchObject({
      summary: '[critical] veria/api: Error rate above 5',
      description: 'performance.error_rate is 7.2, above 5 for 1 m',
      recommendation: 'Look at the last deploy.',
      link: 'https://orrery.example/alerts?alert=alr_01kaj2q9zv0000000000000000',
    });
    expect(Date.parse(shown?.startsAt ?? '')).toBe(Date.parse(at));
    // Its resolve_timeout is 5 m; ours ends when we say so.
    expect(Date.parse(shown?.endsAt ?? '') - Date.now()).toBeGreaterThan(300 * 86_400_000);
    expect(await tell('alert.resolved', { fingerprint: 'fp-life' })).toMatchObject({ kind: 'delivered' });
    await until(async () => (await firing('fp-life')).length === 0, { what: 'the end of it' });
  });

  it('takes the same trouble for the same alert after a restart on both sides, so that a silence holds', async () => {
    await tell('alert.opened', { fingerprint: 'fp-silence' });
    const [shown] = await until(async () => (await firing('fp-silence')).length === 1 && firing('fp-silence'), {
      what: 'it',
    });
    const matchers = Object.entries(shown?.labels ?? {}).map(([name, value]) => ({
      name,
      value,
      isRegex: false,
      isEqual: true,
    }));
    const silence = {
      matchers,
      startsAt: at,
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdBy: 'ann',
      comment: 'known',
    };
    expect((await there.post('/api/v2/silences', silence)).status).toBe(200);
    await there.restart();
    await tell('alert.opened', { id: 'alr_another', fingerprint: 'fp-silence', occurrences: 9, description: 'is 9.1' });
    const again = await until(
      async () => {
        const found = await firing('fp-silence');
        return found.length > 0 && found.every(({ status }) => status.state === 'suppressed') && found;
      },
      { what: 'the silence to hold' },
    );
    expect(again.map(({ labels }) => labels)).toEqual([shown?.labels]);
  });

  it('lets go of an alert whose title has changed since', async () => {
    await tell('alert.opened', { fingerprint: 'fp-title', title: 'Error rate above 5' });
    await until(async () => (await firing('fp-title')).length === 1, { what: 'the first title' });
    await tell('alert.reminder', { fingerprint: 'fp-title', title: 'Error rate above 9' });
    await until(
      async () => (await firing('fp-title')).map(({ labels }) => labels.alertname).join() === 'Error rate above 9',
      {
        what: 'the new title alone',
      },
    );
    await tell('alert.resolved', { fingerprint: 'fp-title', title: 'Error rate above 12' });
    await until(async () => (await firing('fp-title')).length === 0, { what: 'the end of it' });
  });

  it('sees a test for a quarter of an hour', async () => {
    expect(await tell('channel.test', { fingerprint: 'test', title: 'Test of the channel' })).toMatchObject({
      kind: 'delivered',
      detail: expect.stringMatching(/^HTTP 200 in \d+ ms$/),
    });
    const [shown] = await until(async () => (await firing('test')).length === 1 && firing('test'), {
      what: 'the test',
    });
    expect(Date.parse(shown?.endsAt ?? '') - Date.now()).toBeLessThan(16 * 60_000);
  });

  it('takes every text that tries to be more than text', async () => {
    const outcomes = [];
    for (const [i, payload] of [...PAYLOADS, '\ud800 alone', 'Überlauf ☂ 火'].entries())
      outcomes.push(
        await tell('alert.opened', {
          fingerprint: `fp-hostile-${i}`,
          title: payload,
          description: payload,
          project: payload,
          service: payload,
        }),
      );
    expect(outcomes.filter(({ kind }) => kind !== 'delivered')).toEqual([]);
    await until(
      async () =>
        (await there.alerts()).filter(({ labels }) => labels.fingerprint?.startsWith('fp-hostile')).length ===
        outcomes.length,
      { what: 'all of them' },
    );
  });
});
