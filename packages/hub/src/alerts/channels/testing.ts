import { type AlertNotification, ChannelDeclaration } from '@orrery/protocol';
import { type Receiver, startReceiver } from '../../../../../test/services/receiver.ts';
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
export type FarEnd = {
  declaration: ChannelDeclaration;
  arrivals(): Arrival[];
  behave(next: 'take' | 'hang' | 'later' | 'never'): void;
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
];

const httpBehaviour = (receiver: Receiver) => (next: 'take' | 'hang' | 'later' | 'never') =>
  receiver.answer(
    next === 'hang' ? 'hang' : { status: { take: 200, later: 500, never: 400 }[next], body: 'secret inner answer' },
  );

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
} satisfies { [K in ChannelKind]: () => Promise<FarEnd> };

const smtpBehaviour = (next: 'take' | 'hang' | 'later' | 'never'): Parameters<SmtpService['behave']>[0] =>
  next === 'later' ? { refuse: 451 } : next === 'never' ? { refuse: 554 } : next;
