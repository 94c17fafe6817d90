import { ChannelDeclaration } from '@orrery/protocol';
import { verifyBody } from '@orrery/protocol/signing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../../../../../test/services/receiver.ts';
import { type SmtpService, startSmtp } from '../../../../../test/services/smtp.ts';
import { sendThrough } from './index.ts';
import { oneLine } from './message.ts';
import { PAYLOADS } from './payloads.ts';
import { notification, outgoing, sendContext, slackTexts, unescapeSlack } from './testing.ts';

/** The payload in every text that a product can choose. */
const everywhere = (payload: string) =>
  notification({
    title: payload,
    description: `${payload} is 7.2, above 5`,
    recommendation: payload,
    project: payload,
    service: payload,
    status: 'resolved',
    resolvedAt: '2026-11-21T04:03:30.000Z',
    resolvedBy: payload,
  });
const tags = (html = '') => html.replaceAll('<br>', '').match(/<[^>]*>/g) ?? [];
const decodeHtml = (html = '') =>
  html
    .replace(/<[^>]*>/g, '\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

describe('sixty and more texts that try to be more than text', () => {
  let smtp: SmtpService;
  let receiver: Receiver;
  const secret = 'a-signing-secret-of-24-bytes';
  const idOf = (index: number) => `dlv_payload${index}`;

  beforeAll(async () => {
    smtp = await startSmtp();
    receiver = await startReceiver();
    const channels = [
      ChannelDeclaration.parse({ name: 'mail', kind: 'email', smtpUrl: smtp.url, to: ['ops@example.com'] }),
      ChannelDeclaration.parse({ name: 'chat', kind: 'slack', url: `${receiver.url}/slack` }),
      ChannelDeclaration.parse({ name: 'hook', kind: 'webhook', url: `${receiver.url}/webhook`, secret }),
    ];
    const texts = [...PAYLOADS, 'harmless'];
    for (const channel of channels) {
      const sent = texts.map((payload, i) => {
        const url = 'url' in channel ? { url: `${channel.url}/${i}` } : {};
        return sendThrough(
          { ...channel, ...url },
          outgoing(everywhere(payload), { id: idOf(i) }),
          sendContext({ timeoutMs: 20_000 }),
        );
      });
      for (const outcome of await Promise.all(sent)) expect(outcome).toMatchObject({ kind: 'delivered' });
    }
  }, 30_000);
  afterAll(async () => {
    await smtp.close();
    await receiver.close();
  });
  const mail = (index: number) => smtp.mails.find(({ headers }) => headers['x-orrery-delivery'] === idOf(index));
  const posted = (kind: 'slack' | 'webhook', index: number) =>
    receiver.received.find(({ path }) => path.endsWith(`/${kind}/${index}`));
  const cases = PAYLOADS.map((payload, index) => ({ payload, index }));

  it('are sixty and more', () => expect(new Set(PAYLOADS).size).toBeGreaterThanOrEqual(60));

  it.each(cases)('$payload arrives in a mail as text', ({ payload, index }) => {
    const arrived = mail(index);
    expect(tags(arrived?.html)).toEqual(tags(mail(PAYLOADS.length)?.html));
    expect(decodeHtml(arrived?.html)).toContain(oneLine(payload, 200));
    expect(arrived?.text).toContain(oneLine(payload, 200));
    expect(arrived?.to).toEqual(['ops@example.com']);
    expect(arrived?.headers.subject).toContain(`: ${oneLine(payload, 200)}`);
    expect(Object.keys(arrived?.headers ?? {}).sort()).toEqual([
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'in-reply-to',
      'message-id',
      'mime-version',
      'references',
      'subject',
      'to',
      'x-auto-response-suppress',
      'x-orrery-delivery',
    ]);
    const visible = (arrived?.headers.subject ?? '') + (arrived?.text ?? '').replaceAll('\r', '').replaceAll('\n', '');
    // Nothing that hides, turns the reading direction or starts a line of its own.
    expect(visible).not.toMatch(/[\p{Cc}\u2028\u2029\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u);
  });

  it.each(cases)('$payload arrives in Slack as text', ({ payload, index }) => {
    const message = JSON.parse(posted('slack', index)?.body ?? '');
    expect(message).toMatchObject({ mrkdwn: false, unfurl_links: false, unfurl_media: false });
    const markup: unknown[] = [];
    const literal: string[] = [message.text, message.attachments[0].fallback];
    JSON.stringify(message.attachments, (_, value) => {
      if (value?.type === 'mrkdwn') markup.push(value.text);
      if (value?.type === 'plain_text') literal.push(value.text);
      return value;
    });
    expect(markup).toEqual(['<https://orrery.example/alerts?alert=alr_01kaj2q9zv0000000000000000|Open in Orrery>']);
    for (const text of literal) expect(text.replaceAll(/&(amp|lt|gt);/g, '')).not.toMatch(/[<>&]/);
    expect(literal.map(unescapeSlack).join('\n')).toContain(oneLine(payload, 200));
    // No other text of the message carries it.
    const carrying = slackTexts(message).filter((text) => unescapeSlack(text).includes(oneLine(payload, 200)));
    for (const text of carrying) expect(literal).toContain(text);
  });

  it.each(cases)('$payload arrives at a webhook letter by letter, signed', ({ payload, index }) => {
    const arrived = posted('webhook', index);
    const headers = new Headers(arrived?.headers as Record<string, string>);
    expect(JSON.parse(arrived?.body ?? '')).toEqual(everywhere(payload));
    expect(verifyBody([secret], headers, arrived?.body ?? '', new Date())).toMatchObject({ ok: true });
  });
});
