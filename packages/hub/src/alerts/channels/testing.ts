import { type AlertNotification, ChannelDeclaration } from '@orrery/protocol';
import { startGrafana } from '../../../../../test/services/grafana.ts';
import { type Received, type Receiver, startReceiver } from '../../../../../test/services/receiver.ts';
import { type SmtpService, startSmtp } from '../../../../../test/services/smtp.ts';
import { openOutbound } from '../testing.ts';
import type { ChannelKind, Outgoing, SendContext } from './channel.ts';

export const notification = (alert: Partial<AlertNotification['alert']> = {}): AlertNotification => ({
  type: alert.status === 'resolved' ? 'alert.resolved' : 'alert.opened',
  at: '2026-11-21T04:00:00.000Z',
  alert: {
    id: 'alr_01kaj2q9zv0000000000000000',
    project: 'veria',
    service: 'api',
    severity: 'critical',
    category: 'performance',
    title: 'Error rate above 5',
    description: 'performance.error_rate is 7.2, above 5 for 1 m',
    recommendation: 'Look at the last deploy.',
    autoFixable: false,
    status: 'open',
    fingerprint: 'fp-1',
    occurrences: 3,
    createdAt: '2026-11-21T03:58:30.000Z',
    lastSeenAt: '2026-11-21T04:00:00.000Z',
    ...alert,
  },
});

export const outgoing = (told: AlertNotification = notification(), more: Partial<Outgoing> = {}): Outgoing => ({
  id: 'dlv_01kaj2q9zv0000000000000001',
  body: JSON.stringify(told),
  notification: told,
  possibleRepeat: false,
  notes: [],
  ...more,
});

export const sendContext = (more: Partial<SendContext> = {}): SendContext => ({
  outbound: openOutbound(),
  publicUrl: 'https://orrery.example',
  now: Date.now(),
  timeoutMs: 2000,
  signal: new AbortController().signal,
  ...more,
});

/** What arrived at the far end of a channel: its id, and every piece of text that people or programs are shown. */
export type Arrival = { id: string; possibleRepeat: boolean; shown: string; raw: string };
/** Takes, hangs, has trouble, says no; over HTTP also: asks to be left alone for 7 s, is gone for good. */
export type Behaviour = 'take' | 'hang' | 'later' | 'never' | 'busy' | 'gone';
export type FarEnd = {
  /** Programs read ids and times as they are; people get a link and sentences. */
  reader: 'person' | 'program';
  /** How a repeat is known: by its id, by words alone, or because the receiver has it already and is not told again. */
  repeats: 'by id' | 'by words' | 'by looking';
  declaration: ChannelDeclaration;
  arrivals(): Arrival[];
  behave(next: Behaviour): void;
  close(): Promise<void>;
};

const SLACK_SECRET = 'T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';
export const SECRETS = [
  SLACK_SECRET,
  'XXXXXXXXXXXXXXXXXXXXXXXX',
  'hook-path-secret',
  'query-secret',
  'smtp-password',
  'a-signing-secret-of-24-bytes',
  'am-password',
  Buffer.from('hub:am-password').toString('base64'),
  'grafana-token',
  'header-secret',
];

const STATUS = { take: 200, later: 500, never: 400, busy: 429, gone: 410 } as const;
const headersOf = (next: Behaviour) => (next === 'busy' ? { 'retry-after': '7' } : {});
const INNER = 'secret inner answer';
const httpBehaviour = (receiver: Receiver) => (next: Behaviour) =>
  receiver.answer(next === 'hang' ? 'hang' : { status: STATUS[next], headers: headersOf(next), body: INNER });

const httpArrival = ({ body, headers }: Received): Arrival => ({
  id: String(headers['orrery-delivery']),
  possibleRepeat: headers['orrery-possible-repeat'] === 'true',
  shown: slackTexts(JSON.parse(body)).join('\n'),
  raw: body,
});

/** What people see of HTML: its text, and where its links lead. */
export const decodeHtml = (html = ''): string =>
  html
    .replace(/<a href="([^"]*)">/g, '\n$1\n')
    .replace(/<[^>]*>/g, '\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/** Undoes what Slack asks senders to do. */
export const unescapeSlack = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** All texts of a Slack message. */
export function slackTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(slackTexts);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(slackTexts) : [];
}

/** The far end of each kind of channel: a real server, and how to read what it took. */
export const FAR_ENDS = {
  async slack() {
    const receiver = await startReceiver();
    const url = receiver.url.replace('/hook', `/services/${SLACK_SECRET}`);
    return {
      reader: 'person',
      repeats: 'by words',
      declaration: ChannelDeclaration.parse({ name: 'chat', kind: 'slack', url }),
      arrivals: () =>
        receiver.taken().map(({ body }) => {
          const shown = slackTexts(JSON.parse(body)).map(unescapeSlack).join('\n');
          return { id: '', possibleRepeat: shown.includes('may be a repeat'), shown, raw: body };
        }),
      behave: httpBehaviour(receiver),
      close: receiver.close,
    };
  },
  async webhook() {
    const receiver = await startReceiver();
    const url = receiver.url.replace('/hook', '/hook-path-secret?token=query-secret');
    const secret = 'a-signing-secret-of-24-bytes';
    return {
      reader: 'program',
      repeats: 'by id',
      declaration: ChannelDeclaration.parse({ name: 'hook', kind: 'webhook', url, secret }),
      arrivals: () =>
        receiver.taken().map(({ body, headers }) => ({
          id: String(headers['webhook-id']),
          possibleRepeat: headers['orrery-possible-repeat'] === 'true',
          shown: slackTexts(JSON.parse(body)).join('\n'),
          raw: body,
        })),
      behave: httpBehaviour(receiver),
      close: receiver.close,
    };
  },
  async email() {
    const smtp = await startSmtp();
    const smtpUrl = smtp.url.replace('smtp://', 'smtp://mailer:smtp-password@');
    return {
      reader: 'person',
      repeats: 'by id',
      // The server offers no sign-in: the account in the URL is there to be kept secret.
      declaration: ChannelDeclaration.parse({
        name: 'mail',
        kind: 'email',
        smtpUrl,
        to: ['ops@example.com', 'boss@example.com'],
      }),
      arrivals: () =>
        smtp.mails.map(({ headers, text, raw }) => ({
          id: (headers['message-id'] ?? '').replace(/^<|@.*$/g, ''),
          possibleRepeat: headers['x-orrery-possible-repeat'] === 'true',
          shown: `${headers.subject}\n${text}`,
          raw,
        })),
      behave: (next) => smtp.behave(smtpBehaviour(next)),
      close: smtp.close,
    };
  },
  async alertmanager() {
    const receiver = await startReceiver();
    const declaration = ChannelDeclaration.parse({
      name: 'handoff',
      kind: 'alertmanager',
      url: receiver.url.replace('/hook', '/hook-path-secret/api/v2/alerts'),
      basicAuth: { username: 'hub', password: 'am-password' },
      labels: { team: 'payments' },
    });
    const behave = (next: Behaviour) =>
      receiver.answer(({ body }) =>
        next === 'hang'
          ? 'hang'
          : { status: STATUS[next], headers: headersOf(next), body: body === '' && next === 'take' ? '[]' : INNER },
      );
    behave('take');
    return {
      reader: 'program',
      repeats: 'by id',
      declaration,
      arrivals: () =>
        receiver
          .taken()
          .filter(({ body }) => body !== '')
          .map(httpArrival),
      behave,
      close: receiver.close,
    };
  },
  async grafana() {
    const service = await startGrafana('grafana-token');
    return {
      reader: 'person',
      repeats: 'by looking',
      declaration: ChannelDeclaration.parse({
        name: 'boards',
        kind: 'grafana',
        url: service.url,
        token: 'grafana-token',
        dashboardUid: 'fleet',
      }),
      arrivals: () =>
        service.changes.map(({ body, headers }) => ({
          id: String(headers['orrery-delivery']),
          possibleRepeat: headers['orrery-possible-repeat'] === 'true',
          shown: decodeHtml(slackTexts(JSON.parse(body)).join('\n')),
          raw: body,
        })),
      behave: (next) => service.behave(next === 'take' ? undefined : next === 'hang' ? 'hang' : STATUS[next]),
      close: service.close,
    };
  },
  async template() {
    const receiver = await startReceiver();
    const declaration = ChannelDeclaration.parse({
      name: 'chat-bot',
      kind: 'template',
      url: receiver.url.replace('/hook', '/hook-path-secret?token=query-secret'),
      headers: { 'x-api-key': 'header-secret' },
      body: '{"content": "{{subject}}\\n{{notes}}", "link": "{{link}}", "open": {{{alert}}}, "service": "{{alert.service}}", "tags": {{{project.tags}}}}',
      secret: 'a-signing-secret-of-24-bytes',
    });
    return {
      reader: 'program',
      repeats: 'by id',
      declaration,
      arrivals: () => receiver.taken().map(httpArrival),
      behave: httpBehaviour(receiver),
      close: receiver.close,
    };
  },
} satisfies { [K in ChannelKind]: () => Promise<FarEnd> };

const smtpBehaviour = (next: Behaviour): Parameters<SmtpService['behave']>[0] => {
  if (next === 'later' || next === 'busy') return { refuse: 451 };
  return next === 'never' || next === 'gone' ? { refuse: 554 } : next;
};
