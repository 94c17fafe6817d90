import { type AlertNotification, ChannelDeclaration } from '@orrery/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GrafanaService, startGrafana } from '../../../../../test/services/grafana.ts';
import { sendThrough } from './index.ts';
import { PAYLOADS } from './payloads.ts';
import { decodeHtml, notification, outgoing, sendContext } from './testing.ts';

describe("a mark on Grafana's dashboards", () => {
  let grafana: GrafanaService;
  beforeEach(async () => {
    grafana = await startGrafana('grafana-token');
  });
  afterEach(() => grafana.close());
  const declaration = (more: object = {}) =>
    ChannelDeclaration.parse({ name: 'boards', kind: 'grafana', url: grafana.url, token: 'grafana-token', ...more });
  const over = notification({ status: 'resolved', resolvedAt: '2026-11-21T04:03:30.000Z', resolvedBy: 'ann' });
  const reminder: AlertNotification = { ...notification(), type: 'alert.reminder' };
  const tell = (told: AlertNotification, more: object = {}) =>
    sendThrough(declaration(more), outgoing(told), sendContext());

  it('stands where the alert began and becomes a span when it is over', async () => {
    await tell(notification(), { dashboardUid: 'fleet', tags: ['orrery', 'prod'] });
    const mark = {
      id: 1,
      dashboardUID: 'fleet',
      time: Date.parse('2026-11-21T03:58:30.000Z'),
      tags: ['orrery', 'prod', 'veria', 'api', 'critical', 'alr_01kaj2q9zv0000000000000000'],
    };
    expect(grafana.annotations).toEqual([{ ...mark, timeEnd: mark.time, text: expect.any(String) }]);
    expect(await tell(over, { dashboardUid: 'fleet', tags: ['orrery', 'prod'] })).toMatchObject({ kind: 'delivered' });
    expect(grafana.annotations).toEqual([
      { ...mark, timeEnd: Date.parse('2026-11-21T04:03:30.000Z'), text: expect.stringContaining('[resolved]') },
    ]);
  });

  it('is made once, however often it is told', async () => {
    await tell(notification());
    expect(await tell(reminder)).toEqual({ kind: 'delivered', detail: 'it is marked there already' });
    expect(grafana.annotations).toHaveLength(1);
  });

  it('is a whole span where nobody was told of the beginning', async () => {
    await tell(over);
    expect(grafana.annotations).toMatchObject([
      { time: Date.parse('2026-11-21T03:58:30.000Z'), timeEnd: Date.parse('2026-11-21T04:03:30.000Z') },
    ]);
  });

  it('stands below a path, and is refused without the right token', async () => {
    const url = `${grafana.url}/grafana/`;
    expect(await tell(notification(), { url })).toMatchObject({ kind: 'refused', detail: 'HTTP 404' });
    expect(await tell(notification(), { token: 'another' })).toMatchObject({ kind: 'refused', detail: 'HTTP 401' });
  });

  it('holds every hostile text as text, with one link of ours', async () => {
    for (const payload of [...PAYLOADS, '\ud800'])
      expect(await tell(notification({ title: payload, project: payload, description: payload }))).toMatchObject({
        kind: 'delivered',
      });
    for (const [i, { text }] of grafana.annotations.entries()) {
      expect(text.replaceAll('<br>', '').match(/<[^>]*>/g)).toEqual([
        '<a href="https://orrery.example/alerts?alert=alr_01kaj2q9zv0000000000000000">',
        '</a>',
      ]);
      const plain = PAYLOADS[i]?.split(/\s/)[0] ?? '';
      if (/^[\x21-\x7e]+$/.test(plain)) expect(decodeHtml(text)).toContain(plain);
    }
  });
});
